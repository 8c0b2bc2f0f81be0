"""From a tab to a sealed order, in one transaction: all of it happens, or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.catalog.services import pricing, promotions
from apps.crm.models import Customer
from apps.inventory.models import Hold
from apps.inventory.services import holds
from apps.orders.errors import NothingToOrder, SessionClosed, StillDue, TotalChanged, Unsettled
from apps.orders.models import Channel, Order, OrderLine, OrderSession, SessionLine
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import carts, places
from apps.orders.services import completion, payments, points
from apps.orders.services.payments import Tender
from apps.orders.services.sessions import hold_lines
from backoffice.kernel import audit, clock, idempotency, numbering, rows, state
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.errors import DomainError
from backoffice.kernel.locks import as_seen, lock, whole_after
from backoffice.outbox import directives

SCOPE = "orders.commit"

_TAB = Compiled(lambda pk: OrderSession.objects.select_related("channel", "customer", "address").filter(pk=pk))


@dataclass(frozen=True)
class _Priced:
    """A tab with its lines and their price."""

    session: OrderSession
    lines: list[SessionLine]
    quote: pricing.Quote


def _priced(session: OrderSession) -> _Priced:
    lines = carts.lines_of(session)
    if not lines:
        raise NothingToOrder
    return _Priced(session, lines, pricing.quote(carts.priced_lines(lines), carts.pricing_context(session)))


def _foreseen(
    session: OrderSession,
    *,
    key: str,
    revision: int,
    expected_total: Decimal,
    tenders: Sequence[Tender] = (),
    hand_over: bool = False,
) -> _Priced | None:
    """The tab as it will most likely be sealed. None when it will not: then the reason is told under the lock."""
    found = next(iter(_TAB(session.pk)), None)
    if found is None or found.status != OrderSession.Status.OPEN or found.revision != revision:
        return None
    try:
        return _priced(found)
    except DomainError:
        return None


@whole_after(_foreseen)
def commit(
    seen: _Priced | None,
    session: OrderSession,
    *,
    key: str,
    revision: int,
    expected_total: Decimal,
    tenders: Sequence[Tender] = (),
    hand_over: bool = False,
) -> Order:
    """Seal the tab into an order, with its number, its stock and what was paid at once.

    The same key returns the same order (with other content KeyReused); two keys on one tab still make one order, and
    both callers get it. With `hand_over` the goods leave at once and the order is complete: the sale at the counter.

    Raises StaleRevision, TotalChanged (with both totals), InsufficientStock or Unsettled while an issue blocks,
    NothingToOrder, PaymentRefused, StillDue, SessionClosed for a tab that was given up. Then nothing has happened.
    """
    fingerprint = [session.pk, expected_total, hand_over, *(f"{t.method}={t.amount}" for t in tenders)]
    if done := idempotency.find(scope=SCOPE, key=key, fingerprint=fingerprint):
        return done
    session = lock(session)
    if session.status == OrderSession.Status.COMMITTED:
        # Somebody was faster, with this key or another one: the tab has one order, and this is it.
        return session.order
    if session.status != OrderSession.Status.OPEN:
        raise SessionClosed(session)
    state.check_revision(session, revision)

    # Whoever changes a line writes the tab's next revision.
    tab = seen if seen is not None and as_seen(seen.session, session) else _priced(_TAB(session.pk)[0])
    session, lines, quote = tab.session, tab.lines, tab.quote
    if quote.total != expected_total:
        raise TotalChanged(shown=expected_total, now=quote.total)
    payments.check(tenders, due=quote.total, points=True)
    paid = sum((tender.amount for tender in tenders), Decimal(0))
    if hand_over and paid < quote.total and session.channel.payment_terms != Channel.Terms.ACCOUNT:
        raise StillDue(quote.total - paid)

    order, sealed = _seal(session, lines, quote, paid=paid, hand_over=hand_over)
    moved = _keep_stock(session, lines, order)
    promotions.redeem(quote.uses, reference=promotion_reference(order), customer=session.customer_id)
    points.take(order, tenders)
    payments.record(order, tenders, key=f"commit:{key}")
    if hand_over:
        completion.hand_over(order, sealed, moved)
        completion.complete(order, sealed)
    _issue_directives(order)

    session.status = OrderSession.Status.COMMITTED
    session.revision += 1
    session.total, session.units, session.expires_at = quote.total, order.units, None
    rows.save(session, ("status", "revision", "total", "units", "expires_at"))
    idempotency.remember(scope=SCOPE, key=key, fingerprint=fingerprint, result=order)
    return order


def _keep_stock(session: OrderSession, lines: list[SessionLine], order: Order) -> list[Hold] | None:
    """The tab's holds become the order's, for good; returns them when they were all that is needed. What is missing is
    looked for once more, and may only stay missing where the channel may promise it."""
    wanted = carts.demand(lines)
    if not wanted:
        return []
    moved = holds.transfer(session, to=order)
    kept, now = holds.backed(moved), clock.now()
    promised = {line.product_id for line in lines if carts.promised(session, line.product, now)}
    if all(kept.get(pk, 0) >= quantity for pk, quantity in wanted.items() if pk not in promised):
        return moved
    again = holds.replace(
        origin=order,
        lines=hold_lines(session, lines),
        locations=places.of_channel(session.channel),
        expires_at=None,
        partial=bool(promised),
    )
    kept = holds.backed(again)
    lacking = {pk for pk, quantity in wanted.items() if pk not in promised and kept.get(pk, 0) < quantity}
    short = [line for line in lines if line.product_id in lacking]
    if not short and lacking:
        bundled = [line for line in lines if line.product.kind == Product.Kind.BUNDLE]
        short = [line for line, parts in carts.parts_of(bundled) if lacking & parts.keys()]
    if short:
        raise Unsettled([_("%(product)s is sold out.") % {"product": line.product} for line in short])
    return None


def _seal(
    session: OrderSession, lines: Sequence[SessionLine], quote: pricing.Quote, *, paid: Decimal, hand_over: bool
) -> tuple[Order, list[OrderLine]]:
    now = clock.now()
    channel = session.channel
    priced = {line.key: line for line in quote.lines}
    sealed = [_line(place, line, priced[str(line.pk)]) for place, line in enumerate(lines, start=1)]
    at_once = channel.acceptance == Channel.Acceptance.IMMEDIATE
    # A sale at the counter is complete when it is written down: one row of history, not five.
    status = Order.Status.COMPLETED if hand_over else Order.Status.ACCEPTED if at_once else Order.Status.NEW
    order = Order(
        number=numbering.next_number("order"),
        channel=channel,
        session=session,
        handle=session.handle,
        customer=session.customer,
        status=status,
        status_since=now,
        business_date=clock.local(now).date(),
        placed_at=now,
        needed_at=session.needed_at,
        fulfilment=session.fulfilment,
        notes=session.notes,
        units=sum((line.quantity for line in lines), Decimal(0)),
        subtotal=quote.subtotal,
        discount=quote.discount,
        tax=sum((line.tax for line in sealed), Decimal(0)),
        total=quote.total,
        paid=paid,
        snapshot=_snapshot(session, quote),
        is_fulfilled=hand_over,
    )
    audit.insert(order)
    for line in sealed:
        line.order = order
    rows.insert(sealed)
    return order, sealed


def _line(place: int, line: SessionLine, priced: pricing.QuoteLine) -> OrderLine:
    product = line.product
    return OrderLine(
        position=place,
        product=product,
        sku=product.sku,
        name=product.name,
        unit_code=product.unit.code,
        quantity=line.quantity,
        list_price=priced.list_price,
        unit_price=priced.unit_price,
        discount=priced.discount,
        tax=priced.tax,
        total=priced.amount,
        is_stocked=product.is_stocked,
        note=line.note,
        explanation=list(priced.explanation),
    )


def promotion_reference(order: Order) -> str:
    """The order in the book of promotions used."""
    return f"order:{order.pk}"


def _snapshot(session: OrderSession, quote: pricing.Quote) -> dict[str, object]:
    """Names as they were when it was agreed. Whoever anonymises a person blanks them here too."""
    found: dict[str, object] = {
        "channel": {"code": session.channel.code, "name": session.channel.name},
        "prices": {"list": session.channel.price_list_id, "at": clock.now().isoformat()},
    }
    if session.coupon:
        found["coupon"] = session.coupon
    if given := quote.discounts:
        found["discounts"] = [[name, str(amount)] for name, amount in given]
    if quote.free_delivery:
        found["free_delivery"] = quote.free_delivery
    customer: Customer | None = session.customer
    if customer is not None:
        found["customer"] = {
            "name": str(customer),
            "document": customer.document,
            "phone": customer.phone,
            "email": customer.email,
        }
    if session.fulfilment == Fulfilment.DELIVERY and session.address is not None:
        found["address"] = str(session.address)
    return found


def _issue_directives(order: Order) -> None:
    channel = order.channel
    if order.status == Order.Status.NEW and channel.acceptance in (
        Channel.Acceptance.AUTO_CONFIRM,
        Channel.Acceptance.AUTO_CANCEL,
    ):
        directives.issue(
            f"order.{channel.acceptance}",
            payload={"order": order.pk},
            origin=order,
            dedupe_key=f"order-{order.pk}",
            available_at=clock.now() + timedelta(minutes=channel.acceptance_minutes),
        )
    if order.status != Order.Status.COMPLETED:
        completion.notify(order, "placed")
