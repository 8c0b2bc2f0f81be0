"""What the home page is made of. Apps fill these; `composition.DASHBOARD` names who shows what, in order.

In `composition.py`::

    DASHBOARD = [
        Action(_("New order"), "orders:sale", "orders.add_order", icon="plus", primary=True, dialog=False),
        Figures("apps.orders.selectors.home.figures", "orders.view_order"),              # the strip "what waits"
        Part("sales", _("Sales today"), "orders:home_sales", "orders.view_order", wide=True, refresh="orders-order"),
        Part("to-accept", _("Orders to accept"), "orders:home_waiting", "orders.change_order", side="left"),
    ]

A `Figures` callable takes the user and returns Figures for the strip; each leads to the filtered list that proves it.
A `Part` is a panel that the home page fetches by itself (a plain link without scripts). Its view answers with::

    worklist = Worklist(id="part-to-accept", title=…, rows=[Row(…)], count=5, url=…, link=_("All 5"))
    return dashboard.render_worklist(request, worklist)

    panel = ChartPanel(id="part-sales", title=…, chart=charts.Bars(…), headline=…, note=…)
    return dashboard.render_chart(request, panel)

An Action stands in the head of the page. Anything else is a template with `<section class="panel" id="part-<key>">`,
sent by `htmx.render(…, fragments={"part-<key>": …})`.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from . import htmx
from .actions import Action, Button
from .permissions import may


@dataclass(frozen=True)
class Figure:
    """One number of a strip. `tone` colours the value (ok, warn, bad), `note_tone` the line under it."""

    key: str
    label: Any
    value: Any
    note: Any = ""
    url: str = ""
    tone: str = ""
    icon: str = ""
    unit: Any = ""
    note_tone: str = ""
    on: bool = False


@dataclass(frozen=True)
class RowAction:
    """The one button of a worklist's row: a POST that swaps the row out, or a link."""

    label: Any
    url: str
    post: bool = True
    tone: str = ""  # "primary" for the oldest, "soft", ""
    dialog: bool = False


@dataclass(frozen=True)
class Row:
    """One thing that waits. `thumb` is (icon, hue); `value` and `when` stand at the right."""

    title: Any
    url: str
    meta: Any = ""
    value: Any = ""
    when: Any = ""
    tone: str = ""  # of `value`
    when_tone: str = ""
    thumb: tuple[str, Any] | None = None
    action: RowAction | None = None


@dataclass(frozen=True)
class Worklist:
    """Things that wait, oldest first. Empty, it is one line."""

    id: str
    title: Any
    rows: Sequence[Row]
    count: int | None = None
    tone: str = ""
    url: str = ""
    link: Any = ""
    empty: Any = ""
    refresh: str = ""  # "orders-order": drawn again when that changes; every minute anyway
    self_url: str = ""

    @property
    def total(self) -> int:
        return len(self.rows) if self.count is None else self.count


@dataclass(frozen=True)
class ChartPanel:
    """A headline, a chart and the table behind it. `chart` is one of `backoffice.ui.charts`."""

    id: str
    title: Any
    chart: Any
    headline: Any = ""
    headline_url: str = ""
    note: Any = ""
    note_tone: str = ""
    note_lead: Any = ""
    url: str = ""
    link: Any = ""
    refresh: str = ""
    self_url: str = ""


@dataclass(frozen=True)
class Figures:
    """An entry of `composition.DASHBOARD`: a callable (or its dotted path) of the user, returning `Figure`s."""

    source: Any
    permission: str | None = None

    def of(self, user: Any) -> list[Figure]:
        return list((import_string(self.source) if isinstance(self.source, str) else self.source)(user))


@dataclass(frozen=True)
class Part:
    """An entry of `composition.DASHBOARD`: a panel that is fetched from `url_name` into `#part-<key>`."""

    key: str
    title: Any
    url_name: str
    permission: str | None = None
    side: str = "left"  # "left" and "right" are the two columns; see also `wide` and `narrow`
    wide: bool = False  # the broad place of the top row
    narrow: bool = False  # the narrow place of the top row
    refresh: str = ""

    @property
    def id(self) -> str:
        return f"part-{self.key}"

    @property
    def url(self) -> str:
        try:
            return reverse(self.url_name)
        except NoReverseMatch:
            return ""


@dataclass
class Page:
    """The home page as this person sees it."""

    buttons: list[Button] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    wide: list[Part] = field(default_factory=list)
    narrow: list[Part] = field(default_factory=list)
    left: list[Part] = field(default_factory=list)
    right: list[Part] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.figures or self.wide or self.narrow or self.left or self.right)


def build(user: Any) -> Page:
    """What `composition.DASHBOARD` names, as far as this person may see it, in its places."""
    from backoffice.composition import DASHBOARD

    page = Page()
    for entry in DASHBOARD:
        if not may(user, entry.permission):
            continue
        if isinstance(entry, Action):
            with suppress(NoReverseMatch):
                page.buttons.append(Button(entry, entry.url()))
        elif isinstance(entry, Figures):
            page.figures.extend(entry.of(user))
        elif entry.url:
            place = page.wide if entry.wide else page.narrow if entry.narrow else page.right
            (page.left if not (entry.wide or entry.narrow) and entry.side == "left" else place).append(entry)
    return page


def render_worklist(request: HttpRequest, worklist: Worklist) -> HttpResponse:
    """The worklist: as the panel for htmx, as a page of its own otherwise."""
    return htmx.render(
        request,
        "ui/components/worklist_page.html",
        {"worklist": worklist, "title": worklist.title},
        fragments={worklist.id: "ui/components/worklist.html"},
    )


def render_chart(request: HttpRequest, panel: ChartPanel) -> HttpResponse:
    """The chart with its table: as the panel for htmx, as a page of its own otherwise."""
    return htmx.render(
        request,
        "ui/components/chart_page.html",
        {"panel": panel, "title": panel.title},
        fragments={panel.id: "ui/components/chart_panel.html"},
    )
