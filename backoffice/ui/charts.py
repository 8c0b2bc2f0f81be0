"""Charts drawn on the server: geometry in attributes, colours in classes, a <title> on every mark, a table behind.

Values are whatever the figures are (money, quantities); here they only become positions, so floats are right.
`{% chart something %}` draws any of these. A chart scales with its place: give 720 for a broad one and 340 for a
narrow one, so that its letters keep their size.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

# How wide a letter of a label is, and the room between two labels, in units of the picture.
LETTER, GAP = 6.2, 12.0

Number = Any
Shown = Callable[[Any], Any]


@dataclass(frozen=True)
class Mark:
    """A bar or a point as it is drawn."""

    x: str
    y: str
    width: str
    height: str
    css: str
    title: str


@dataclass(frozen=True)
class Tick:
    at: str
    text: Any
    css: str = ""


@dataclass(frozen=True)
class Series:
    """One row of values. `css` is "now", "prev", "f1", …; a value of None draws nothing."""

    name: Any
    values: Sequence[Number | None]
    css: str = "now"


@dataclass
class Drawn:
    """What a chart's template needs."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)


def position(value: float) -> str:
    """A coordinate: one decimal, with a point in every language."""
    return f"{value:.1f}"


def nice_top(highest: float, steps: int = 3) -> tuple[float, float]:
    """A round upper end at or above `highest`, and the distance between its `steps` lines."""
    if highest <= 0:
        return float(steps), 1.0
    raw = highest / steps
    magnitude = 10.0 ** floor(log10(raw))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw * 0.999999)
    return step * ceil(highest / step - 1e-9), step


def fitting(labels: Sequence[Any], slot: float) -> int:
    """Every how many labels one is written so that neighbours do not touch."""
    longest = max((len(str(label)) for label in labels), default=1)
    return max(1, ceil((longest * LETTER + GAP) / slot))


