"""What the page of a work order says, computed once for its template."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from apps.production.models import WorkOrder
from apps.production.selectors import explosion
from apps.production.selectors.work_orders import CostRow, Sheet
from apps.production.services.work_orders import operations_cost
from backoffice.kernel import money
from backoffice.kernel.quantity import format_quantity

Status = WorkOrder.Status
ZERO = Decimal(0)


@dataclass(frozen=True)
class Stage:
    """One dot of the flow at the top."""

    label: str
    at: datetime | None
    state: str  # done, current or ""
    note: str = ""


@dataclass(frozen=True)
class Bar:
    """One column of the chart from standard to actual."""

    label: str
    value: str
    css: str
    text_css: str
    x: int
    y: int
    height: int
    middle: int
    text_y: int


@dataclass(frozen=True)
class Page:
    stages: list[Stage]
    costs: list[CostRow]
    bars: list[Bar]
    planned: Decimal
    actual: Decimal
    per_good: Decimal | None
    planned_per_good: Decimal | None
    yield_percent: Decimal | None
    target_percent: Decimal
    unaccounted: Decimal

    @property
    def difference(self) -> Decimal:
        return self.actual - self.planned

    @property
    def difference_percent(self) -> Decimal | None:
        return money.round_to(self.difference * 100 / self.planned, 1) if self.planned else None


def expected_good(order: WorkOrder) -> Decimal:
    """What comes out when all goes as the recipe says."""
    share = 1 - Fraction(order.recipe.yield_loss_percent) / 100
    return explosion.down(Fraction(order.quantity) * share, order.product.unit.step)


def progress(order: WorkOrder, reported: Decimal) -> str:
    """One sentence: planned and reported so far."""
    unit = order.product.unit.code
    return _("%(product)s: %(planned)s planned, %(reported)s reported so far.") % {
        "product": order.product,
        "planned": format_quantity(order.quantity, unit),
        "reported": format_quantity(Decimal(reported), unit),
    }


def build(order: WorkOrder, sheet: Sheet) -> Page:
    """The figures of the page."""
    material_plan = money.round_money(sum((row.planned_value for row in sheet.materials), ZERO))
    work_plan = operations_cost(sheet.steps)
    costs = [
        CostRow(_("Materials"), material_plan, order.material_cost),
        CostRow(_("Work"), work_plan, order.operation_cost),
    ]
    planned, actual = material_plan + work_plan, order.material_cost + order.operation_cost
    good = expected_good(order)
    reported = sheet.reported
    return Page(
        stages=_stages(order),
        costs=costs,
        bars=_bars(costs, planned, actual) if actual else [],
        planned=planned,
        actual=actual,
        per_good=_divide(order.output_value, sheet.good + sheet.second) if sheet.good else None,
        planned_per_good=_divide(planned, good) if good else None,
        yield_percent=money.round_to(sheet.good * 100 / max(reported, order.quantity), 1) if reported else None,
        target_percent=100 - order.recipe.yield_loss_percent,
        unaccounted=max(order.quantity - reported, ZERO) if order.status == Status.DONE else ZERO,
    )


def _divide(total: Decimal, by: Decimal) -> Decimal:
    return money.round_to(total / by, 4)


def _stages(order: WorkOrder) -> list[Stage]:
    ended = _("Finished")
    if order.status in (Status.CANCELLED, Status.ABORTED):
        ended = capfirst(order.get_status_display())
    reached = [order.created_at, order.released_at, order.started_at, order.finished_at]
    labels = [_("Planned"), _("Released"), _("Started"), ended]
    last = max(index for index, at in enumerate(reached) if at is not None)
    return [
        Stage(
            label,
            at,
            "current" if index == last else "done" if at else "",
            _("paused") if index == last and order.status == Status.PAUSED else "",
        )
        for index, (label, at) in enumerate(zip(labels, reached, strict=True))
    ]


def _bars(costs: list[CostRow], planned: Decimal, actual: Decimal) -> list[Bar]:
    """Planned, what each part added or saved, actual: heights in whole pixels, from a floor that is cut off."""
    steps = [(_("Planned"), ZERO, planned, "t", "v")]
    level = planned
    for row in costs:
        steps.append((row.name, level, level + row.difference, "u", "up"))
        level += row.difference
    steps.append((_("Actual"), ZERO, actual, "a", "v"))
    values = [value for _label, start, end, _css, _text in steps for value in (start, end) if value]
    low, high = min(values), max(values)
    floor = max(ZERO, low - max((high - low) * Decimal("0.6"), high * Decimal("0.05")))
    scale = Decimal(84) / (high - floor) if high > floor else ZERO

    def y_of(value: Decimal) -> int:
        return int(118 - max(value - floor, ZERO) * scale)

    bars = []
    width, gap = 480 // len(steps), 60
    for index, (label, start, end, css, text_css) in enumerate(steps):
        top, bottom = y_of(max(start, end)), y_of(min(start, end)) if start else 118
        change = end - start if css == "u" else end
        sign = "+" if css == "u" and change > 0 else ""
        x = index * width + (width - gap) // 2
        bars.append(
            Bar(
                label,
                f"{sign}{money.format_amount(change)}",
                "a good" if css == "u" and change < 0 else css,
                "v" if change <= 0 else text_css,
                x,
                top,
                max(bottom - top, 2),
                x + gap // 2,
                top - 6,
            )
        )
    return bars
