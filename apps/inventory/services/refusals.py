"""What a refusal has to look up: who closed a place, who blocked a lot. Read only when something is refused."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BookMoved, HoldResolved, LocationInUse, LotNotUsable, LotStateKept, PlaceClosed
from apps.inventory.models import Hold, Location, Lot, StockBalance
from apps.inventory.selectors import ways
from backoffice.kernel import clock
from backoffice.kernel.errors import Remedy
from backoffice.kernel.quantity import format_quantity

ZERO = Decimal(0)


def amount_of(product: Product, quantity: Decimal) -> str:
    """For example: 12 kg of Flour."""
    return _("%(quantity)s of %(product)s") % {
        "quantity": format_quantity(quantity, product.unit.code),
        "product": product.name,
    }


def amounts(parts: Sequence[tuple[Product, Decimal]]) -> str:
    """The first of several amounts, and how many more."""
    first = amount_of(*parts[0])
    return first if len(parts) == 1 else _("%(first)s and %(count)s more") % {"first": first, "count": len(parts) - 1}


def closed_place(place: Location, parts: Sequence[tuple[Product, Decimal]]) -> PlaceClosed:
    """Stock would be brought to a place that is closed: which, since when and by whom, and what should have come."""
    since, who = _since(place, is_active=False)
    return PlaceClosed(
        _("%(place)s is closed%(since)s: %(amount)s cannot come there. Choose another place, or open it again.")
        % {"place": place.name, "since": _words(since, who), "amount": amounts(parts)},
        field="destination",
        remedies=[Remedy(_("Look at %(place)s") % {"place": place.name}, url=place.get_absolute_url())],
    )


def book_moved(lot: Lot, location: Location, *, expected: Decimal, book: Decimal) -> BookMoved:
    """A figure was counted against a book that says something else by now: what it said, what it says, who moved it."""
    unit = lot.product.unit.code
    last = ways.last_of(lot, location)
    text = _(
        "%(product)s at %(place)s: the book said %(before)s when you began and says %(now)s now%(last)s. "
        "Nothing was adjusted; look again, and say what is there now."
    ) % {
        "product": lot.product.name,
        "place": location.name,
        "before": format_quantity(expected, unit),
        "now": format_quantity(book, unit),
        "last": f" ({last})" if last else "",
    }
    return BookMoved(text, book=book)


def not_usable(
    lot: Lot, product: Product, *, asked: Decimal, scope: Sequence[int] | None, on: date, field: str = "lot"
) -> LotNotUsable:
    """A lot that was named is expired or blocked: which, where, how much there is, who blocked it, and what to do."""
    rows = StockBalance.objects.filter(lot=lot)
    if scope is not None:
        rows = rows.filter(location_id__in=scope)
    there = rows.aggregate(total=Sum("quantity"))["total"] or ZERO
    places = ", ".join(rows.order_by("location__name").values_list("location__name", flat=True)[:3]) or _("nowhere")
    told = {
        "lot": lot,
        "product": product.name,
        "places": places,
        "there": format_quantity(there, product.unit.code),
        "asked": format_quantity(asked, product.unit.code),
    }
    if lot.status != Lot.Status.OK:
        since, who = _since(lot, status=lot.status)
        text = _(
            "Lot %(lot)s of %(product)s is blocked%(since)s: %(there)s at %(places)s, %(asked)s asked. "
            "Take another lot, or have it released."
        ) % {**told, "since": _words(since, who)}
    else:
        day = date_format(lot.expires_on, "SHORT_DATE_FORMAT") if lot.expires_on else ""
        text = _(
            "Lot %(lot)s of %(product)s is good until %(day)s: %(there)s at %(places)s, %(asked)s asked for %(on)s. "
            "Take another lot, and write off what is too old."
        )
        if lot.is_usable(clock.today()):
            text = _(
                "Lot %(lot)s of %(product)s is good until %(day)s: %(there)s at %(places)s, %(asked)s asked for "
                "%(on)s. Take another lot, and leave this one to who needs it sooner."
            )
        text %= {**told, "day": day, "on": date_format(on, "SHORT_DATE_FORMAT")}
    return LotNotUsable(text, field=field, remedies=[Remedy(_("Look at the lot"), url=lot.get_absolute_url())])


def kept_state(lot: Lot) -> LotStateKept:
    """A lot is blocked or released twice: which, since when, by whom, why then, and what to do."""
    names = {"lot": lot.label, "product": lot.product.name, "since": since_when(lot, status=lot.status)}
    if lot.status == Lot.Status.OK:
        text = _("Lot %(lot)s of %(product)s is in use%(since)s; nothing was changed. Block it, if it is not good.")
        return LotStateKept(text % names)
    last = lot.history.filter(status=lot.status).order_by("-history_date", "-history_id").first()
    why = f" ({last.history_change_reason})" if last is not None and last.history_change_reason else ""
    text = _(
        "Lot %(lot)s of %(product)s is in the state “%(state)s” already%(since)s%(why)s. Nothing was changed; "
        "release it, if it is good."
    ) % {**names, "state": lot.get_status_display(), "why": why}
    return LotStateKept(text, remedies=[Remedy(_("Look at the lot"), url=lot.get_absolute_url())])


def still_there(place: Location, places: Sequence[int]) -> LocationInUse:
    """A place is to be closed that has something: how much of what, where, and what to do."""
    rows = StockBalance.objects.filter(location_id__in=places, quantity__gt=0).select_related("product__unit")
    by_product: dict[int, tuple[Product, Decimal]] = {}
    where: dict[int, Location] = {}
    for row in rows.select_related("location").order_by("pk"):
        where[row.location_id] = row.location
        before = by_product.get(row.product_id, (row.product, ZERO))[1]
        by_product[row.product_id] = (row.product, before + row.quantity)
    return LocationInUse(
        _("%(place)s still has stock: %(amount)s. Move it away first.")
        % {"place": place.name, "amount": amounts(list(by_product.values()))},
        remedies=[
            Remedy(_("See what is there") if one == place else _("Look at %(place)s") % {"place": one.name},
                   url=one.get_absolute_url())
            for one in list(where.values())[:3]
        ],
    )  # fmt: skip


def resolved(holds: Sequence[int], *, ended_at: Any = None) -> HoldResolved:
    """A hold has ended before: which, for whom, how, when, and what to do. Those of `ended_at` ended just now."""
    rows = Hold.objects.filter(pk__in=holds).exclude(status=Hold.Status.ACTIVE).select_related("product__unit")
    if ended_at is not None:
        rows = rows.exclude(resolved_at=ended_at)
    hold = rows.order_by("pk").first() or Hold.objects.select_related("product__unit").filter(pk__in=holds).first()
    if hold is None:
        return HoldResolved(_("The hold is gone."))
    ended = hold.resolved_at or hold.expires_at
    day = date_format(clock.local(ended), "SHORT_DATETIME_FORMAT") if ended else ""
    text = _(
        "%(amount)s for %(origin)s: the hold is %(status)s%(when)s. Nothing was done; look at what is held of it now."
    ) % {
        "amount": amount_of(hold.product, hold.quantity),
        "origin": hold.origin or hold,
        "status": hold.get_status_display() if hold.resolved_at else _("too old"),
        "when": _(" since %(day)s") % {"day": day} if day else "",
    }
    card = reverse("inventory:product_card", args=[hold.product_id])
    return HoldResolved(text, remedies=[Remedy(_("See the stock"), url=card)])


def since_when(thing: Any, **state: Any) -> str:
    """In words: since when and by whom a record is in a state, as its history knows; "" when it knows nothing."""
    return _words(*_since(thing, **state))


def _since(thing: Any, **state: Any) -> tuple[Any, str]:
    """When the last unbroken run of the state began, and who began it."""
    began = None
    for row in thing.history.select_related("history_user").order_by("-history_date", "-history_id")[:50]:
        if any(getattr(row, name) != value for name, value in state.items()):
            break
        began = row
    if began is None:
        return None, ""
    return began.history_date, began.history_user.name if began.history_user else ""


def _words(since: Any, who: str) -> str:
    if since is None:
        return ""
    day = date_format(clock.local(since), "SHORT_DATE_FORMAT")
    if who:
        return _(" since %(day)s, by %(who)s") % {"day": day, "who": who}
    return _(" since %(day)s") % {"day": day}
