"""From tickets to completed orders, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.catalog.selectors import prices
from apps.inventory.services import demand
from apps.orders.models import Channel, Order, OrderLine, Payment
from backoffice.kernel import audit, bulk, clock, money

from .reading import Item, Ticket

PLACES = 4


@dataclass(frozen=True)
class Written:
    """How much was made of some tickets."""

    orders: int
    lines: int
    units: Decimal
    estimated: int


def existing(channel: Channel, external_ids: Iterable[str]) -> dict[str, tuple[int, datetime]]:
    """Orders of the channel that are there already: external id → primary key, and when they were placed."""
    found = Order.objects.filter(channel=channel, external_id__in=list(external_ids))
    return {name: (pk, placed_at) for name, pk, placed_at in found.values_list("external_id", "pk", "placed_at")}


def obstacles(channel: Channel, external_ids: Iterable[str]) -> dict[str, str]:
    """Of these past orders those that cannot be taken back, with why. Two queries."""
    orders = {order.external_id: order for order in _past(channel, external_ids)}
    paid = set(Payment.objects.filter(order__in=list(orders.values())).values_list("order_id", flat=True))
    found: dict[str, str] = {}
    for name in external_ids:
        order = orders.get(name)
        if order is None or order.status != Order.Status.COMPLETED or order.revision != 1:
            found[name] = _("Somebody changed it since.")
        elif order.customer_id is not None:
            found[name] = _("It belongs to a customer by now.")
        elif order.pk in paid:
            found[name] = _("Money was booked on it.")
    return found


@transaction.atomic
def take_back(channel: Channel, external_ids: Collection[str], *, mark: str) -> None:
    """Cancel past orders, for the reason of `acting`, and take what they sold out of the book of demand.

    What was agreed is sealed, so it stays to be read; nothing counts it any more. `mark` goes behind the ticket's
    number, which another import may use again then.
    """
    orders = list(_past(channel, external_ids).select_for_update(of=("self",)))
    sold = OrderLine.objects.filter(order__in=orders).values_list("product_id", "order__business_date", "quantity")
    demand.record(
        [(product_id, day, channel.code, quantity) for product_id, day, quantity in sold], is_imported=True, sign=-1
    )
    now = clock.now()
    for order in orders:
        # Not by the table of steps: what was sold here and is complete has no way back, a past sale never was here.
        order.status, order.status_since, order.updated_at = Order.Status.CANCELLED, now, now
        order.external_id = f"{order.external_id}{mark}"
        order.revision += 1
    audit.bulk_update(orders, ["status", "status_since", "external_id", "revision", "updated_at"])


def _past(channel: Channel, external_ids: Iterable[str]) -> QuerySet[Order]:
    return Order.objects.filter(channel=channel, external_id__in=list(external_ids), is_imported=True).order_by("pk")


def write(channel: Channel, tickets: Sequence[Ticket], products: Mapping[str, Product]) -> Written:
    """Write completed orders for tickets that are not there yet, and what they sold into the book of demand.

    `products` has a product for every name that is to be written; items of other names are left out. What the file
    does not price costs what the channel's price list says today, and is marked as estimated.
    """
    listed = prices.current(channel.price_list_id, {product.pk for product in products.values()})
    drafts = [(ticket, _lines(ticket, products, listed)) for ticket in tickets]
    drafts = [(ticket, lines) for ticket, lines in drafts if lines]
    orders = audit.bulk_create([_order(channel, ticket, lines) for ticket, lines in drafts])
    written: list[OrderLine] = []
    sold: dict[tuple[int, date], Decimal] = defaultdict(Decimal)
    for order, (_ticket, lines) in zip(orders, drafts, strict=True):
        for line in lines:
            line.order = order
            sold[line.product_id, order.business_date] += line.quantity
        written += lines
    bulk.insert(written)
    demand.record(
        [(product_id, day, channel.code, quantity) for (product_id, day), quantity in sorted(sold.items())],
        is_imported=True,
    )
    return Written(
        orders=len(orders),
        lines=len(written),
        units=sum((line.quantity for line in written), Decimal(0)),
        estimated=sum(line.price_estimated for line in written),
    )


def _order(channel: Channel, ticket: Ticket, lines: Sequence[OrderLine]) -> Order:
    total = sum((line.total for line in lines), Decimal(0))
    at = make_aware(ticket.at)
    return Order(
        channel=channel,
        external_id=ticket.number,
        status=Order.Status.COMPLETED,
        status_since=at,
        business_date=ticket.at.date(),
        placed_at=at,
        units=sum((line.quantity for line in lines), Decimal(0)),
        subtotal=total,
        total=total,
        paid=total,
        is_imported=True,
        is_fulfilled=True,
    )


def _lines(ticket: Ticket, products: Mapping[str, Product], listed: Mapping[int, Decimal]) -> list[OrderLine]:
    lines: list[OrderLine] = []
    for item in ticket.items.values():
        if (product := products.get(item.name)) is not None:
            lines.append(_line(len(lines) + 1, item, product, listed.get(product.pk, Decimal(0))))
    return lines


def _line(position: int, item: Item, product: Product, listed: Decimal) -> OrderLine:
    total = item.paid + money.round_money(item.unpriced * listed)
    whole = not item.paid and item.unpriced == item.quantity
    price = listed if whole else money.round_to(total / item.quantity, PLACES)
    return OrderLine(
        position=position,
        product=product,
        sku=product.sku,
        name=product.name,
        unit_code=product.unit.code,
        quantity=item.quantity,
        list_price=price,
        unit_price=price,
        total=total,
        price_estimated=item.unpriced > 0,
        note="" if product.name == item.name else item.name[:200],
    )
