"""The list: tabs, search, filters, table, bulk actions, export of exactly what is shown."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx, nav
from backoffice.ui.actions import Action, buttons
from backoffice.ui.counting import Rows, kept
from backoffice.ui.export import csv_response, xlsx_response
from backoffice.ui.filters import FilterSet
from backoffice.ui.pagination import CAP, SIZES, Count, Page, capped_count, capped_counts, paginate, positive, size_of
from backoffice.ui.permissions import may
from backoffice.ui.tables import HIDE, SORT, Table

from .base import Empty, Figure, ModelScreen, with_query
from .bulk import BulkAction, confirm_or_run

EXPORT_LIMIT = 100_000
LOOK = "look"  # the query string's word for another way to show the rows
FACETS, FACETS_AT = "facet-list", "ui/screens/list.html#facets"
log = logging.getLogger("backoffice.audit")


@dataclass(frozen=True)
class SavedView:
    """A tab: a name for a part of the rows, with how many they are."""

    key: str
    label: Any
    apply: Callable[[Any], QuerySet[Any]]
    count: bool = True


@dataclass(frozen=True)
class ShownView:
    label: Any
    query: str
    count: str
    current: bool


class ListScreen(ModelScreen):
    """Rows of one model. Everything that can be asked is in the query string; what is asked wrongly is ignored."""

    template_name: ClassVar[str] = "ui/screens/list.html"
    table_class: ClassVar[type[Table]]
    filter_class: ClassVar[type[FilterSet] | None] = None
    saved_views: ClassVar[Sequence[SavedView]] = ()
    create: ClassVar[Action | None] = None
    actions: ClassVar[Sequence[Action]] = ()
    bulk_actions: ClassVar[Sequence[BulkAction]] = ()
    export: ClassVar[bool] = True
    export_permission: ClassVar[str | None] = None
    empty: ClassVar[Empty | None] = None
    page_size: ClassVar[int] = 50
    search_label: ClassVar[Any] = gettext_lazy("Search")
    changed: ClassVar[str] = ""
    kept: ClassVar[bool] = False
    """For lists that are looked at all day: tab, filters and order only find keys, in `searched`, and the rows of a
    page are read by `rows_of`, whose wide statement is put together once."""

    counted: ClassVar[Rows | None] = None
    """The rows of `searched` as a function of nothing, where they depend on the time at most (a static method): what
    counts all of them is put together once."""

    def figures(self) -> Sequence[Figure]:
        """Numbers above the list."""
        return ()

    def lead(self) -> Any:
        """One sentence of state below the title."""
        return ""

    def other_look(self) -> tuple[Any, str] | None:
        """Words and query string of another way to show the same rows; none for most lists."""
        return None

    def get_title(self) -> Any:
        return self.title or self.plural

    @property
    def event(self) -> str:
        return self.changed or super().event

    @property
    def address(self) -> str:
        """The list as it is filtered now."""
        return f"{self.request.path}{with_query(self.request)}".removesuffix("?")

    def fragments(self) -> Mapping[str, str]:
        return {name: f"ui/screens/list.html#{name}" for name in ("table", "views")} | {FACETS: FACETS_AT}

    # --- which rows ------------------------------------------------------------------------------------------------
    @cached_property
    def view(self) -> SavedView | None:
        """The tab that is open."""
        return next((view for view in self.saved_views if view.key == self.request.GET.get("view")), None)

    def searched(self) -> QuerySet[Any]:
        """The rows that keys are found in: those of `get_queryset`, without what only showing them needs."""
        return self.get_queryset()

    def rows_of(self, keys: Sequence[Any]) -> Sequence[Any]:
        """The rows with these keys, in any order, with all that the table shows."""
        return list(self.get_queryset().filter(pk__in=keys))

    @cached_property
    def rows(self) -> QuerySet[Any]:
        """What the user may see, as far as the tab shows it."""
        shown = self.request.method != "POST" and "export" not in self.request.GET
        rows = self.searched() if self.kept and shown else self.get_queryset()
        return self.view.apply(rows) if self.view else rows

    @cached_property
    def filter(self) -> FilterSet | None:
        if self.filter_class is None:
            return None
        return self.filter_class(self.request.GET, queryset=self.rows, request=self.request)

    def matching(self) -> QuerySet[Any]:
        """The rows that tab, search and filters leave."""
        return self.filter.qs if self.filter is not None else self.rows

    @cached_property
    def table(self) -> Table:
        selectable = bool(self.shown_bulk_actions())
        return self.table_class(self.matching(), request=self.request, selectable=selectable)

    @cached_property
    def counts(self) -> list[Count]:
        """How many rows match; and, unless only the rows are asked for, how many each tab has: one query."""
        all_of_them = None if self.view or (self.filter and self.filter.values) else type(self).counted
        asked: list[Any] = [kept(all_of_them) if all_of_them else self.table.ordered()]
        where = htmx.target(self.request)
        if self.saved_views and where != "table":
            rows = self.get_queryset()
            asked += [rows, *(view.apply(rows) for view in self.saved_views if view.count)]
        return capped_counts(asked) if where in self.fragments() else nav.counted(self.request, asked)

    @cached_property
    def page(self) -> Page:
        number, size = self.asked_page
        table, count = self.table, self.counts[0]
        if count.capped:
            table.too_many()
        # The wide rows of a list are not sorted: their keys are, and then the rows of the page are read.
        parts = table.parts(count.number)
        return paginate(
            table.ordered() if parts is None else table.data.data,
            number=number, size=size, count=count, first=self.first(),
            read=self.read or (self.rows_of if table.sorted_by[0] else None), parts=parts,
        )  # fmt: skip

    @property
    def asked_page(self) -> tuple[int, int]:
        """The number and the size of the page that is asked for, whether there are so many or not."""
        return positive(self.request.GET.get("page"), 1), size_of(self.request.GET, self.page_size)

    def first(self) -> Sequence[Any]:
        """Keys of rows that come before all others; they are among the rows. All of them, or at least as many as fill
        the pages up to the one that is asked for, and one more."""
        return ()

    @property
    def read(self) -> Callable[[Sequence[Any]], Sequence[Any]] | None:
        """How the rows of a page are read by their keys; None when they come with them."""
        return self.rows_of if self.kept else None

    def tabs(self) -> list[ShownView]:
        """All rows first, then the saved views, each with its count."""
        found = iter(self.counts[1:])
        first = ShownView(_("All"), "?", str(next(found)), self.view is None)
        return [
            first,
            *(
                ShownView(view.label, f"?view={view.key}", str(next(found)) if view.count else "", view == self.view)
                for view in self.saved_views
            ),
        ]

    # --- what may be done ------------------------------------------------------------------------------------------
    def shown_bulk_actions(self) -> list[BulkAction]:
        """The verbs that this person may use on rows."""
        return [action for action in self.bulk_actions if action.allowed_to(self.request.user)]

    def may_export(self) -> bool:
        return self.export and may(self.request.user, self.export_permission or self.permission)

    # --- answers ---------------------------------------------------------------------------------------------------
    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if kind := request.GET.get("export"):
            return self.export_as(kind)
        if "menu" in request.GET:
            return self.row_menu(positive(request.GET["menu"], 0))
        if self.filter is not None and htmx.target(request) == FACETS:  # counted by themselves, not with the rows
            return self.render({"facets": self.filter.beside_counted})
        self.table.shown, self.table.base = self.page.rows, request.path
        return self.render(self.list_context())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        wanted = request.POST.get("action")
        action = next((action for action in self.bulk_actions if action.key == wanted), None)
        if action is None:
            return HttpResponseBadRequest(_("There is no such action."), content_type="text/plain; charset=utf-8")
        return confirm_or_run(self, action, visible=self.get_queryset(), matching=self.matching())

    def list_context(self) -> dict[str, Any]:
        return self.get_context(
            table=self.table,
            page=self.page,
            filter=self.filter,
            chips=list(self.filter.chips()) if self.filter else [],
            tabs=self.tabs,  # and so are these
            saved_views=self.saved_views,
            lead=self.lead,  # called by the page, not by the fragment
            figures=self.figures,
            create=SimpleLazyObject(self.create_button),
            actions=self.buttons,
            bulk=self.shown_bulk_actions(),
            address=self.address,
            here=self.request.get_full_path(),
            kept={name: self.request.GET[name] for name in ("view", SORT, "size", LOOK) if self.request.GET.get(name)},
            previous=with_query(self.request, page=self.page.number - 1) if self.page.number > 1 else "",
            next=with_query(self.request, page=self.page.number + 1) if self.page.has_next else "",
            sizes=[(size, with_query(self.request, size=size)) for size in SIZES]
            if self.counts[0].number > SIZES[0]
            else [],
            columns=self.columns,
            hidden=self.request.GET.getlist(HIDE),
            exports=[(k, with_query(self.request, export=k)) for k in ("csv", "xlsx")] if self.may_export() else [],
            narrowed=bool(self.filter and self.filter.values) or self.view is not None,
        )

    def create_button(self) -> Any:
        return next(iter(buttons([self.create], self.request)), None)

    def buttons(self) -> list[Any]:
        """What can be done above the list."""
        return buttons(self.actions, self.request)

    def reachable(self) -> QuerySet[Any]:
        """The rows whose menu can be opened: those of every tab."""
        return self.get_queryset()

    def row_menu(self, pk: int) -> HttpResponse:
        """What this person may do with one row now."""
        row = get_object_or_404(self.reachable(), pk=pk)
        shown = buttons(self.table_class.row_actions, self.request, row)
        page = "ui/screens/row_menu.html"
        context = self.get_context(row=row, buttons=shown)
        return htmx.render(self.request, page, context, fragments={"row-menu": f"{page}#menu"})

    def columns(self) -> list[tuple[str, str, bool]]:
        """The columns that can be left out or taken in: heading, query string that does so, whether it is shown."""
        hidden = self.request.GET.getlist(HIDE)
        others = [(name, values) for name, values in self.request.GET.lists() if name != HIDE]
        choices = []
        for bound in list(self.table.columns.iterall())[1:]:
            then = [n for n in hidden if n != bound.name] + ([] if bound.name in hidden else [bound.name])
            query = urlencode([*others, (HIDE, then)], doseq=True)
            choices.append((str(bound.header), f"?{query}", bound.name not in hidden))
        return choices

    def export_as(self, kind: str) -> HttpResponseBase:
        """Exactly what is shown: these rows, this order, these columns, all pages."""
        if not self.may_export():
            raise PermissionDenied
        count = capped_count(self.table.ordered(), EXPORT_LIMIT)
        if count.number > CAP:
            self.table.too_many()
        rows = self.table.ordered()
        if count.capped:
            raise DomainError(_("More than %s rows do not fit into one file; narrow the list down.") % EXPORT_LIMIT)
        plan = self.table.export_plan()
        header = [title for title, _take in plan]
        name = slugify(str(self.get_title())) or self.event
        log.info("export", extra={"list": self.event, "format": kind, "user": self.request.user.pk})
        lines = ([take(row) for _title, take in plan] for row in self.streamed(rows))
        return xlsx_response(name, header, lines) if kind == "xlsx" else csv_response(name, header, lines)

    def streamed(self, rows: QuerySet[Any]) -> Iterator[Any]:
        """The rows of an export, one after the other."""
        return rows.iterator(chunk_size=1000)
