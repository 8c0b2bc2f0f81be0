"""What every later figure would be, had a receipt been in the books at another cost from the beginning.

Reads only; `replay` goes through the moves.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import import_module
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.utils.module_loading import import_string

from apps.inventory.models import CostChange, Location, Lot, Move
from apps.inventory.selectors import replay
from apps.inventory.selectors.replay import AT_ONCE, Document, History, LotChange, MoveChange, Replay
from backoffice.kernel.fields import MoneyField

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class DocumentChange:
    """What a document cost and what it brought, before and after."""

    document: Document
    cost_before: Decimal
    cost_after: Decimal
    worth_before: Decimal
    worth_after: Decimal

    @property
    def left_before(self) -> Decimal:
        """What is left: the margin of an order; of work what it brought less what it took."""
        return self.worth_before - self.cost_before

    @property
    def left_after(self) -> Decimal:
        return self.worth_after - self.cost_after


@dataclass
class Plan:
    """Everything that changes."""

    moves: list[MoveChange] = field(default_factory=list)
    lots: list[LotChange] = field(default_factory=list)
    product_ids: set[int] = field(default_factory=set)
    documents: set[Document] = field(default_factory=set)

    def by_end(self, kinds: Mapping[int, str]) -> dict[str, Decimal]:
        """How much more arrived at each kind of place that is no stock: supplier, customer, waste … (with its sign)."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for change in self.moves:
            if (kind := kinds[change.step.destination_id]) in Location.VIRTUAL:
                found[kind] += change.difference
            if (kind := kinds[change.step.source_id]) in Location.VIRTUAL:
                found[kind] -= change.difference
        return dict(found)


def told(what: str) -> dict[int, Callable[..., Any]]:
    """What the rooms above do about a correction, by content type: "batches", "figures", "lock" or "apply"."""
    named: dict[str, dict[str, str]] = import_module("backoffice.composition").COST_CARRIERS
    return {
        ContentType.objects.get_by_natural_key(*label.split(".")).pk: import_string(paths[what])
        for label, paths in named.items()
        if what in paths
    }


def documents(found: Plan) -> list[DocumentChange]:
    """What becomes of the documents that are touched, as their rooms say."""
    rows: list[DocumentChange] = []
    for kind, figures in told("figures").items():
        mine = [change for change in found.moves if change.step.document and change.step.document[0] == kind]
        if mine:
            rows += figures(mine)
    return rows


def current(moves: Iterable[int]) -> dict[int, Decimal]:
    """What corrections added to the value of these moves, by move. Without any a move is missing."""
    found: dict[int, Decimal] = {}
    wanted = sorted(moves)
    for start in range(0, len(wanted), AT_ONCE):
        found |= replay.added(CostChange.objects.filter(move_id__in=wanted[start : start + AT_ONCE]))
    return found


def with_corrections(moves: QuerySet[Move]) -> list[Any]:
    """The moves, each with `corrected`: what corrections added to its value, None without any. No further query."""
    changes = CostChange.objects.filter(move_id=OuterRef("pk")).order_by().values("move_id")
    more = changes.annotate(more=Sum(F("after") - F("before"), output_field=MoneyField())).values("more")
    return list(moves.annotate(corrected=Subquery(more, output_field=MoneyField())))


def plan(given: Mapping[int, Decimal]) -> Plan:
    """What changes when these moves (of receipts) are worth that. A handful of queries for each level of the tree."""
    start = set(Move.objects.filter(pk__in=given).values_list("lot_id", flat=True))
    history = History(start, told("batches"))
    again = Replay(history, given)
    found = Plan()
    for step in history.in_order():
        after = again.value(step)
        again.book(step, after)
        if after != step.value:
            found.moves.append(MoveChange(step, step.value, after))
            if step.document is not None:
                found.documents.add(step.document)
    changed = {change.step.lot_id: change.step.product_id for change in found.moves}
    wanted = sorted(changed)
    for first in range(0, len(wanted), AT_ONCE):
        for pk, unit in Lot.objects.filter(pk__in=wanted[first : first + AT_ONCE]).values_list("pk", "unit_cost"):
            found.lots.append(again.lot(pk, changed[pk], unit))
    found.product_ids = {change.step.product_id for change in found.moves}
    return found
