"""From tickets to completed orders, many at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils.timezone import make_aware

from apps.catalog.models import Product
from apps.catalog.selectors import prices
from apps.inventory.services import demand
from apps.orders.models import Channel, Order, OrderLine
from backoffice.kernel import audit, money

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
    OrderLine.objects.bulk_create(written, batch_size=500)
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
