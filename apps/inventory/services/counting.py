"""Counting what is there. Two people may count at once: nobody's figure replaces one that they have not seen."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Category, Product
from apps.catalog.selectors import categories
from apps.inventory.errors import (
    ApprovalNeeded,
    BadMoment,
    BadMove,
    BadQuantity,
    CountChanged,
    CountedMeanwhile,
    CountPosted,
    NotCounting,
    NothingToCount,
    ReasonMissing,
)
from apps.inventory.models import (
    CountEntry,
    Location,
    Lot,
    StockBalance,
    StockCount,
    StockCountLine,
    StockOperation,
)
from apps.inventory.selectors import locations as places
from apps.inventory.selectors.counts import approvers, book_at, deviation
from apps.inventory.selectors.counts import seen as figures_seen
from apps.inventory.services import allocation, amounts, locations, overtaken, policy, refusals, stock_locks
from apps.inventory.services.posting import PostLine
from apps.inventory.services.posting import post as post_moves
from backoffice.company import current as current_company
from backoffice.kernel import bulk, clock, idempotency, money, numbering, state
from backoffice.kernel import quantity as quantities
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import lock

MAX_LINES = 3000
WRITTEN = ("counted", "book", "counted_at", "counted_by", "reason", "revision", "updated_at")
ZERO = Decimal(0)


def _person() -> int | None:
    return getattr(current_actor().user, "pk", None)


@transaction.atomic
def start(
    *,
    location: Location | None = None,
    category: Category | None = None,
    products: Sequence[Product] = (),
    is_blind: bool = True,
    note: str = "",
    key: str | None = None,
) -> StockCount:
    """Begin a count of what the book has in a place (with what is inside it), of a category, of a list of products.

    What is named narrows down together. Raises NothingToCount when the book has nothing of it, BadQuantity for more
    than `MAX_LINES` lines. The same key starts one count.
    """
    fingerprint = [location and location.pk, category and category.pk, *(product.pk for product in products)]
    if done := idempotency.find(scope="counting.start", key=key, fingerprint=fingerprint):
        return done
    rows = list(_scope(location, category, products)[: MAX_LINES + 1])
    if not rows:
        raise NothingToCount
    if len(rows) > MAX_LINES:
        raise BadQuantity(
            _("That is more than %s lots in one count. Choose a place or a category.") % MAX_LINES, field="location"
        )
    count = StockCount.objects.create(
        number=numbering.next_number("stock-count", prefix="CT-"),
        location=location,
        category=category,
        is_blind=is_blind,
        note=note.strip(),
        started_by_id=_person(),
    )
    count.products.set(products)
    StockCountLine.objects.bulk_create(
        StockCountLine(count=count, product_id=row.product_id, lot_id=row.lot_id, location_id=row.location_id)
        for row in rows
    )
    idempotency.remember(scope="counting.start", key=key, fingerprint=fingerprint, result=count)
    return count


def _scope(location: Location | None, category: Category | None, products: Sequence[Product]) -> QuerySet[StockBalance]:
    rows = StockBalance.objects.filter(location__kind__in=Location.PHYSICAL).order_by("pk")
    if location is not None:
        rows = rows.filter(location_id__in=places.scope([location]) or ())
    if category is not None:
        rows = rows.filter(product__category_id__in=categories.with_descendants(category.pk))
    if products:
        rows = rows.filter(product__in=list(products))
    return rows


@transaction.atomic
def add_line(count: StockCount, *, lot: Lot, location: Location) -> StockCountLine:
    """Take in a lot that was found where the count did not expect it; there already, that line is returned.

    Raises NotCounting when the count is over, BadMove for a place that holds no stock or is closed.
    """
    _counting(count)
    if not location.is_physical or not location.is_active:
        raise BadMove(
            _("%(place)s is closed%(since)s: nothing is counted there. Choose another place, or open it again.")
            % {"place": location.name, "since": refusals.since_when(location, is_active=False)},
            field="location",
        )
    line, _made = StockCountLine.objects.get_or_create(
        count=count, lot=lot, location=location, defaults={"product_id": lot.product_id}
    )
    return line


@transaction.atomic
def record(
    line: StockCountLine,
    *,
    quantity: Decimal,
    revision: int | None = None,
    reason: str = "",
    at: datetime | None = None,
    key: str | None = None,
) -> StockCountLine:
    """Write down the whole figure of a line, as it was counted `at` (now). Zero is a figure; nothing is not.

    Raises CountedMeanwhile when somebody wrote one down since `revision`, BadQuantity below zero or between the unit's
    steps, BadMoment before the count began, NotCounting when the count is over. The same key writes once.
    """
    fingerprint = [line.pk, quantity]
    if done := idempotency.find(scope="counting.record", key=key, fingerprint=fingerprint):
        return done
    fresh = _line(line)
    check_figure(fresh.product, quantity)
    if revision is not None and fresh.revision != revision:
        raise CountedMeanwhile(fresh, given=quantity)
    check_moment(fresh.count, at)
    fresh.book = _book(fresh, at)
    fresh.counted, fresh.reason = quantity, reason.strip() or fresh.reason
    _write(fresh, CountEntry.Kind.SET, quantity, at)
    idempotency.remember(scope="counting.record", key=key, fingerprint=fingerprint, result=fresh)
    return fresh


@transaction.atomic
def add(line: StockCountLine, *, quantity: Decimal, key: str | None = None) -> StockCountLine:
    """Add what was found on another shelf to a line, whoever counted it before. The same key adds once."""
    fingerprint = [line.pk, quantity]
    if done := idempotency.find(scope="counting.add", key=key, fingerprint=fingerprint):
        return done
    fresh = _line(line)
    check_figure(fresh.product, quantity)
    check_figure(fresh.product, (fresh.counted or ZERO) + quantity)
    if fresh.counted is None:
        fresh.book = _book(fresh)
    fresh.counted = (fresh.counted or ZERO) + quantity
    _write(fresh, CountEntry.Kind.ADD, quantity)
    idempotency.remember(scope="counting.add", key=key, fingerprint=fingerprint, result=fresh)
    return fresh


@transaction.atomic
def take_back(line: StockCountLine, *, revision: int | None = None) -> StockCountLine:
    """Make a line blank again. Raises CountedMeanwhile when somebody changed it since."""
    fresh = _line(line)
    if revision is not None and fresh.revision != revision:
        raise CountedMeanwhile(fresh, given=None)
    fresh.counted = fresh.book = None
    _write(fresh, CountEntry.Kind.CLEAR, ZERO)
    return fresh


@transaction.atomic
def rest_is_zero(count: StockCount) -> int:
    """Say that nothing is there of every line that nobody counted. Returns how many those were."""
    _counting(count)
    rest = list(StockCountLine.objects.filter(count=count, counted=None))
    book = book_at({(line.lot_id, line.location_id) for line in rest})
    now, person = clock.now(), _person()
    for line in rest:
        line.book, line.counted = book[line.lot_id, line.location_id], ZERO
        line.counted_at, line.counted_by_id = now, person
        line.revision += 1
    bulk.update(rest, WRITTEN)
    bulk.insert(
        [
            CountEntry(line=line, kind=CountEntry.Kind.SET, quantity=ZERO, after=ZERO, at=now, actor_id=person)
            for line in rest
        ]
    )
    return len(rest)


def _counting(count: StockCount) -> StockCount:
    """The count, locked: who posts it and who still counts exclude each other."""
    fresh = lock(count)
    if fresh.status != StockCount.Status.OPEN:
        raise NotCounting.of(fresh, since=refusals.since_when(fresh, status=fresh.status))
    return fresh


def _line(line: StockCountLine) -> StockCountLine:
    _counting(line.count)
    return StockCountLine.objects.select_related("product__unit", "lot", "location", "counted_by", "count").get(
        pk=line.pk
    )


def check_figure(product: Product, amount: Decimal) -> None:
    """Raise BadQuantity for a figure below zero or between the steps of the product's unit."""
    if amount < 0:
        raise BadQuantity(_("A count is not below zero."), field="quantity")
    amounts.check_most(product, amount)
    step = product.unit.step
    if quantities.round_half_up(amount, step) != amount:
        raise BadQuantity(
            _("%(product)s is counted in steps of %(step)s; %(amount)s lies between two. Enter whole steps.")
            % {
                "product": product.name,
                "step": quantities.format_quantity(step, product.unit.code),
                "amount": quantities.format_quantity(amount, product.unit.code),
            },
            field="quantity",
        )


