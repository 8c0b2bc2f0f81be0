"""The moves of some lots, gone through again in the order in which they were posted, by the rules of the posting.

What leaves a place takes its share of the value there, the last of it takes the rest; what a document made shares what
went into it by the largest remainder. So cents are neither made nor lost, and where nothing is left nothing is worth
anything.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet, Sum

from apps.inventory.models import CostChange, Location, Lot, Move, StockOperation
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities

ZERO = Decimal(0)
AT_ONCE = 400
Kind = StockOperation.Kind
Document = tuple[int, int]
"""Content type and key of what caused an operation."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a document reported at one time: lots, and how what went into them is shared.

    `part` is the share that these lots take of what went in since the batch before; None is all that is there.
    """

    lots: tuple[int, ...]
    weights: tuple[Decimal, ...]
    part: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A move that carried stock, as the books have its value now."""

    pk: int
    operation_id: int
    kind: str
    document: Document | None
    reverses_id: int | None
    product_id: int
    lot_id: int
    source_id: int
    destination_id: int
    quantity: Decimal
    value: Decimal


@dataclass(frozen=True, slots=True)
class MoveChange:
    """A move whose value becomes another."""

    step: Step
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class LotChange:
    """A lot whose unit cost, or the value of what is left of it, becomes another."""

    lot_id: int
    product_id: int
    unit_before: Decimal
    unit_after: Decimal
    value_before: Decimal
    value_after: Decimal


Carriers = Mapping[int, Callable[[Collection[int]], Mapping[int, Sequence[Batch]]]]
"""Who knows how the outputs of a document share what went into it, by content type."""


def added(changes: QuerySet[CostChange]) -> dict[int, Decimal]:
    """What these corrections add to the value of moves, by move."""
    rows: Any = changes.order_by().values("move_id").annotate(new=Sum("after"), old=Sum("before"))
    return {pk: new - old for pk, new, old in rows.values_list("move_id", "new", "old")}


class History:
    """Every move of the lots that may be reached, and how documents hand on what went into them."""

    def __init__(self, start: Collection[int], carriers: Carriers) -> None:
        self.steps: dict[int, Step] = {}
        self.batches: dict[Document, Sequence[Batch]] = {}
        self.physical = set(Location.objects.physical().values_list("pk", flat=True))
        self.of_operation: dict[int, list[Step]] = defaultdict(list)
        self.lot_type = ContentType.objects.get_for_model(Lot).pk
        self._carriers = carriers
        seen: set[int] = set()
        edge = set(start)
        while edge:
            new = self._load(edge)
            seen |= edge
            edge = (self._made(new) | self._poured(new)) - seen

    def in_order(self) -> list[Step]:
        return sorted(self.steps.values(), key=lambda step: step.pk)

    def _load(self, lots: Collection[int]) -> list[Step]:
        new = []
        wanted = sorted(lots)
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]
            more = added(CostChange.objects.filter(move__lot_id__in=part))
            rows: Any = Move.objects.filter(lot_id__in=part, quantity__gt=0).values_list(
                "pk", "operation_id", "operation__kind", "operation__origin_type_id", "operation__origin_id",
                "operation__reverses_id", "product_id", "lot_id", "source_id", "destination_id", "quantity", "value",
            )  # fmt: skip
            for pk, operation, kind, origin_type, origin, reverses, product, lot, source, to, quantity, value in rows:
                document = (origin_type, origin) if origin_type is not None and origin is not None else None
                step = Step(
                    pk, operation, kind, document, reverses, product, lot, source, to, quantity,
                    value + more.get(pk, ZERO),
                )  # fmt: skip
                self.steps[pk] = step
                self.of_operation[operation].append(step)
                new.append(step)
        return new

    def is_pour(self, step: Step) -> bool:
        """Whether it belongs to a lot that was split or merged."""
        return step.kind == Kind.ADJUSTMENT and step.document is not None and step.document[0] == self.lot_type

    def _made(self, steps: Iterable[Step]) -> set[int]:
        """Lots that came out of documents that used some of it."""
        users: dict[int, set[int]] = defaultdict(set)
        for step in steps:
            document = step.document
            carried = step.kind == Kind.CONSUMPTION and document is not None and document[0] in self._carriers
            if carried and document is not None and document not in self.batches:
                users[document[0]].add(document[1])
        found: set[int] = set()
        for kind, keys in users.items():
            for key, batches in self._carriers[kind](keys).items():
                self.batches[kind, key] = batches
                found.update(lot for batch in batches for lot in batch.lots)
        return found

    def _poured(self, steps: Iterable[Step]) -> set[int]:
        """Lots that some of it was split or merged into: the posting names them."""
        return {step.document[1] for step in steps if step.document is not None and self.is_pour(step)}


