"""A cost correction as it is shown: what would change while it is a draft, what changed once it is applied."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.contrib.contenttypes.models import ContentType

from apps.inventory.models import CostCorrection, CostCorrectionLine, Location, Lot, Move, StockOperation
from apps.inventory.selectors import recosting
from apps.inventory.selectors.recosting import DocumentChange
from apps.inventory.selectors.replay import AT_ONCE, LotChange

ZERO = Decimal(0)
SHOWN = 25
MOST = 2000
Sees = Callable[[str], bool]


@dataclass(frozen=True)
class OperationRow:
    """What an operation moved of a lot, and what that was worth before and after."""

    operation: StockOperation
    lot: Lot
    quantity: Decimal
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class LotRow:
    lot: Lot
    change: LotChange


@dataclass(frozen=True)
class DocumentRow:
    """An order or a work order; `document` is None when it is gone."""

    document: Any
    change: DocumentChange


@dataclass
class Shown:
    """The parts of the page. Of long parts the largest differences are shown, the file has all."""

    lines: list[CostCorrectionLine]
    operations: list[OperationRow] = field(default_factory=list)
    lots: list[LotRow] = field(default_factory=list)
    work: list[DocumentRow] = field(default_factory=list)
    sold: list[DocumentRow] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    difference: Decimal = ZERO
    on_hand: Decimal = ZERO
    ends: dict[str, Decimal] = field(default_factory=dict)
    may_see_sold: bool = False


def of(correction: CostCorrection, *, sees: Sees, most: int | None = SHOWN) -> Shown:
    """The correction's page: from the books when it is applied, worked out when it is not.

    Of each part `most` rows, those with the largest differences; None is all.
    """
    lines = list(correction.lines.select_related("move__product__unit", "move__lot").order_by("pk"))
    shown = Shown(lines, difference=sum((line.difference for line in lines), ZERO))
    if correction.status == CostCorrection.Status.APPLIED:
        moves, lots, documents = _written(correction, shown)
    elif correction.is_open:
        moves, lots, documents = _worked_out(correction, shown)
    else:
        return shown
    shown.on_hand = sum((one.value_after - one.value_before for one in lots), ZERO)
    shown.operations = _operations(_largest(moves, most, lambda one: abs(one[2] - one[1])), shown)
    shown.more["operations"] = len(moves) - len(shown.operations)
    some = _largest(lots, most, lambda one: abs(one.value_after - one.value_before))
    of_lot = Lot.objects.select_related("product__unit").in_bulk([one.lot_id for one in some])
    shown.lots = [LotRow(of_lot[one.lot_id], one) for one in some]
    shown.more["lots"] = len(lots) - len(some)
    _documents(documents, shown, sees=sees, most=most)
    return shown


Changed = tuple[int, Decimal, Decimal]
"""Move, value before and after."""


def _worked_out(
    correction: CostCorrection, shown: Shown
) -> tuple[list[Changed], list[LotChange], list[DocumentChange]]:
    plan = recosting.plan({line.move_id: line.after for line in shown.lines})
    kinds = dict(Location.objects.values_list("pk", "kind"))
    shown.ends = plan.by_end(kinds)
    moves = [(change.step.pk, change.before, change.after) for change in plan.moves]
    return moves, plan.lots, recosting.documents(plan)


def _written(correction: CostCorrection, shown: Shown) -> tuple[list[Changed], list[LotChange], list[DocumentChange]]:
    ends: dict[str, Decimal] = defaultdict(Decimal)
    carried = Move.objects.filter(operation_id=correction.operation_id)
    for source, destination, value in carried.values_list("source__kind", "destination__kind", "value"):
        ends[source] -= value
        ends[destination] += value
    shown.ends = {kind: value for kind, value in ends.items() if kind in Location.VIRTUAL}
    moves: list[Changed] = list(correction.changes.order_by("pk").values_list("move_id", "before", "after"))
    lots = [
        LotChange(one.lot_id, 0, one.unit_before, one.unit_after, one.value_before, one.value_after)
        for one in correction.lot_changes.order_by("pk")
    ]
    documents = [
        DocumentChange(
            (one.document_type_id, one.document_id),
            one.cost_before, one.cost_after, one.worth_before, one.worth_after,
        )
        for one in correction.document_changes.order_by("pk")
    ]  # fmt: skip
    return moves, lots, documents


def _largest(rows: Sequence[Any], most: int | None, size: Callable[[Any], Decimal]) -> list[Any]:
    """The rows in their order; of more than `most` the largest."""
    if most is None or len(rows) <= most:
        return list(rows)
    kept = set(sorted(range(len(rows)), key=lambda at: (-size(rows[at]), at))[:most])
    return [row for at, row in enumerate(rows) if at in kept]


def _operations(changed: Iterable[Changed], shown: Shown) -> list[OperationRow]:
    values = {pk: (before, after) for pk, before, after in changed}
    moves: list[Move] = []
    wanted = sorted(values)
    for start in range(0, len(wanted), AT_ONCE):
        rows = Move.objects.filter(pk__in=wanted[start : start + AT_ONCE]).order_by("pk")
        moves += rows.select_related("operation", "lot__product__unit").prefetch_related("operation__origin")
    return [
        OperationRow(move.operation, move.lot, move.quantity, *values[move.pk])
        for move in sorted(moves, key=lambda move: move.pk)
    ]


def _documents(documents: Sequence[DocumentChange], shown: Shown, *, sees: Sees, most: int | None) -> None:
    named: Mapping[str, Mapping[str, str]] = import_module("backoffice.composition").COST_CARRIERS
    for label, paths in named.items():
        kind = ContentType.objects.get_by_natural_key(*label.split("."))
        mine = [one for one in documents if one.document[0] == kind.pk]
        name = "work" if "batches" in paths else "sold"
        allowed = sees(paths["permission"])
        if name == "sold":
            shown.may_see_sold = allowed
        if not mine or not allowed:
            continue
        some = _largest(mine, most, lambda one: abs(one.cost_after - one.cost_before))
        model: Any = kind.model_class()
        found: dict[int, Any] = {}
        keys = [one.document[1] for one in some]
        for start in range(0, len(keys), AT_ONCE):
            found |= model._default_manager.in_bulk(keys[start : start + AT_ONCE])
        setattr(shown, name, [DocumentRow(found.get(one.document[1]), one) for one in some])
        shown.more[name] = len(mine) - len(some)