def check_moment(count: StockCount, at: datetime | None) -> None:
    """Raise BadMoment for an instant in the future, or before the count began."""
    if at is not None and (at > clock.now() or at < count.created_at.replace(second=0, microsecond=0)):
        raise BadMoment(count.created_at)


def _book(line: StockCountLine, at: datetime | None = None) -> Decimal:
    cell = (line.lot_id, line.location_id)
    return book_at([cell], at)[cell]


def _write(line: StockCountLine, kind: str, quantity: Decimal, at: datetime | None = None) -> None:
    now, person = clock.now(), _person()
    line.revision += 1
    line.counted_at = None if line.counted is None else at or now
    line.counted_by_id = person if line.counted is not None else None
    line.save(update_fields=WRITTEN)
    CountEntry.objects.create(
        line_id=line.pk, kind=kind, quantity=quantity, after=line.counted, at=now, actor_id=person
    )


def _different(count: StockCount) -> list[StockCountLine]:
    rows = StockCountLine.objects.filter(count=count, counted__isnull=False)
    return [
        line
        for line in rows.select_related("lot", "product__unit", "location").order_by("product_id", "pk")
        if line.difference
    ]


@transaction.atomic
def send_for_approval(count: StockCount, *, revision: int | None = None) -> StockCount:
    """Say that counting is done; somebody who may approve it posts it."""
    return state.advance(count, StockCount.Status.APPROVAL, revision=revision)


