"""The floor: open work by work centre, each order where its next step is."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Prefetch, Sum

from apps.catalog.models import Product
from apps.production.models import WorkCenter, WorkOrder, WorkOrderStep
from apps.production.selectors import work_orders as orders_read
from backoffice.kernel import clock

HORIZON = timedelta(hours=30)
MOST = 60


@dataclass(frozen=True)
class Card:
    """One order at the work centre of its next step."""

    order: WorkOrder
    step: WorkOrderStep | None
    short: list[tuple[Product, Decimal]]
    reported: Decimal
    now: datetime

    @property
    def kind(self) -> str:
        """ready, running, paused or report: what the card offers."""
        if self.order.status == WorkOrder.Status.PAUSED:
            return "paused"
        if self.order.status == WorkOrder.Status.IN_PROGRESS and self.step is None:
            return "report"
        return "running" if self.step is not None and self.step.started_at else "ready"

    @property
    def is_late(self) -> bool:
        if self.ends_at is not None:
            return self.ends_at < self.now
        return self.order.due_at < self.now

    @property
    def ends_at(self) -> datetime | None:
        """When the running step should be done."""
        if self.step is None or self.step.started_at is None:
            return None
        return self.step.started_at + timedelta(seconds=int(self.step.minutes * 60))

    @property
    def seconds(self) -> int:
        return int(self.step.minutes * 60) if self.step else 0

    @property
    def elapsed(self) -> int:
        started = self.step.started_at if self.step else None
        return min(int((self.now - started).total_seconds()), self.seconds) if started else 0

    @property
    def is_last(self) -> bool:
        return self.step is not None and self.step == self.order.all_steps[-1]  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Column:
    center: WorkCenter | None
    cards: list[Card]
    done: list[WorkOrder]


@dataclass(frozen=True)
class Board:
    columns: list[Column]
    centers: list[WorkCenter]
    seen: str


def board(center: str = "") -> Board:
    """Released and running orders of the next day or so. `seen` changes when anything on the board does."""
    now = clock.now()
    steps = Prefetch(
        "steps",
        WorkOrderStep.objects.select_related("work_center", "operator").order_by("position"),
        to_attr="all_steps",
    )
    orders = list(
        WorkOrder.objects.filter(status__in=[WorkOrder.Status.RELEASED, *WorkOrder.RUNNING], due_at__lt=now + HORIZON)
        .select_related("product__unit", "product__category")
        .prefetch_related(steps)
        .annotate(reported_sum=Sum("outputs__quantity"))
        .order_by("due_at", "pk")[:MOST]
    )
    start, end = clock.day_bounds(clock.today())
    done = (
        WorkOrder.objects.filter(status=WorkOrder.Status.DONE, finished_at__gte=start, finished_at__lt=end)
        .select_related("product__unit")
        .prefetch_related(steps)
        .order_by("-finished_at")[:MOST]
    )
    short = orders_read.missing_names(orders)
    cards: dict[int | None, list[Card]] = defaultdict(list)
    for order in orders:
        card = _card(order, short.get(order.pk, []), now)
        cards[_center(order, card.step)].append(card)
    ended: dict[int | None, list[WorkOrder]] = defaultdict(list)
    for ready in done:
        ended[_center(ready, None)].append(ready)
    centers = list(WorkCenter.objects.filter(is_active=True).order_by("position", "name"))
    columns = [
        Column(item, cards.get(item.pk, []), ended.get(item.pk, [])[:6])
        for item in centers
        if center in ("", item.code)
    ]
    if (loose := cards.get(None)) and not center:
        columns.append(Column(None, loose, []))
    return Board(columns, centers, _seen(columns))


def _card(order: WorkOrder, short: list[tuple[Product, Decimal]], now: datetime) -> Card:
    step = next((step for step in order.all_steps if step.finished_at is None), None)  # type: ignore[attr-defined]
    return Card(order, step, short, order.reported_sum or Decimal(0), now)  # type: ignore[attr-defined]


def _center(order: WorkOrder, step: WorkOrderStep | None) -> int | None:
    steps: Sequence[WorkOrderStep] = order.all_steps  # type: ignore[attr-defined]
    found = step or (steps[-1] if steps else None)
    return found.work_center_id if found else None


def _seen(columns: Sequence[Column]) -> str:
    """A fingerprint of what is shown; lateness is part of it, running time is not."""
    parts = [
        (
            column.center and column.center.pk,
            [
                (
                    card.order.pk,
                    card.order.revision,
                    card.kind,
                    card.step and card.step.pk,
                    card.is_late,
                    str(card.reported),
                    len(card.short),
                )
                for card in column.cards
            ],
            [order.pk for order in column.done],
        )
        for column in columns
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
