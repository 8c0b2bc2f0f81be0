"""What happens to a tab. Every verb names the revision it saw, re-prices from scratch, re-holds the stock and returns
the tab with what stands in its way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.catalog.services import pricing, promotions
from apps.crm.models import Address, Customer
from apps.inventory.models import Location
from apps.inventory.services import holds
from apps.orders.errors import BadQuantity, HandleTaken, NotSellable, ReasonMissing, SessionClosed
from apps.orders.models import Channel, OrderSession, SessionLine
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import carts, expiry, places
from apps.orders.selectors.carts import Cart
from apps.orders.services.line_quantity import Wanted, take
from apps.orders.services.line_quantity import checked as _quantity
from backoffice.kernel import clock, rows, state
from backoffice.kernel.audit import current_actor
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.errors import DomainError
from backoffice.kernel.locks import whole, whole_after

_OPENED = Compiled(
    lambda pk: OrderSession.objects.select_for_update(of=("self",)).select_related("channel", "customer").filter(pk=pk)
)


@dataclass(frozen=True)
class _New:
    """A tab and its first lines, priced and not written yet."""

    session: OrderSession
    lines: list[SessionLine]
    quote: pricing.Quote
    locations: list[Location]


def _drawn_up(
    *,
    channel: Channel,
    handle: str = "",
    customer: Customer | None = None,
    needed_at: datetime | None = None,
    fulfilment: str = Fulfilment.PICKUP,
    notes: str = "",
    wanted: Sequence[Wanted] = (),
) -> _New:
    if not channel.is_active:
        raise DomainError(_("%(channel)s is closed.") % {"channel": channel})
    session = OrderSession(
        channel=channel,
        handle=handle.strip(),
        customer=customer,
        needed_at=needed_at,
        fulfilment=fulfilment,
        notes=notes.strip(),
        opened_by=_person(),
    )
    lines: list[SessionLine] = []
    take(session, lines, wanted)
    quote = pricing.quote(carts.priced_lines(lines), carts.pricing_context(session))
    return _New(session, lines, quote, places.of_channel(channel) if lines else [])


@whole_after(_drawn_up)
def open(
    new: _New,
    *,
    channel: Channel,
    handle: str = "",
    customer: Customer | None = None,
    needed_at: datetime | None = None,
    fulfilment: str = Fulfilment.PICKUP,
    notes: str = "",
    wanted: Sequence[Wanted] = (),
) -> Cart:
    """A new tab, with the first products when some are wanted. Raises HandleTaken when an open tab of the channel has
    the name already, and what `add_lines` raises; then there is no tab."""
    session, lines = new.session, new.lines
    if session.handle:
        # The channel's row is the lock: of two at once that want the same name, the second sees the first one's tab.
        Channel.objects.select_for_update().get(pk=channel.pk)
        if OrderSession.objects.open().filter(channel=channel, handle=session.handle).exists():
            raise HandleTaken(session.handle)
    _reckon(session, lines, new.quote)
    rows.insert([session])
    for line in lines:
        line.session = session
    rows.insert(lines)
    kept = _hold(session, lines, holds.place, new.locations) if lines else {}
    return carts.build(session, lines, pricing.renamed(new.quote, [line.pk for line in lines]), kept)


def add_line(
    session: OrderSession, *, product: Product, quantity: Decimal = Decimal(1), revision: int, note: str = ""
) -> Cart:
    """More of a product; see `add_lines`."""
    return add_lines(session, wanted=[Wanted(product, quantity, note)], revision=revision)


@whole
def add_lines(session: OrderSession, *, wanted: Sequence[Wanted], revision: int) -> Cart:
    """More of several products at once. Each joins the line that has the same note and no price by hand.

    Raises NotSellable, BadQuantity, NoPrice, SessionClosed, StaleRevision; then none of them is added.
    """
    session = _opened(session, revision)
    lines = carts.lines_of(session)
    rows.save_all(take(session, lines, wanted), ("quantity",))
    rows.insert([line for line in lines if line.pk is None])
    return _settle(session, lines)


@whole
def set_quantity(session: OrderSession, *, line: int, quantity: Decimal, revision: int) -> Cart:
    """This much of the line; nothing removes it. Raises BadQuantity, SessionClosed, StaleRevision."""
    session = _opened(session, revision)
    lines = carts.lines_of(session)
    found = _line(lines, line)
    if quantity == 0:
        return _drop(session, lines, found)
    found.quantity = _quantity(found.product, quantity)
    rows.save(found, ("quantity",))
    return _settle(session, lines)


@whole
def remove_line(session: OrderSession, *, line: int, revision: int) -> Cart:
    """The line goes, and its stock is free again. Raises SessionClosed, StaleRevision."""
    session = _opened(session, revision)
    lines = carts.lines_of(session)
    return _drop(session, lines, _line(lines, line))


@whole
def replace_product(session: OrderSession, *, line: int, product: Product, revision: int) -> Cart:
    """Another product instead, in the same quantity. Raises NotSellable, NoPrice, SessionClosed, StaleRevision."""
    session = _opened(session, revision)
    if not (product.is_active and product.is_sellable):
        raise NotSellable(product)
    lines = carts.lines_of(session)
    found = _line(lines, line)
    same = next(
        (
            other
            for other in lines
            if other.product_id == product.pk and other.price_override is None and not other.note
        ),
        None,
    )
    if same is not None and same.pk != found.pk:
        same.quantity = _quantity(product, same.quantity + found.quantity)
        same.save(update_fields=["quantity"])
        return _drop(session, lines, found)
    found.product = product
    found.quantity = _quantity(product, found.quantity)
    found.price_override, found.override_reason, found.override_by = None, "", None
    found.save(update_fields=["product", "quantity", "price_override", "override_reason", "override_by"])
    return _settle(session, lines)


@whole
def override_price(session: OrderSession, *, line: int, price: Decimal | None, reason: str = "", revision: int) -> Cart:
    """A unit price by hand, with the reason that the order will keep; None takes the list's price again.

    Raises ReasonMissing, PriceRefused for a negative price, SessionClosed, StaleRevision.
    """
    session = _opened(session, revision)
    lines = carts.lines_of(session)
    found = _line(lines, line)
    if price is not None and not reason.strip():
        raise ReasonMissing
    if price is not None and price < 0:
        raise BadQuantity(_("A price is not below zero."), field="price")
    found.price_override = price
    found.override_reason = reason.strip() if price is not None else ""
    found.override_by = _person() if price is not None else None
    found.save(update_fields=["price_override", "override_reason", "override_by"])
    return _settle(session, lines)


@whole
def set_customer(session: OrderSession, *, customer: Customer | None, revision: int) -> Cart:
    """Who buys; their own price list counts from now on. Raises SessionClosed, StaleRevision."""
    session = _opened(session, revision)
    session.customer = customer
    if session.address_id and (customer is None or session.address.customer_id != customer.pk):  # type: ignore[union-attr]
        session.address = None
    return _settle(session, carts.lines_of(session), "customer", "address")


@whole
def set_needed_at(session: OrderSession, *, needed_at: datetime | None, revision: int) -> Cart:
    """When the goods are wanted; None is now. Raises DomainError for the past or a channel without pre-orders."""
    session = _opened(session, revision)
    _check_time(session, needed_at)
    session.needed_at = needed_at
    return _settle(session, carts.lines_of(session), "needed_at")


@whole
def set_fulfilment(
    session: OrderSession, *, fulfilment: str, address: Address | None = None, notes: str | None = None, revision: int
) -> Cart:
    """How the goods reach the customer. Raises DomainError for a delivery without the customer's address."""
    session = _opened(session, revision)
    _set_way(session, fulfilment, address)
    if notes is not None:
        session.notes = notes.strip()
    return _settle(session, carts.lines_of(session), "fulfilment", "address", "notes")


