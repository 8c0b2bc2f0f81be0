"""One day of the bakery: what is planned, committed, there and under way, and what it lacks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Q, Sum

from apps.catalog.models import Product
from apps.inventory.models import Hold
from apps.inventory.selectors import availability
from apps.production.models import PlanLine, Recipe, WorkOrder
from apps.production.selectors import costing, explosion
from apps.production.selectors import work_orders as orders_read
from apps.production.selectors.costing import Costs
from apps.production.selectors.explosion import Book, Requirement
from backoffice.kernel import clock, money

ZERO = Decimal(0)


@dataclass(frozen=True)
class Row:
    """A product on a day's plan."""

    product: Product
    line: PlanLine | None
    committed: Decimal
    on_hand: Decimal
    planned: Decimal
    ordered: Decimal
    orders: list[WorkOrder]
    short: tuple[str, ...]
    batch: Decimal
    group: str
    cost: Decimal

    @property
    def to_release(self) -> Decimal:
        """Planned and not in a work order."""
        return max(self.planned - self.ordered, ZERO)

    @property
    def uncovered(self) -> Decimal:
        """Committed beyond what is there and planned."""
        return max(self.committed - self.on_hand - self.planned, ZERO)


@dataclass(frozen=True)
class Day:
    """The plan's page."""

    day: date
    groups: list[tuple[str, list[Row]]]
    shortages: list[Requirement]
    cost: Decimal
    to_release: int
    orders: int
    open_orders: int
    products: int
    committed: Decimal

    @property
    def rows(self) -> list[Row]:
        return [row for _name, rows in self.groups for row in rows]


def committed(day: date) -> dict[int, Decimal]:
    """What orders want on the day: holds that need that date, those of work orders apart."""
    return dict(
        Hold.objects.counting(clock.now())
        .filter(needed_on=day)
        .exclude(origin_type=ContentType.objects.get_for_model(WorkOrder))
        .values("product_id")
        .annotate(total=Sum("quantity"))
        .values_list("product_id", "total")
    )


def read(day: date) -> Day:
    """The day's plan, in a constant number of queries: what has a plan line, an order or a demand that day."""
    lines = {line.product_id: line for line in PlanLine.objects.filter(day=day)}
    orders: dict[int, list[WorkOrder]] = defaultdict(list)
    for order in WorkOrder.objects.counting().filter(day=day).order_by("pk"):
        orders[order.product_id].append(order)
    wanted = committed(day)
    made = set(
        Recipe.objects.in_use()
        .filter(Q(product_id__in=[*lines, *orders]) | Q(product_id__in=wanted), is_phantom=False)
        .values_list("product_id", flat=True)
    )
    shown = made | set(orders) | {pk for pk, line in lines.items() if line.quantity}
    book = explosion.load(shown)
    costs = costing.load(book)
    stock = availability.of(book.products)
    missing = orders_read.missing_names([order for row in orders.values() for order in row if order.is_open])
    rows = []
    for pk in shown:
        of_product = orders.get(pk, [])
        ordered = sum((order.quantity for order in of_product), ZERO)
        planned = max(lines[pk].quantity if pk in lines else ZERO, ordered)
        short = {product.name for order in of_product for product, _amount in missing.get(order.pk, [])}
        bill = book.bills.get(pk)
        rows.append(
            Row(
                product=book.products[pk],
                line=lines.get(pk),
                committed=wanted.get(pk, ZERO),
                on_hand=stock[pk].on_hand if pk in stock else ZERO,
                planned=planned,
                ordered=ordered,
                orders=of_product,
                short=tuple(sorted(short)),
                batch=bill.batch_multiple or book.products[pk].unit.step if bill else book.products[pk].unit.step,
                group=_dough(book, pk),
                cost=_cost(book, costs, pk, planned),
            )
        )
    rows.sort(key=lambda row: (row.group, row.product.name))
    return Day(
        day=day,
        groups=_grouped(rows),
        shortages=shortages(rows, book, stock),
        cost=money.round_money(sum((row.cost for row in rows), ZERO)),
        to_release=sum(1 for row in rows if row.to_release)
        + sum(1 for row in rows for order in row.orders if order.status == WorkOrder.Status.PLANNED),
        orders=sum(len(row.orders) for row in rows),
        open_orders=sum(1 for row in rows for order in row.orders if order.is_open),
        products=sum(1 for row in rows if row.planned),
        committed=sum((row.committed for row in rows), ZERO),
    )


def shortages(rows: Sequence[Row], book: Book, stock: dict[int, availability.Availability]) -> list[Requirement]:
    """What the plan lacks beyond what released orders hold already, the doughs that must be made among it."""
    starts = {row.product.pk: row.to_release for row in rows if row.to_release}
    for row in rows:
        for order in row.orders:
            if order.status == WorkOrder.Status.PLANNED:
                starts[row.product.pk] = starts.get(row.product.pk, ZERO) + order.quantity
    figures = {pk: (found.available - found.promised, found.expected) for pk, found in stock.items()}
    # A planned order is expected in the books and started here: count it once.
    for row in rows:
        planned = sum((order.quantity for order in row.orders if order.status == WorkOrder.Status.PLANNED), ZERO)
        if planned and row.product.pk in figures:
            available, expected = figures[row.product.pk]
            figures[row.product.pk] = (available, max(expected - planned, ZERO))
    needs = book.explode(starts, figures)
    lacking = {need.product_id: need for need in needs if need.missing > 0}
    for pk, found in stock.items():
        product = book.products[pk]
        waiting = found.promised - found.available - found.expected
        if pk not in lacking and waiting > 0 and product.is_stocked and not product.is_sellable:
            lacking[pk] = Requirement(
                book.products, pk, found.promised, found.available, found.expected, waiting, ZERO, pk in book.bills
            )
    return sorted(lacking.values(), key=lambda need: (not need.is_made, need.product.name))


def _cost(book: Book, costs: Costs, pk: int, planned: Decimal) -> Decimal:
    bill = book.bills.get(pk)
    return costs.of_bill(bill, planned).materials if bill and planned else ZERO


def _dough(book: Book, pk: int) -> str:
    """The name of the first dough in it: products of one dough stand together."""
    bill = book.bills.get(pk)
    for edge in bill.edges if bill else ():
        if edge.component_id in book.bills:
            return book.name(edge.component_id)
    return ""


def _grouped(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.group, []).append(row)
    return sorted(found.items(), key=lambda item: (not item[0], item[0]))
