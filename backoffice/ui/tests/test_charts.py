"""Charts are markup with geometry; these check positions, words and the table behind."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from backoffice.ui import charts

BARS = charts.Bars(
    "Sales by hour",
    ["6h", "7h", "8h"],
    [
        charts.Series("Today", [Decimal("212"), Decimal("486"), None], "now"),
        charts.Series("Before", [198, 441, 502], "prev"),
    ],
    show=lambda value: f"R$ {value}",
    running=1,
    heading="Hour",
)


def tree(chart):
    return ElementTree.fromstring(str(charts.draw(chart)).strip())


def test_a_bar_is_as_tall_as_its_value_and_says_it():
    rects = tree(BARS).findall("rect")

    tall = {rect.find("title").text: float(rect.get("height")) for rect in rects}
    assert len(rects) == 5, "nothing is drawn where there is no value"
    assert tall["7h · Before: R$ 441"] / tall["6h · Before: R$ 198"] == pytest.approx(441 / 198, abs=0.02)
    assert [rect.get("class") for rect in rects].count("part") == 1


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_coordinates_have_a_point_in_every_language(language):
    wide = charts.Bars("x", ["a"], [charts.Series("s", [1234.5])], width=1200)
    with translation.override(language):
        drawn = str(charts.draw(wide))

    assert re.search(r'viewBox="0 0 1200 176"', drawn)
    assert not re.search(r'(?:x|y|width|height)="[\d.]*,', drawn)


def test_the_table_behind_holds_every_value():
    html = render_to_string("ui/components/chart_table.html", {"chart": BARS})

    assert BARS.rows()[2] == ("8h", ["", "R$ 502"])
    assert "R$ 486" in html


@pytest.mark.parametrize(
    ("highest", "top", "step"),
    [(0, 3, 1), (538, 600, 200), (3, 3, 1), (7, 7.5, 2.5), (1000, 1000, 500), (1e6, 1e6, 5e5)],
)
def test_the_axis_ends_at_a_round_number(highest, top, step):
    assert charts.nice_top(highest) == (top, step)


@pytest.mark.parametrize(
    "chart",
    [
        charts.Bars("nothing", [], []),
        charts.Line("nothing", [], [charts.Series("s", [])]),
        charts.Line("one", ["a"], [charts.Series("s", [Decimal("1.5")])]),
        charts.Spark([]),
        charts.Spark([0, 0]),
        charts.Spark([Decimal("1"), 2, 3], minimum=Decimal("2"), bars=True),
        charts.Shares("none", []),
        charts.Shares("some", [("Counter", Decimal("61")), ("Web", 39)]),
    ],
    ids=lambda chart: type(chart).__name__,
)
def test_every_chart_is_well_formed_whatever_it_is_given(chart):
    assert "style=" not in str(charts.draw(chart))
    tree(chart)


@pytest.mark.parametrize(
    ("labels", "slot", "every"), [(["6h"] * 13, 52.0, 1), (["26 Oct"] * 28, 10.7, 5), ([], 10.0, 2)]
)
def test_labels_do_not_touch(labels, slot, every):
    assert charts.fitting(labels, slot) == every
