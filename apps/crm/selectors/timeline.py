"""One line of time out of what people wrote, what was bought and what happened to points."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.crm.models import Customer, Interaction, PointMove, PointTransaction, Purchase, PurchaseItem
from backoffice.kernel import clock
from backoffice.outbox.models import Directive

SHOWN = 15


@dataclass(frozen=True)
class Entry:
    """A line of the time line: a bold lead, a text, a link to what caused it, and a second line in small."""

    kind: str
    at: datetime
    icon: str
    text: str
    lead: str = ""
    tone: str = ""
    amount: Decimal | None = None
    origin: Any = None
    small: tuple[str, ...] = ()
    person: Any = None
    day: date = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "day", clock.local(self.at).date())

    @property
    def url(self) -> str:
        """Where the origin can be seen; blank when it has no page."""
        return self.origin.get_absolute_url() if hasattr(self.origin, "get_absolute_url") else ""


@dataclass(frozen=True)
class Timeline:
    """The newest entries, and whether there are older ones."""

    entries: tuple[Entry, ...]
    more: bool


def of(customer: Customer, *, kind: str = "", limit: int = SHOWN) -> Timeline:
    """The newest `limit` entries of a customer; `kind` keeps only "notes", "points" or "purchases".

    What sellers write about an order gives way to the purchase of the same order, which says more.
    """
    entries: list[Entry] = []
    if kind in ("", "notes"):
        entries += _interactions(customer, limit + 1)
    if kind in ("", "points"):
        entries += _points(customer, limit + 1)
    if kind in ("", "purchases"):
        entries += _purchases(customer, limit + 1)
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return Timeline(tuple(entries[:limit]), more=len(entries) > limit)


ICONS = {
    Interaction.Kind.NOTE: "message-square",
    Interaction.Kind.ORDER: "shopping-bag",
    Interaction.Kind.SUPPORT: "life-buoy",
    Interaction.Kind.CAMPAIGN: "mail",
    Interaction.Kind.VISIT: "store",
    Interaction.Kind.COMPLAINT: "triangle-alert",
}


def _interactions(customer: Customer, limit: int) -> list[Entry]:
    bought = Purchase.objects.filter(origin_type=OuterRef("origin_type"), origin_id=OuterRef("origin_id"))
    rows = (
        customer.interactions.exclude(Exists(bought), kind=Interaction.Kind.ORDER)
        .select_related("by")
        .prefetch_related("origin")
        .order_by("-at", "-pk")[:limit]
    )
    return [
        Entry(
            kind="note",
            at=row.at,
            icon=ICONS[Interaction.Kind(row.kind)],
            lead=f"{row.get_kind_display().capitalize()}:",
            text=row.summary,
            tone="w" if row.kind == Interaction.Kind.COMPLAINT else "",
            origin=None if isinstance(row.origin, Directive) else row.origin,  # a job is no document of people's
            person=row.by,
            small=(row.channel,) if row.channel else (),
        )
        for row in rows
    ]


def _points(customer: Customer, limit: int) -> list[Entry]:
    moves = Prefetch("moves", PointMove.objects.select_related("lot").order_by("pk"))
    rows = (
        PointTransaction.objects.filter(account__customer=customer)
        .select_related("by")
        .prefetch_related("origin", moves)
        .order_by("-at", "-pk")[:limit]
    )
    return [_point_entry(row) for row in rows]


def _point_entry(row: PointTransaction) -> Entry:
    kinds = PointTransaction.Kind
    texts = {
        kinds.EARN: _("points earned"),
        kinds.REDEEM: _("points spent"),
        kinds.EXPIRE: _("points expired"),
        kinds.ADJUST: _("points corrected"),
        kinds.REVERSE: _("points taken back") if row.points < 0 else _("points given back"),
    }
    icons = {kinds.REDEEM: "gift", kinds.EXPIRE: "hourglass", kinds.REVERSE: "undo-2", kinds.ADJUST: "pencil"}
    small = [row.reason] if row.reason else []
    expiries = [move.lot.expires_on for move in row.moves.all() if move.lot.expires_on]
    if row.kind == kinds.EARN and expiries:
        small.append(_("expire %(date)s") % {"date": _day(expiries[0])})
    return Entry(
        kind="points",
        at=row.at,
        icon=icons.get(kinds(row.kind), "gem"),
        lead=f"{row.points:+d}".replace("-", "\N{MINUS SIGN}"),
        text=texts[kinds(row.kind)],
        tone="a" if row.points > 0 else "",
        origin=row.origin,
        person=row.by if row.kind == kinds.ADJUST else None,
        small=tuple(small),
    )


def _purchases(customer: Customer, limit: int) -> list[Entry]:
    items = Prefetch("items", PurchaseItem.objects.select_related("product__unit").order_by("pk"))
    rows = customer.purchases.prefetch_related("origin", items).order_by("-at", "-pk")[:limit]
    return [_purchase_entry(row) for row in rows]


def _purchase_entry(row: Purchase) -> Entry:
    names = [item.product.name for item in row.items.all()]
    shown = ", ".join(names[:3])
    if len(names) > 3:
        rest = len(names) - 3
        shown += " " + ngettext("and %(rest)s more", "and %(rest)s more", rest) % {"rest": rest}
    return Entry(
        kind="purchase",
        at=row.at,
        icon="shopping-bag",
        text=_("Bought, taken back") if row.reversed_at else _("Bought"),
        tone="w" if row.reversed_at else "o",
        amount=row.amount,
        origin=row.origin,
        small=tuple(part for part in (row.channel_code, shown) if part),
    )


def _day(day: date) -> str:
    return date_format(day, "SHORT_DATE_FORMAT")