class _Work:
    """What is in the bowl of a document beyond what the books say, while its moves are gone through."""

    def __init__(self, batches: Sequence[Batch], booked: Mapping[int, Decimal]) -> None:
        self.of_lot = {lot: batch for batch in batches for lot in batch.lots}
        self.booked = booked
        self.more = self.since = ZERO
        self.settled: dict[int, Decimal] = {}

    def put(self, difference: Decimal) -> None:
        self.more += difference
        self.since += difference

    def take(self, lot: int) -> Decimal | None:
        """What the lot is worth now; None when the document does not know it."""
        if lot not in self.settled and lot in self.of_lot:
            self._settle(self.of_lot[lot])
        return self.settled.get(lot)

    def _settle(self, batch: Batch) -> None:
        before = [self.booked.get(lot, ZERO) for lot in batch.lots]
        if not self.more:
            after = before
        elif batch.part is None:
            after = money.split(max(sum(before, ZERO) + self.more, ZERO), batch.weights)
        else:
            share = money.round_money(quantities.from_fraction(Fraction(self.since) * batch.part))
            after = [max(before[0] + share, ZERO)]
        self.more -= sum(after, ZERO) - sum(before, ZERO)
        self.since = ZERO
        self.settled.update(zip(batch.lots, after, strict=True))


@dataclass
class _Entered:
    """What came into the house of a lot; `bought` of it was received or made, `times` often.

    `unit` is what one cost when it was split off or merged, until more is received.
    """

    quantity: Decimal = ZERO
    before: Decimal = ZERO
    after: Decimal = ZERO
    bought: Decimal = ZERO
    paid: Decimal = ZERO
    times: int = 0
    unit: Fraction | None = None


