"""What the figures are divided by, and what is called broken."""

from typing import Any

import pytest

from benchmarks import meter, yardstick
from benchmarks.report import Result, figures, show
from benchmarks.yardstick import REFERENCE_MS, Laps, factor, overall


def test_a_machine_at_the_reference_speed_changes_nothing() -> None:
    assert factor(REFERENCE_MS, REFERENCE_MS) == 1.0
    assert Result("list", 17.0, "ms", 18, machine=1.0).normal == 17.0


def test_a_factor_lies_between_what_was_before_and_after() -> None:
    assert factor(REFERENCE_MS, 3 * REFERENCE_MS) == 2.0


def test_a_slow_machine_is_divided_out_of_times_and_multiplied_into_rates() -> None:
    assert Result("list", 30.0, "ms", machine=1.5).normal == 20.0
    assert Result("verify", 0.9, "s", machine=1.5).normal == pytest.approx(0.6)
    assert Result("import", 1000.0, "row/s", machine=1.5).normal == 1500.0
    assert Result("orders", 20.0, "/s", machine=1.5).normal == 30.0


@pytest.mark.parametrize("unit", ["", "kB", "MB", "x"])
def test_bytes_counts_and_ratios_know_no_machine(unit: str) -> None:
    assert Result("page", 12.0, unit, machine=1.5).normal == 12.0


def test_a_fast_machine_makes_no_figure_better() -> None:
    """12 ms on one that is twice as fast are 24 ms here."""
    assert not Result("list", 12.0, "ms", 18, machine=0.5).kept


def test_budgets_are_judged_on_the_figure_at_reference_speed() -> None:
    assert Result("list", 20.0, "ms", 18, machine=1.2).kept
    assert not Result("list", 20.0, "ms", 18, machine=1.0).kept
    assert Result("import", 1300.0, "row/s", 1500, at_least=True, machine=1.2).kept
    assert not Result("import", 1700.0, "row/s", 1500, at_least=True, machine=0.8).kept


def test_parts_count_by_what_they_cost() -> None:
    """30 at half speed are 15, 10 at full speed are 10: 40 for what should be 25."""
    assert overall([(30.0, 2.0), (10.0, 1.0)]) == pytest.approx(40 / 25)
    assert overall([]) == 1.0


def test_each_lap_has_the_strokes_on_both_sides_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([REFERENCE_MS, REFERENCE_MS, 3 * REFERENCE_MS])
    monkeypatch.setattr(yardstick, "best", lambda: next(seen))
    laps = Laps()
    laps.end(1.0)
    laps.end(4.0)
    assert laps.parts == [(1.0, 1.0), (4.0, 2.0)]
    assert laps.cost == 5.0
    assert laps.machine == pytest.approx(5 / 3)


def test_the_first_stroke_after_the_work_may_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([40.0, 18.0])
    monkeypatch.setattr(yardstick, "stroke", lambda: next(seen))
    assert yardstick.best() == 18.0


def test_the_stroke_takes_a_time_that_can_be_measured() -> None:
    assert 1 < yardstick.stroke() < 500


def test_growth_is_that_of_the_figures_at_reference_speed(capsys: pytest.CaptureFixture[str]) -> None:
    """The large run met a machine half as fast: twice the raw figure, and not grown at all."""
    smaller = figures([Result("stock list", 10.0, "ms", growth_budget=1.1, machine=1.0)])
    assert show("large", [Result("stock list", 20.0, "ms", growth_budget=1.1, machine=2.0)], smaller)
    assert "× 1.00" in capsys.readouterr().out
    assert not show("large", [Result("stock list", 12.0, "ms", growth_budget=1.1, machine=1.0)], smaller)
    assert "✗ broken" in capsys.readouterr().out


def test_growth_is_judged_only_where_the_budget_is_about_it() -> None:
    smaller = figures([Result("stock list", 10.0, "ms", growth_budget=1.1)])
    grown = [Result("stock list", 15.0, "ms", 18, growth_budget=1.1)]
    assert show("medium", grown, smaller, growing=False)
    assert not show("large", grown, smaller, growing=True)


def test_queries_under_two_operations_are_compared_with_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Result("a", 1, "ms"), Result("  queries", 4, ""), Result("b", 1, "ms"), Result("  queries", 8, "")]
    assert figures(rows)["a/queries"] == 4
    assert figures(rows)["b/queries"] == 8


def test_measuring_takes_the_mean_of_the_rounds(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yardstick, "stroke", lambda: 2 * REFERENCE_MS)
    seen: list[int] = []
    reading = meter.measure(lambda number: seen.append(number) or 7, rounds=5, warm_up=2)
    assert seen == [0, 1, 2, 3, 4, 5, 6, 7]
    assert reading.size == 7
    assert reading.machine == pytest.approx(2.0)


def test_nineteen_in_twenty_keep_the_time() -> None:
    assert meter.p95([float(number) for number in range(1, 101)]) == 96.0
    assert meter.p95([3.0]) == 3.0