@whole
def arrange(
    session: OrderSession,
    *,
    handle: str,
    needed_at: datetime | None,
    fulfilment: str,
    address: Address | None = None,
    notes: str = "",
    revision: int,
) -> Cart:
    """The tab's name, when the goods are wanted, and how they reach the customer.

    Raises HandleTaken, DomainError for a time that is over or a delivery without the customer's address,
    SessionClosed, StaleRevision.
    """
    Channel.objects.select_for_update().get(pk=session.channel_id)
    session = _opened(session, revision)
    handle = handle.strip()
    others = OrderSession.objects.open().filter(channel=session.channel_id, handle=handle).exclude(pk=session.pk)
    if handle and others.exists():
        raise HandleTaken(handle)
    if needed_at != session.needed_at:
        _check_time(session, needed_at)
    _set_way(session, fulfilment, address)
    session.handle, session.needed_at, session.notes = handle, needed_at, notes.strip()
    return _settle(session, carts.lines_of(session), "handle", "needed_at", "fulfilment", "address", "notes")


@whole
def apply_coupon(session: OrderSession, *, code: str, revision: int) -> Cart:
    """A code that opens a promotion; an empty one takes it off again. It is used up when the order is sealed.

    Raises CouponRefused, which says why the code counts for nothing, SessionClosed, StaleRevision.
    """
    session = _opened(session, revision)
    session.coupon = promotions.check_coupon(code).code if code.strip() else ""
    return _settle(session, carts.lines_of(session), "coupon")


@whole
def renew(session: OrderSession, *, revision: int) -> Cart:
    """Keep the stock again, for as long as the channel says. Raises SessionClosed, StaleRevision."""
    session = _opened(session, revision)
    return _settle(session, carts.lines_of(session))