class Replay:
    """The places as they fill and empty, in the books and as they should be."""

    def __init__(self, history: History, given: Mapping[int, Decimal]) -> None:
        self.history, self.given = history, given
        self.places: dict[int, dict[int, list[Decimal]]] = defaultdict(dict)
        self.entered: dict[int, _Entered] = defaultdict(_Entered)
        self.value_of: dict[int, Decimal] = {}
        booked: dict[Document, dict[int, Decimal]] = defaultdict(dict)
        for step in history.steps.values():
            if step.kind == Kind.OUTPUT and step.document in history.batches:
                booked[step.document][step.lot_id] = step.value
        self.work = {document: _Work(batches, booked[document]) for document, batches in history.batches.items()}

    def value(self, step: Step) -> Decimal:
        """What the move is worth, by the rules of the posting."""
        if step.source_id in self.history.physical:
            return self._leaving(step)
        return self._entering(step)

    def book(self, step: Step, after: Decimal) -> None:
        """Let the move happen."""
        self.value_of[step.pk] = after
        for place, sign in ((step.source_id, -1), (step.destination_id, 1)):
            if place in self.history.physical:
                cell = self.places[step.lot_id].setdefault(place, [ZERO, ZERO, ZERO])
                cell[0] += sign * step.quantity
                cell[1] += sign * step.value
                cell[2] += sign * after
        if step.source_id not in self.history.physical:
            entered = self.entered[step.lot_id]
            entered.quantity += step.quantity
            entered.before += step.value
            entered.after += after
            if step.kind in (Kind.RECEIPT, Kind.OUTPUT) or self.history.is_pour(step):
                entered.bought += step.quantity
                entered.paid += after
                entered.times += 1
                entered.unit = self._poured(step) if self.history.is_pour(step) else None
        elif step.kind == Kind.CONSUMPTION and step.document in self.work:
            self.work[step.document].put(after - step.value)

    def _leaving(self, step: Step) -> Decimal:
        there, before, after = self.places[step.lot_id].get(step.source_id, (ZERO, ZERO, ZERO))
        if step.quantity >= there:
            return after
        if step.reverses_id is not None:
            return min(self._undone(step), after)
        if after == before:
            return step.value
        return min(money.round_money(after * step.quantity / there), after)

    def _entering(self, step: Step) -> Decimal:
        if step.pk in self.given:
            return self.given[step.pk]
        if step.reverses_id is not None:
            return self._undone(step)
        if step.kind == Kind.OUTPUT and step.document in self.work:
            made = self.work[step.document].take(step.lot_id)
            return step.value if made is None else made
        if self.history.is_pour(step):
            poured = [one for one in self.history.of_operation[step.operation_id] if one.lot_id != step.lot_id]
            return self.value_of.get(poured[0].pk, step.value) if poured else step.value
        if step.kind == Kind.RECEIPT:
            return step.value
        return self._found(step)

    def _undone(self, step: Step) -> Decimal:
        """The move that this one takes back has a value by now: same lot, same quantity, the other way round."""
        for one in self.history.of_operation.get(step.reverses_id or 0, ()):
            same = (one.lot_id, one.quantity) == (step.lot_id, step.quantity)
            if same and (one.source_id, one.destination_id) == (step.destination_id, step.source_id):
                return self.value_of.get(one.pk, step.value)
        return step.value

    def _found(self, step: Step) -> Decimal:
        """What was found or came back is worth what its lot costs by then."""
        entered, unit = self.entered[step.lot_id], self._unit(step.lot_id)
        if entered.after == entered.before or unit is None:
            return step.value
        return money.round_money(quantities.from_fraction(unit * Fraction(step.quantity)))

    def _poured(self, step: Step) -> Fraction | None:
        """What one costs of a lot that just got part of another: the first is of the other's cost, more an average."""
        if self.entered[step.lot_id].times > 1:
            return self._average(step.lot_id)
        others = [one for one in self.history.of_operation[step.operation_id] if one.lot_id != step.lot_id]
        return self._unit(others[0].lot_id) if others else None

    def _unit(self, lot_id: int) -> Fraction | None:
        """What one of the lot costs; None when that is not known.

        A lot that came at once costs what was paid for it, several receipts in one lot cost what is left of them.
        """
        entered = self.entered[lot_id]
        if entered.unit is not None:
            return entered.unit
        average = self._average(lot_id) if entered.times > 1 else None
        if average is None and entered.bought:
            return Fraction(entered.paid) / Fraction(entered.bought)
        return average

    def _average(self, lot_id: int) -> Fraction | None:
        cells = self.places[lot_id].values()
        here, after = sum((cell[0] for cell in cells), ZERO), sum((cell[2] for cell in cells), ZERO)
        return Fraction(after) / Fraction(here) if here else None

    def lot(self, lot_id: int, product_id: int, unit: Decimal) -> LotChange:
        """What a unit of the lot costs now, and what is left of it is worth."""
        cells = self.places[lot_id].values()
        before, after = (sum((cell[at] for cell in cells), ZERO) for at in (1, 2))
        entered, costs = self.entered[lot_id], self._unit(lot_id)
        changed = entered.after != entered.before or before != after
        unit_after = quantities.from_fraction(costs) if changed and costs is not None else unit
        return LotChange(lot_id, product_id, unit, unit_after, before, after)
