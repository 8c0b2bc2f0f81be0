"""What should be bought, from whom, and why."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from fractions import Fraction
from importlib import import_module

from django.db.models import F, QuerySet
from django.utils.module_loading import import_string

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import (
    CostChange,
    PurchaseLine,
    PurchaseOrder,
    PurchaseReceipt,
    ReorderRule,
    Supplier,
    SupplierItem,
)
from apps.inventory.selectors import availability, reordering
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.selectors.reordering import Lack
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities
from backoffice.outbox.models import Directive

ZERO = Decimal(0)
MAIL = "purchase.send"
"""The topic of the job that mails an order."""
Planned = Callable[[Collection[int]], dict[int, Decimal]]


def to_send(order: PurchaseOrder) -> list[PurchaseLine]:
    """What is asked of the supplier, each line with `their_code`: the article's number in their own list, or ""."""
    lines = list(order.lines.filter(is_extra=False).select_related("product__unit", "pack").order_by("pk"))
    items = SupplierItem.objects.filter(
        supplier_id=order.supplier_id, product_id__in=[line.product_id for line in lines]
    )
    codes: dict[tuple[int, int | None], str] = {}
    for product_id, pack_id, code in items.exclude(code="").values_list("product_id", "pack_id", "code"):
        codes[product_id, pack_id] = code
    for line in lines:
        line.their_code = codes.get((line.product_id, line.pack_id), "")  # type: ignore[attr-defined]
    return lines


def counted_on(lines: Collection[PurchaseLine], product: Product, pack: ProductUnit | None) -> PurchaseLine | None:
    """The order's line that a delivery is counted on: of the same pack and not full first, then any of the product."""
    same = [line for line in lines if line.product_id == product.pk]
    key = pack.pk if pack else None
    return min(same, key=lambda line: (line.pack_id != key, line.rest == 0, line.pk), default=None)


def items_of(order: PurchaseOrder) -> dict[int, SupplierItem]:
    """By line of the order what its supplier says of it: of the line's own pack, else of another of the product."""
    lines = list(order.lines.filter(is_extra=False).select_related("product__unit", "pack"))
    items = SupplierItem.objects.filter(
        supplier_id=order.supplier_id, product_id__in=[line.product_id for line in lines]
    ).select_related("supplier", "pack", "product__unit")
    listed = list(items.order_by("-is_preferred", "pk"))
    found = {}
    for line in lines:
        of_product = [item for item in listed if item.product_id == line.product_id]
        of_product.sort(key=lambda item: item.pack_id != line.pack_id)
        if of_product:
            found[line.pk] = of_product[0]
    return found


def below_least(order: PurchaseOrder) -> list[tuple[PurchaseLine, SupplierItem]]:
    """Lines that ask for less than the supplier delivers of them."""
    items = items_of(order)
    lines = order.lines.filter(pk__in=items).select_related("product__unit", "pack").order_by("pk")
    return [
        (line, items[line.pk])
        for line in lines
        if line.in_stock_unit(line.quantity)
        < quantities.round_half_up(items[line.pk].in_stock_unit(items[line.pk].minimum))
    ]