@transaction.atomic
def go_on(count: StockCount, *, reason: str = "", revision: int | None = None) -> StockCount:
    """Back to counting: something is to be looked at again."""
    return state.advance(count, StockCount.Status.OPEN, revision=revision)


@transaction.atomic
def cancel(count: StockCount, *, reason: str, revision: int | None = None) -> StockCount:
    """Give a count up; the book stays as it is. Raises ReasonMissing."""
    if not reason.strip():
        raise ReasonMissing
    return state.advance(count, StockCount.Status.CANCELLED, revision=revision)


@transaction.atomic
def post(count: StockCount, *, approved: bool = False, seen: str = "", key: str | None = None) -> StockCount:
    """Bring the book to what was counted, as one operation; what moved since a line was counted stays moved.

    Lines that nobody counted stay as they are. Holds on stock that is not there move to other stock, or wait. Raises
    ApprovalNeeded when the differences are worth more than the tolerance and nobody approved, CountChanged when
    somebody wrote down a figure since `counts.seen` was `seen`, CountOvertaken when less is left than the difference
    takes or another count has set a line right since, CountPosted when it was posted before. The same key posts once.
    """
    fingerprint = [count.pk]
    product_ids = set(StockCountLine.objects.filter(count=count).values_list("product_id", flat=True))
    products = stock_locks.lock_products(product_ids)
    fresh = lock(count)
    # After the locks: whoever waited for them may have waited for the same key.
    if done := idempotency.find(scope="counting.post", key=key, fingerprint=fingerprint):
        return done
    if fresh.status == StockCount.Status.POSTED:
        raise CountPosted(fresh, since=refusals.since_when(fresh, status=fresh.status))
    if seen and seen != figures_seen(fresh):
        raise CountChanged(fresh.number)
    lines = _different(count)
    total, most = deviation(lines), policy.current().count_tolerance
    if total > most and not approved:
        currency = current_company().currency
        raise ApprovalNeeded(money.format_money(total, currency), money.format_money(most, currency), who=approvers())
    there = {
        (row.lot_id, row.location_id): row.quantity
        for row in StockBalance.objects.filter(lot_id__in={line.lot_id for line in lines})
    }
    overtaken.refuse(lines, there)
    _let_go(lines, there)
    other = locations.virtual(Location.Kind.ADJUSTMENT)
    moves = []
    for line in lines:
        difference = line.difference or ZERO
        source, destination = (other, line.location) if difference > 0 else (line.location, other)
        moves.append(PostLine(products[line.product_id], line.lot, source, destination, abs(difference)))
    if moves:
        count.operation = post_moves(StockOperation.Kind.COUNT, moves, reason=count.note or count.number, origin=count)
        allocation.serve(product_ids)
    count.posted_at = clock.now()
    state.advance(count, StockCount.Status.POSTED, fields=["posted_at", "operation"])
    idempotency.remember(scope="counting.post", key=key, fingerprint=fingerprint, result=count)
    return count


def _let_go(lines: Collection[StockCountLine], there: dict[tuple[int, int], Decimal]) -> None:
    """Take allocations off stock that is not there."""
    allocation.let_go(
        {
            (line.lot_id, line.location_id): there.get((line.lot_id, line.location_id), ZERO)
            + (line.difference or ZERO)
            for line in lines
            if (line.difference or ZERO) < 0
        }
    )