@dataclass
class Bars:
    """Groups of bars, one bar a series and label. `show` writes a value for people; `running` dims one label."""

    label: Any
    labels: Sequence[Any]
    series: Sequence[Series]
    show: Shown = str
    running: int | None = None
    heading: Any = ""  # of the first column of the table
    width: int = 720
    height: int = 176
    every: int = 0  # write every n-th label; 0 chooses

    LEFT, TOP, BOTTOM = 40, 6, 18

    def drawn(self) -> Drawn:
        count = max(len(self.labels), 1)
        values = [float(v) for s in self.series for v in s.values if v is not None]
        top, step = nice_top(max(values, default=0.0))
        floor_y = self.height - self.BOTTOM
        scale = (floor_y - self.TOP) / top
        slot = (self.width - self.LEFT) / count
        bar = max(2.0, min(15.0, slot * 0.62 / max(len(self.series), 1)))
        gap = 2.0 if bar > 5 else 0.5
        group = bar * len(self.series) + gap * (len(self.series) - 1)
        marks: list[Mark] = []
        for place, label in enumerate(self.labels):
            start = self.LEFT + slot * place + (slot - group) / 2
            for number, series in enumerate(self.series):
                value = series.values[place] if place < len(series.values) else None
                if value is None:
                    continue
                tall = max(float(value) * scale, 0.0)
                css = "part" if series.css == "now" and self.running == place else series.css
                title = f"{label} · {series.name}: {self.show(value)}"
                x = position(start + number * (bar + gap))
                marks.append(Mark(x, position(floor_y - tall), position(bar), position(tall), css, title))
        lines = [
            Tick(position(floor_y - at * step * scale), self._short(at * step)) for at in range(round(top / step) + 1)
        ]
        every = self.every or fitting(self.labels, slot)
        ticks = [
            Tick(
                position(self.LEFT + slot * (place + 0.5)),
                label,
                " ".join(filter(None, ["c", "hi" if self.running == place else "alt" if place // every % 2 else ""])),
            )
            for place, label in enumerate(self.labels)
            if place % every == 0
        ]
        return Drawn("ui/components/chart_bars.html", {"chart": self, "marks": marks, "lines": lines, "ticks": ticks})

    def rows(self) -> list[tuple[Any, list[Any]]]:
        """The table behind: each label with its values as people read them."""
        return [
            (label, [self._shown(series, place) for series in self.series]) for place, label in enumerate(self.labels)
        ]

    def _shown(self, series: Series, place: int) -> Any:
        value = series.values[place] if place < len(series.values) else None
        return "" if value is None else self.show(value)

    @staticmethod
    def _short(value: float) -> str:
        if value >= 1_000_000:
            return f"{value / 1_000_000:g}M"
        return f"{value / 1_000:g}k" if value >= 10_000 else f"{value:g}"


@dataclass
class Line:
    """One or more lines over the labels; the first one has its area filled."""

    label: Any
    labels: Sequence[Any]
    series: Sequence[Series]
    show: Shown = str
    heading: Any = ""
    width: int = 720
    height: int = 176
    every: int = 0
    running: int | None = None

    LEFT, TOP, BOTTOM = 40, 6, 18

    def drawn(self) -> Drawn:
        count = max(len(self.labels), 2)
        values = [float(v) for s in self.series for v in s.values if v is not None]
        top, step = nice_top(max(values, default=0.0))
        floor_y = self.height - self.BOTTOM
        scale = (floor_y - self.TOP) / top
        pitch = (self.width - self.LEFT - 12) / (count - 1)
        paths, marks = [], []
        for series in self.series:
            points = [
                (self.LEFT + 6 + pitch * place, floor_y - float(value) * scale, place, value)
                for place, value in enumerate(series.values)
                if value is not None
            ]
            path = "M" + "L".join(f"{position(x)} {position(y)}" for x, y, _place, _value in points) if points else ""
            paths.append((path, series.css))
            for x, y, place, value in points:
                title = f"{self.labels[place]} · {series.name}: {self.show(value)}"
                marks.append(Mark(position(x), position(y), "3", "3", series.css, title))
        lines = [
            Tick(position(floor_y - at * step * scale), Bars._short(at * step)) for at in range(round(top / step) + 1)
        ]
        every = self.every or fitting(self.labels, pitch)
        ticks = [
            Tick(position(self.LEFT + 6 + pitch * place), label, "c alt" if place // every % 2 else "c")
            for place, label in enumerate(self.labels)
            if place % every == 0
        ]
        context = {"chart": self, "paths": paths, "marks": marks, "lines": lines, "ticks": ticks}
        return Drawn("ui/components/chart_line.html", context)

    rows = Bars.rows
    _shown = Bars._shown


@dataclass
class Spark:
    """A small picture of a development, by bars or a line. The number beside it says the fact: this is decoration."""

    values: Sequence[Number]
    tone: str = ""  # "w" warn, "d" bad
    minimum: Number | None = None
    bars: bool = False
    title: Any = ""

    WIDTH, HEIGHT = 76, 24

    def drawn(self) -> Drawn:
        values = [float(v) for v in self.values] or [0.0]
        top = max([*values, float(self.minimum or 0), 1e-9])
        tall = self.HEIGHT - 4
        y = [self.HEIGHT - 2 - value / top * tall for value in values]
        minimum = position(self.HEIGHT - 2 - float(self.minimum) / top * tall) if self.minimum is not None else ""
        context: dict[str, Any] = {"chart": self, "minimum": minimum}
        if self.bars:
            pitch = self.WIDTH / len(values)
            context["marks"] = [
                Mark(
                    position(pitch * i + 0.5),
                    position(at),
                    position(pitch - 1),
                    position(self.HEIGHT - 2 - at),
                    "ar2",
                    "",
                )
                for i, at in enumerate(y)
            ]
        else:
            pitch = self.WIDTH / max(len(values) - 1, 1)
            points = [(position(pitch * i), position(at)) for i, at in enumerate(y)]
            context["path"] = "M" + "L".join(f"{a} {b}" for a, b in points)
            context["area"] = f"{context['path']}L{points[-1][0]} {self.HEIGHT}L0 {self.HEIGHT}Z"
            context["last"] = points[-1]
        return Drawn("ui/components/chart_spark.html", context)


@dataclass
class Shares:
    """One bar cut into shares, with a legend of its own beside it. `parts` are (name, value) pairs."""

    label: Any
    parts: Sequence[tuple[Any, Number]]
    show: Shown = str

    CSS = ("f1", "f2", "f3", "fw", "fp")

    def drawn(self) -> Drawn:
        total = sum(float(value) for _name, value in self.parts) or 1.0
        marks: list[Mark] = []
        x = 0.0
        for number, (name, value) in enumerate(self.parts):
            wide = float(value) / total * 1000
            css = self.CSS[min(number, len(self.CSS) - 1)]
            shown = position(max(wide - 6, 1.0))
            marks.append(Mark(position(x), "0", shown, "10", css, f"{name}: {self.show(value)}"))
            x += wide
        return Drawn("ui/components/chart_shares.html", {"chart": self, "marks": marks})


def draw(chart: Any) -> SafeString:
    """Any chart of this module as markup."""
    drawn = chart.drawn()
    return render_to_string(drawn.template, drawn.context)
