"""The stock that was there before the program: each entry is posted once, however often its file comes."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import HoldAllocation, Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.services import locations, posting, stock, stock_locks
from apps.inventory.services.posting import PostLine
from backoffice.kernel import audit, bulk, clock
from backoffice.kernel import quantity as quantities
from backoffice.kernel.models import IdempotencyKey

SCOPE = "stock.opening"


@dataclass(frozen=True)
class Entry:
    """So much of a product in a place, of a lot or of none that has a name."""

    product: Product
    location: Location
    quantity: Decimal
    lot_code: str = ""
    expires_on: date | None = None
    unit_cost: Decimal = Decimal(0)

    @property
    def key(self) -> str:
        """What makes two entries the same one: product, place, lot, expiry, and the cost where no lot is named."""
        parts = [self.product.pk, self.location.pk, self.code, self.expires_on or ""]
        return ":".join(str(part) for part in parts)

    @property
    def code(self) -> str:
        """The lot's code: as given, else one that is the same each time."""
        if self.lot_code:
            return self.lot_code
        day = f"{self.expires_on:%Y%m%d}" if self.expires_on else ""
        if not self.product.lot_tracked:
            return f"~{self.unit_cost.normalize():f}" + (f"~{day}" if day else "")
        return f"{self.product.sku}-OPEN" + (f"-{day[2:]}" if day else "")

    def as_lot(self) -> Lot:
        """The lot that it will make, where there is none of its code yet."""
        return Lot(product=self.product, code=self.code, expires_on=self.expires_on, unit_cost=self.unit_cost)

    @property
    def figures(self) -> str:
        """Quantity and cost, to see whether the same entry comes with others."""
        text = f"{self.quantity.normalize():f}|{self.unit_cost.normalize():f}"
        return hashlib.sha256(text.encode()).hexdigest()


def done(entries: Collection[Entry]) -> dict[str, str]:
    """The figures with which entries were posted before, by key. What was reversed since was not. One query."""
    rows = IdempotencyKey.objects.filter(scope=SCOPE, key__in=[entry.key for entry in entries])
    gone = StockOperation.objects.filter(reverses_id=OuterRef("result_id"))
    return dict(rows.exclude(Exists(gone)).values_list("key", "fingerprint"))


def clash(entry: Entry, lot: Lot | None) -> str:
    """Why the entry does not fit the lot that is there; empty when it does."""
    if lot is None:
        return ""
    names = {"lot": lot.code, "product": entry.product.name}
    if lot.expires_on != entry.expires_on:
        there = date_format(lot.expires_on, "SHORT_DATE_FORMAT") if lot.expires_on else _("no date")
        return _("Lot %(lot)s of %(product)s expires %(there)s. Use another lot code.") % {**names, "there": there}
    if lot.unit_cost != entry.unit_cost:
        cost = quantities.format_quantity(lot.unit_cost)
        return _("Lot %(lot)s of %(product)s cost %(there)s a unit. Use another lot code.") % {**names, "there": cost}
    return ""


def there(lots: Iterable[Lot]) -> dict[tuple[int, int], Decimal]:
    """What the book has of these lots, by lot and place. One query."""
    rows = StockBalance.objects.filter(lot_id__in={lot.pk for lot in lots})
    return {(row.lot_id, row.location_id): row.quantity for row in rows}


def stands(entry: Entry, book: Decimal) -> str:
    """Why stock that came another way is not opened on top of it."""
    return _("%(place)s has %(quantity)s of this lot already. Count it, or adjust it, instead.") % {
        "place": entry.location.name,
        "quantity": quantities.format_quantity(book, entry.product.unit.code),
    }


def lots_of(entries: Collection[Entry]) -> dict[tuple[int, str], Lot]:
    """The lots that are there already. One query."""
    rows = Lot.objects.filter(
        product_id__in={entry.product.pk for entry in entries}, code__in={entry.code for entry in entries}
    )
    return {(lot.product_id, lot.code): lot for lot in rows}


