"""What happens to stock, in verbs. Each posts to the ledger through `post`, in the caller's transaction or its own.

Quantities are in the product's unit and are rounded to its step when they are posted; a quantity that rounds to
nothing is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.catalog.models import Product, ProductUnit
from apps.inventory.errors import AlreadyReversed, BadQuantity, LotMismatch, NotStocked, ReasonMissing
from apps.inventory.models import Location, Lot, StockOperation
from apps.inventory.selectors import recosting
from apps.inventory.selectors.layers import booked
from apps.inventory.services import allocation, layers, locations, lots, overriding, refusals, stock_locks
from apps.inventory.services.amounts import MOST, posted, too_much, wrong_pack
from apps.inventory.services.consumption import ConsumeLine, Taken, consume
from apps.inventory.services.posting import PostLine, post, write
from backoffice.kernel import clock, idempotency, money, rows
from backoffice.kernel import quantity as quantities
from backoffice.kernel.errors import DomainError

__all__ = [
    "ConsumeLine",
    "PostLine",
    "ReceiptLine",
    "Taken",
    "adjust",
    "consume",
    "post",
    "posted",
    "produce",
    "receive",
    "reverse",
    "transfer",
    "waste",
    "wrong_pack",
]


@dataclass(frozen=True)
class ReceiptLine:
    """What came: `quantity` of `pack` (of the product's unit without one), with lot, expiry and cost.

    The cost is given per stock unit or per pack. An empty lot code takes the next of the house's pattern. With a
    `location` it is brought there, else to where the delivery goes.
    """

    product: Product
    quantity: Decimal
    pack: ProductUnit | None = None
    lot_code: str = ""
    expires_on: date | None = None
    unit_cost: Decimal | None = None
    pack_cost: Decimal | None = None
    location: Location | None = None

    def in_stock_unit(self) -> Decimal:
        """The quantity in the product's unit, to its step, half-up."""
        if self.pack is None:
            return posted(self.product, self.quantity)
        if self.pack.product_id != self.product.pk:
            raise BadQuantity(wrong_pack(self.product, self.pack, self.quantity), field="pack")
        exact = Fraction(self.quantity) * self.pack.ratio
        return posted(self.product, quantities.from_fraction(exact))

    def cost_of_unit(self) -> Decimal:
        """What one stock unit cost, to six decimals. Nothing given is nothing paid."""
        if self.pack_cost is not None:
            ratio = self.pack.ratio if self.pack is not None else Fraction(1)
            return quantities.from_fraction(Fraction(self.pack_cost) / ratio)
        return self.unit_cost if self.unit_cost is not None else Decimal(0)

    def worth(self, in_stock_unit: Decimal) -> Decimal:
        """What the line cost in money: the packs' own price, so that nothing is lost in the division."""
        if self.pack_cost is not None:
            return money.round_money(self.quantity * self.pack_cost)
        return money.round_money(in_stock_unit * self.cost_of_unit())


def _reason(text: str) -> str:
    if not text.strip():
        raise ReasonMissing
    return text.strip()


@transaction.atomic
def receive(
    location: Location,
    lines: Sequence[ReceiptLine],
    *,
    reference: str = "",
    occurred_at: datetime | None = None,
    origin: Model | None = None,
    key: str | None = None,
    note: str = "",
    supplier_name: str = "",
    default_expiry: bool = True,
) -> StockOperation:
    """Stock comes from a supplier. The same key receives once.

    It came now, or `occurred_at`: then ClosedPeriod when the book is closed that day, BadMove in the future.
    With `default_expiry` a perishable line without a date gets received day + shelf life; without it, ExpiryMissing.
    Raises LotMismatch when the lot code is there with another expiry or cost, BadQuantity for nothing.
    """
    stock_locks.lock_products(line.product.pk for line in lines)
    fingerprint = [
        location.pk,
        reference,
        *(
            (line.product.pk, line.quantity, line.pack and line.pack.pk, line.lot_code, line.expires_on)
            + ((line.location.pk,) if line.location else ())
            for line in lines
        ),
        *([occurred_at] if occurred_at else []),
    ]
    if done := idempotency.find(scope="stock.receive", key=key, fingerprint=fingerprint):
        return done
    received_on = clock.local(occurred_at or clock.now()).date()
    supplier = locations.virtual(Location.Kind.SUPPLIER)
    to_post = []
    for number, line in enumerate(lines):
        try:
            if not line.product.is_stocked:
                raise NotStocked(line.product.sku)
            amount = line.in_stock_unit()
            cost = line.cost_of_unit()
            if cost < 0:
                raise BadQuantity(_("A cost is not below zero."), field="cost")
            if line.worth(amount) >= MOST:
                raise BadQuantity(too_much(), field="cost")
            lot = lots.for_receipt(
                line.product,
                code=line.lot_code,
                received_on=received_on,
                expires_on=line.expires_on,
                unit_cost=cost,
                supplier_name=supplier_name,
                default_expiry=default_expiry,
            )
        except DomainError as error:
            error.line = number
            raise
        where, worth = line.location or location, line.worth(amount)
        to_post.append(PostLine(line.product, lot, supplier, where, amount, unit_cost=cost, value=worth))
    operation = post(
        StockOperation.Kind.RECEIPT, to_post, occurred_at=occurred_at, note=note, reference=reference, origin=origin
    )
    idempotency.remember(scope="stock.receive", key=key, fingerprint=fingerprint, result=operation)
    return operation


@transaction.atomic
def transfer(
    *,
    lot: Lot,
    quantity: Decimal,
    source: Location,
    destination: Location,
    reason: str = "",
    key: str | None = None,
    alike: bool = False,
) -> StockOperation:
    """Stock moves between two places of the house. Raises InsufficientStock for more than is free there.

    With `alike`, here and below, what looks like a silent lot is taken too: on the shelf nobody can tell it apart. The
    same key moves once.
    """
    product = stock_locks.lock_products([lot.product_id])[lot.product_id]
    fingerprint = [lot.pk, source.pk, destination.pk, quantity]
    if done := idempotency.find(scope="stock.transfer", key=key, fingerprint=fingerprint):
        return done
    whole = PostLine(product, lot, source, destination, posted(product, quantity))
    lines = layers.lines(whole) if alike else [whole]
    operation = post(StockOperation.Kind.TRANSFER, lines, reason=reason.strip())
    idempotency.remember(scope="stock.transfer", key=key, fingerprint=fingerprint, result=operation)
    return operation


@transaction.atomic
def adjust(
    *,
    lot: Lot,
    location: Location,
    counted: Decimal,
    reason: str,
    key: str | None = None,
    override_holds: bool = False,
    expected: Decimal | None = None,
    alike: bool = False,
) -> StockOperation:
    """Bring the book to what was counted. Raises BadQuantity when it says so already, StockHeld when the difference is
    held by someone, BookMoved when the book does not say `expected` any more.

    With `override_holds` what is really there wins: the holds get other stock in the same transaction, or wait.
    """
    reason = _reason(reason)
    product = stock_locks.lock_products([lot.product_id])[lot.product_id]
    fingerprint = [lot.pk, location.pk, counted]
    if done := idempotency.find(scope="stock.adjust", key=key, fingerprint=fingerprint):
        return done
    about = {"product": product.name, "place": location.name}
    if counted < 0:
        raise BadQuantity(
            _("%(product)s at %(place)s: a count is not below zero. Enter what is there; 0 when nothing is.") % about,
            field="counted",
        )
    book = booked(lot, location, alike=alike)
    if expected is not None and book != expected:
        raise refusals.book_moved(lot, location, expected=expected, book=book)
    if counted == book:
        raise BadQuantity(
            _("%(product)s at %(place)s: the book says %(quantity)s already. There is nothing to adjust.")
            % {**about, "quantity": quantities.format_quantity(book, product.unit.code)},
            field="counted",
        )
    other = locations.virtual(Location.Kind.ADJUSTMENT)
    way = (other, location) if counted > book else (location, other)
    line = PostLine(product, lot, *way, posted(product, abs(counted - book)))
    operation = _take(
        StockOperation.Kind.ADJUSTMENT, line, reason=reason, alike=alike, override=override_holds, field="counted"
    )
    idempotency.remember(scope="stock.adjust", key=key, fingerprint=fingerprint, result=operation)
    return operation


@transaction.atomic
def waste(
    *,
    lot: Lot,
    location: Location,
    quantity: Decimal,
    reason: str,
    key: str | None = None,
    override_holds: bool = False,
    alike: bool = False,
) -> StockOperation:
    """Stock is lost. The same key loses it once.

    Raises InsufficientStock for more than is there, StockHeld for what others hold (unless `override_holds`: then they
    get other stock in the same transaction, or wait), ReasonMissing without a reason.
    """
    reason = _reason(reason)
    product = stock_locks.lock_products([lot.product_id])[lot.product_id]
    fingerprint = [lot.pk, location.pk, quantity]
    if done := idempotency.find(scope="stock.waste", key=key, fingerprint=fingerprint):
        return done
    other = locations.virtual(Location.Kind.WASTE)
    line = PostLine(product, lot, location, other, posted(product, quantity))
    operation = _take(
        StockOperation.Kind.WASTE, line, reason=reason, alike=alike, override=override_holds, field="quantity"
    )
    idempotency.remember(scope="stock.waste", key=key, fingerprint=fingerprint, result=operation)
    return operation


def _take(kind: str, line: PostLine, *, reason: str, alike: bool, override: bool, field: str) -> StockOperation:
    """Post what may be held by others, when somebody said that it is really gone."""
    lines, note = [line], ""
    if line.source.is_physical:
        lines = layers.lines(line, held_too=True) if alike else lines
        note = overriding.make_way(lines, override=override, field=field)
    operation = post(kind, lines, reason=reason, note=note)
    if note:
        allocation.serve([line.product.pk])
    return operation


@transaction.atomic
def reverse(operation: StockOperation, *, reason: str, key: str | None = None) -> StockOperation:
    """Post the opposite of an operation: the same lots, quantities and values, the other way round.

    Raises AlreadyReversed for a second reversal or the reversal of one, InsufficientStock when what came is gone. The
    same key reverses once.
    """
    reason = _reason(reason)
    stock_locks.lock_products(operation.moves.values_list("product_id", flat=True))
    if done := idempotency.find(scope="stock.reverse", key=key, fingerprint=[operation.pk]):
        return done
    if operation.kind == StockOperation.Kind.REVERSAL:
        raise AlreadyReversed(_("%(number)s is a reversal itself.") % {"number": operation.number})
    before = StockOperation.objects.filter(reverses=operation).select_related("actor").first()
    if before is not None:
        raise AlreadyReversed(
            _("%(number)s was reversed before, by %(who)s in %(other)s. There is nothing left to reverse.")
            % {
                "number": operation.number,
                "who": before.actor.name if before.actor else _("the system"),
                "other": before.number,
            }
        )
    if operation.kind == StockOperation.Kind.CORRECTION:
        raise AlreadyReversed(
            _("%(number)s corrects a cost and moved no stock. Correct the cost of the receipt again.")
            % {"number": operation.number}
        )
    moves = list(operation.moves.select_related("product__unit", "lot", "source", "destination").order_by("-pk"))
    more = recosting.current(move.pk for move in moves)
    lines = [
        PostLine(
            move.product,
            move.lot,
            source=move.destination,
            destination=move.source,
            quantity=move.quantity,
            unit_cost=move.unit_cost,
            value=move.value + more.get(move.pk, Decimal(0)),
        )
        for move in moves
    ]
    undone = post(StockOperation.Kind.REVERSAL, lines, reason=reason, origin=operation.origin, reverses=operation)
    idempotency.remember(scope="stock.reverse", key=key, fingerprint=[operation.pk], result=undone)
    return undone


@transaction.atomic
def produce(
    *,
    origin: Model,
    product: Product,
    quantity: Decimal,
    location: Location,
    total_cost: Decimal,
    produced_on: date,
    expires_on: date | None,
    grade: str = Lot.Grade.FIRST,
    parents: Sequence[Lot] = (),
    lot_code: str | None = None,
    key: str | None = None,
    occurred_at: datetime | None = None,
) -> Lot:
    """Stock is made, as a new lot that is worth exactly `total_cost`. The same key makes it once.

    Raises LotMismatch when the lot code is taken.
    """
    product = stock_locks.lock_products([product.pk])[product.pk]
    fingerprint = [origin.pk, product.pk, quantity, location.pk, total_cost, grade]
    if done := idempotency.find(scope="stock.produce", key=key, fingerprint=fingerprint):
        return done
    amount = posted(product, quantity)
    code = (lot_code or "").strip()
    if code and Lot.objects.filter(product=product, code=code).exists():
        raise LotMismatch(
            _("Lot %(lot)s of %(product)s is there already. Use another lot code.")
            % {"lot": code, "product": product.name}
        )
    lot = Lot.objects.create(
        product=product,
        code=code or lots.next_code(product, produced_on),
        produced_on=produced_on,
        received_on=produced_on,
        expires_on=expires_on,
        unit_cost=quantities.from_fraction(Fraction(total_cost) / Fraction(amount)),
        grade=grade,
    )
    link = Lot.parents.through
    rows.insert(link(from_lot_id=lot.pk, to_lot_id=parent.pk) for parent in parents)
    line = PostLine(
        product, lot, locations.virtual(Location.Kind.CONSUMED), location, amount, value=money.round_money(total_cost)
    )
    write(StockOperation.Kind.OUTPUT, [line], {product.pk: product}, origin=origin, occurred_at=occurred_at)
    idempotency.remember(scope="stock.produce", key=key, fingerprint=fingerprint, result=lot)
    return lot