@dataclass(frozen=True)
class Suggestion:
    """A product that will be below its minimum, and how much of it brings it back to its target.

    position = available + on order − promised − planned. Minimum and target are those of all places together, or what
    the minimums and targets of single places add up to when that is more; `lacks` are those places that lack some.
    """

    product: Product
    available: Decimal
    coming: Decimal
    promised: Decimal
    planned: Decimal
    minimum: Decimal
    target: Decimal
    item: SupplierItem | None
    drafted: Decimal = ZERO
    lacks: Sequence[Lack] = ()
    typed: str = ""
    ticked: bool | None = None

    @property
    def is_ticked(self) -> bool:
        """Whether it is to be drafted: what was ticked, or else what the drafts do not cover yet."""
        return self.drafted < self.missing if self.ticked is None else self.ticked

    @property
    def cost(self) -> Decimal:
        """What the packs cost at the supplier's price."""
        return money.round_money(self.packs * self.item.price) if self.item else ZERO

    @property
    def position(self) -> Decimal:
        return self.available + self.coming - self.promised - self.planned

    @property
    def missing(self) -> Decimal:
        """In the product's unit."""
        return max(self.target - self.position, ZERO)

    @property
    def packs(self) -> Decimal:
        """Whole packs that cover what is missing, at least as many as the supplier delivers."""
        if self.item is None:
            return self.missing
        ratio = self.item.pack.ratio if self.item.pack else Fraction(1)
        exact = Fraction(self.missing) / ratio
        whole = Decimal(-(-exact.numerator // exact.denominator))
        return max(whole, self.item.minimum.quantize(Decimal(1), rounding=ROUND_CEILING))


@dataclass
class Group:
    """What is to be bought from one supplier; without one, what nobody sells us yet."""

    supplier: Supplier | None
    rows: list[Suggestion] = field(default_factory=list)

    @property
    def worth(self) -> Decimal:
        """What is suggested and on no draft yet, at the supplier's prices."""
        return sum((row.cost for row in self.rows if row.drafted < row.missing), ZERO)

    @property
    def is_too_little(self) -> bool:
        """Whether the supplier does not deliver so little."""
        return self.supplier is not None and ZERO < self.worth < self.supplier.minimum_order


@dataclass(frozen=True)
class Plan:
    """What to buy, by supplier; and the places that have less than their own minimum, with what can be fetched."""

    groups: list[Group]
    lacks: list[Lack]


def planned_demand(product_ids: Collection[int]) -> dict[int, Decimal]:
    """What planned work will take, and holds nothing for yet. The rooms above say so; see `composition`."""
    found: dict[int, Decimal] = defaultdict(Decimal)
    for path in import_module("backoffice.composition").PLANNED_DEMAND:
        ask: Planned = import_string(path)
        for product_id, quantity in ask(product_ids).items():
            found[product_id] += quantity
    return found


def suggestions() -> list[Group]:
    """What to buy, by the supplier that it is bought from first."""
    return plan().groups


def plan() -> Plan:
    """What falls below its minimum once all that is promised and planned is taken and all that is ordered is here.

    Products with a rule, and those that somebody waits for. It is bought when all places together have too little: what
    lies in another place is fetched from there.
    """
    rules: dict[int, list[ReorderRule]] = defaultdict(list)
    for rule in ReorderRule.objects.filter(product__is_active=True).select_related("location"):
        if rule.location is None or rule.location.is_active:  # nothing is brought to a closed place
            rules[rule.product_id].append(rule)
    waiting = set(stock_reads.waiting().order_by().values_list("product_id", flat=True))
    items: dict[int, SupplierItem] = {}
    for item in SupplierItem.objects.filter(supplier__is_active=True).select_related(
        "supplier", "pack", "product__unit"
    ):
        there = items.setdefault(item.product_id, item)
        if _choice(item) < _choice(there):
            items[item.product_id] = item
    products = {
        product.pk: product
        for product in Product.objects.stocked()
        .filter(pk__in={*rules, *waiting}, is_active=True)
        .select_related("unit", "category")
        .order_by("name")
    }
    numbers = availability.of(list(products))
    planned = planned_demand(list(products))
    drafted: dict[int, Decimal] = defaultdict(Decimal)
    for line in PurchaseLine.objects.filter(
        order__status=PurchaseOrder.Status.DRAFT, product__in=products
    ).select_related("pack"):
        drafted[line.product_id] += line.in_stock_unit(line.quantity)
    lacks: dict[int, list[Lack]] = defaultdict(list)
    of_places = [rule for its in rules.values() for rule in its if rule.location]
    scopes = reordering.scopes_of(of_places)
    for lack in reordering.lacking(of_places, scopes=scopes, products=products, numbers=numbers, planned=planned):
        lacks[lack.product.pk].append(lack)
    groups: dict[int | None, Group] = {}
    for pk, product in products.items():
        if not product.is_purchasable:
            continue
        figures = numbers[pk]
        row = Suggestion(
            product=product,
            available=figures.available,
            coming=figures.expected,
            promised=figures.promised,
            planned=planned.get(pk, ZERO),
            minimum=_of_all(rules[pk], "minimum", scopes),
            target=_of_all(rules[pk], "target", scopes),
            item=items.get(pk),
            drafted=drafted[pk],
            lacks=lacks[pk],
        )
        if row.position >= row.minimum or row.missing <= 0:
            continue
        for lack in row.lacks:
            lack.bought = True
        supplier = row.item.supplier if row.item else None
        group = groups.setdefault(supplier.pk if supplier else None, Group(supplier))
        group.rows.append(row)
    by_supplier = sorted(groups.values(), key=lambda group: (group.supplier is None, str(group.supplier)))
    return Plan(by_supplier, [lack for its in lacks.values() for lack in its])


def _choice(item: SupplierItem) -> tuple[bool, Fraction, int]:
    """What is bought first: where it was said so, then what costs less by the unit, not by the pack."""
    return not item.is_preferred, item.price_of_unit(), item.pk


def _of_all(rules: Collection[ReorderRule], name: str, scopes: reordering.Scopes) -> Decimal:
    """A figure of the rule for all places together, or what single places ask for together when that is more."""
    general = sum((getattr(rule, name) for rule in rules if rule.location_id is None), ZERO)
    return max(general, reordering.together(rules, name, scopes))


def orders() -> QuerySet[PurchaseOrder]:
    """Purchase orders as the list shows them. Joined, a database without statistics sorts all orders for one page."""
    return PurchaseOrder.objects.prefetch_related("supplier", "location", "lines")


def late() -> QuerySet[PurchaseOrder]:
    """Orders that should be here by now."""
    return PurchaseOrder.objects.late()


def letter(order: PurchaseOrder) -> Directive | None:
    """The job that mails the order to the supplier, when somebody asked for it."""
    return Directive.objects.of(order).filter(topic=MAIL).order_by("-pk").first()


@dataclass(frozen=True)
class Came:
    """What came with one delivery, and what one pack of it cost: as received, or as corrected since."""

    receipt: PurchaseReceipt
    price: Decimal

    @property
    def is_corrected(self) -> bool:
        return self.price != self.receipt.price

    @property
    def difference(self) -> Decimal:
        """How much more a pack cost than was agreed; below zero when it was less."""
        return self.price - self.receipt.line.price

    @property
    def stands(self) -> bool:
        return not hasattr(self.receipt.operation, "reversed_by")


def came(order: PurchaseOrder) -> list[Came]:
    """The deliveries of an order, newest first, at what they really cost. Two queries."""
    rows = PurchaseReceipt.objects.filter(line__order=order)
    receipts = list(rows.select_related("line__product", "operation__actor", "operation__reversed_by").order_by("-pk"))
    more: dict[tuple[int, int], Decimal] = {}
    changed = CostChange.objects.filter(
        move__operation__in={row.operation_id for row in receipts}, correction__receipt_id=F("move__operation_id")
    )
    for operation, product, before, after in changed.values_list(
        "move__operation_id", "move__product_id", "before", "after"
    ):
        more[operation, product] = more.get((operation, product), ZERO) + after - before
    packs: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    for row in receipts:
        packs[row.operation_id, row.line.product_id] += row.quantity
    found = []
    for row in receipts:
        key = (row.operation_id, row.line.product_id)
        extra = Fraction(more.get(key, ZERO)) / Fraction(packs[key])
        found.append(Came(row, row.price + money.round_to(quantities.from_fraction(extra), 4)))
    return found