@whole
def preorder_rest(session: OrderSession, *, line: int, revision: int, needed_at: datetime | None = None) -> Cart:
    """Take what is there now, and open a tab for the rest, wanted tomorrow (or when said). Returns the first tab.

    Raises DomainError when nothing of the line is missing or the channel takes no pre-orders.
    """
    cart = carts.read(_opened(session, revision))
    entry = next((entry for entry in cart.lines if entry.line.pk == line), None)
    if entry is None or not entry.short:
        raise DomainError(_("Nothing is missing on this line any more."))
    when = needed_at or carts.tomorrow(clock.now())
    day = date_format(clock.local(when), "SHORT_DATE_FORMAT")
    handle = _("%(tab)s, for %(day)s") % {"tab": cart.session, "day": day}
    handle = handle[:40]
    rest = (
        OrderSession.objects.open().filter(channel=session.channel_id, handle=handle).first()
        or open(
            channel=cart.session.channel, handle=handle, customer=cart.session.customer, needed_at=when,
            notes=_("From %(tab)s") % {"tab": cart.session},
        ).session
    )  # fmt: skip
    add_line(rest, product=entry.line.product, quantity=entry.short, revision=rest.revision, note=entry.line.note)
    return set_quantity(session, line=line, quantity=entry.held, revision=revision)


@whole
def abandon(session: OrderSession, *, revision: int) -> OrderSession:
    """Give the tab up; its stock is free again. Raises SessionClosed, StaleRevision."""
    session = _opened(session, revision)
    holds.release_for(session)
    return state.advance(session, OrderSession.Status.ABANDONED, revision=revision)


def hold_lines(session: OrderSession, lines: list[SessionLine]) -> list[holds.HoldLine]:
    """What the tab wants kept: one line a stocked product."""
    products = {line.product_id: line.product for line in lines}
    demand = carts.demand(lines)
    if inside := demand.keys() - products.keys():  # what bundles are made of
        products |= Product.objects.select_related("unit").in_bulk(inside)
    day = expiry.good_until(session)
    return [
        holds.HoldLine(product=products[product_id], quantity=quantity, needed_on=day)
        for product_id, quantity in demand.items()
    ]


def _opened(session: OrderSession, revision: int) -> OrderSession:
    found = next(iter(_OPENED(session.pk)), None)
    if found is None:
        raise OrderSession.DoesNotExist(str(session.pk))
    if found.status != OrderSession.Status.OPEN:
        raise SessionClosed(found)
    state.check_revision(found, revision)
    return found


def _settle(session: OrderSession, lines: list[SessionLine], *changed: str) -> Cart:
    """Price and hold from scratch, and save the tab as its next revision."""
    quote = pricing.quote(carts.priced_lines(lines), carts.pricing_context(session))
    _reckon(session, lines, quote)
    kept = _hold(session, lines, holds.replace)
    session.revision += 1
    rows.save(session, ("total", "units", "expires_at", "revision", *changed))
    return carts.build(session, lines, quote, kept)


def _reckon(session: OrderSession, lines: Sequence[SessionLine], quote: pricing.Quote) -> None:
    session.expires_at = clock.now() + timedelta(minutes=session.channel.hold_minutes) if lines else None
    session.total = quote.total
    session.units = sum((line.quantity for line in lines), Decimal(0))


def _hold(
    session: OrderSession,
    lines: list[SessionLine],
    keep: Callable[..., list[holds.Hold]],
    locations: Sequence[Location] | None = None,
) -> dict[int, Decimal]:
    """Have what the tab wants kept, as far as it is there (at the channel's places, unless they are known). Returns
    that, by product."""
    wanted = hold_lines(session, lines)
    if not wanted:
        holds.release_for(session)
        return {}
    if locations is None:
        locations = places.of_channel(session.channel)
    return holds.backed(
        keep(origin=session, lines=wanted, locations=locations, expires_at=session.expires_at, partial=True)
    )


def _check_time(session: OrderSession, needed_at: datetime | None) -> None:
    if needed_at is None:
        return
    if needed_at <= clock.now():
        raise DomainError(_("That time is over."), field="needed_at")
    if not session.channel.preorder:
        raise DomainError(_("%(channel)s takes no pre-orders.") % {"channel": session.channel}, field="needed_at")


def _set_way(session: OrderSession, fulfilment: str, address: Address | None) -> None:
    if fulfilment not in Fulfilment.values:
        raise DomainError(_("Choose how the goods reach the customer."), field="fulfilment")
    if fulfilment == Fulfilment.DELIVERY:
        if session.customer is None:
            raise DomainError(_("A delivery needs a customer."), field="fulfilment")
        if address is None or address.customer_id != session.customer_id:
            raise DomainError(_("A delivery needs an address of the customer."), field="address")
    session.fulfilment = fulfilment
    session.address = address if fulfilment == Fulfilment.DELIVERY else None


def _drop(session: OrderSession, lines: list[SessionLine], line: SessionLine) -> Cart:
    SessionLine.objects.filter(pk=line.pk).delete()
    return _settle(session, [other for other in lines if other.pk != line.pk])


def _line(lines: list[SessionLine], pk: int) -> SessionLine:
    found = next((line for line in lines if line.pk == pk), None)
    if found is None:
        raise DomainError(_("This line is no longer on the tab."))
    return found


def _person() -> Any:
    user = current_actor().user
    return user if getattr(user, "pk", None) else None