@transaction.atomic
def open_stock(entries: Sequence[Entry]) -> StockOperation | None:
    """Post what was not posted before, as one receipt. None when there is nothing new.

    Call with entries that fit their lots (`clash`). Waiting holds are served from it.
    """
    products = stock_locks.lock_products(entry.product.pk for entry in entries)
    before = done(entries)
    new = [entry for entry in entries if entry.key not in before]
    return write(new, products, lots_of(new)) if new else None


def write(
    entries: Sequence[Entry], products: Mapping[int, Product], lots: Mapping[tuple[int, str], Lot]
) -> StockOperation:
    """`open_stock` for who holds the locks of `products`, and has read under them the `lots`, and what was posted."""
    assert connection.in_atomic_block, "Stock is opened inside a transaction."
    new: dict[str, Entry] = {}
    for entry in entries:
        new.setdefault(entry.key, entry)
    there = dict(lots)
    missing: dict[tuple[int, str], Lot] = {}
    today = clock.today()
    for entry in new.values():
        place = (entry.product.pk, entry.code)
        if place not in there and place not in missing:
            missing[place] = Lot(
                product=products[entry.product.pk],
                code=entry.code,
                is_silent=not entry.lot_code and not entry.product.lot_tracked,
                received_on=today,
                expires_on=entry.expires_on,
                unit_cost=entry.unit_cost,
            )
    audit.bulk_create(list(missing.values()))
    there |= missing
    supplier = locations.virtual(Location.Kind.SUPPLIER)
    lines = [
        PostLine(
            products[entry.product.pk],
            there[entry.product.pk, entry.code],
            supplier,
            entry.location,
            entry.quantity,
            unit_cost=entry.unit_cost,
        )
        for entry in new.values()
    ]
    operation = posting.write(StockOperation.Kind.RECEIPT, lines, products, reason=_("Opening stock")).operation
    kind = ContentType.objects.get_for_model(StockOperation)
    IdempotencyKey.objects.filter(scope=SCOPE, key__in=new).delete()  # of openings that were reversed
    bulk.insert(
        [
            IdempotencyKey(scope=SCOPE, key=key, fingerprint=entry.figures, result_type=kind, result_id=operation.pk)
            for key, entry in new.items()
        ]
    )
    return operation


def built_on(operations: Collection[int]) -> dict[int, str]:
    """Of these openings those that cannot be taken back, with why: something happened to their stock since."""
    found: dict[int, str] = {}
    opened = {
        (operation, lot): name
        for operation, lot, name in Move.objects.filter(operation__in=operations).values_list(
            "operation_id", "lot_id", "product__name"
        )
    }
    lots = {lot for _operation, lot in opened}
    openings = IdempotencyKey.objects.filter(scope=SCOPE).values("result_id")
    others = Move.objects.filter(lot_id__in=lots).exclude(operation__in=openings).values_list("lot_id")
    last: dict[int, int] = dict(others.annotate(last=Max("operation_id")))
    held = set(HoldAllocation.objects.filter(lot_id__in=lots).values_list("lot_id", flat=True))
    for (operation, lot), name in opened.items():
        if last.get(lot, 0) > operation:
            found[operation] = _("%(product)s, booked in one go with it, was moved or counted since.") % {
                "product": name
            }
        elif lot in held:
            found[operation] = _("%(product)s, booked in one go with it, is held for somebody.") % {"product": name}
    reversed_ones = StockOperation.objects.filter(reverses__in=operations).values_list("reverses_id", flat=True)
    return found | {pk: _("Its posting was reversed already.") for pk in reversed_ones if pk is not None}


@transaction.atomic
def take_back(operation: StockOperation, *, reason: str) -> None:
    """Reverse an opening as a whole; its rows can be opened anew. Raises AlreadyReversed and InsufficientStock."""
    stock.reverse(operation, reason=reason)
    kind = ContentType.objects.get_for_model(StockOperation)
    IdempotencyKey.objects.filter(scope=SCOPE, result_type=kind, result_id=operation.pk).delete()
