"""Counts: the list, starting one, and the review."""

from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.models import Category
from apps.inventory.count_forms import StartForm
from apps.inventory.count_tables import TONES, CountTable, scope_of
from apps.inventory.errors import ApprovalNeeded
from apps.inventory.models import StockCount
from apps.inventory.selectors import counts
from apps.inventory.services import counting, policy, refusals
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.kernel.money import format_money
from backoffice.ui.actions import Action
from backoffice.ui.permissions import may
from backoffice.ui.screens import (
    Badge,
    CreateScreen,
    DetailScreen,
    Empty,
    Figure,
    HistoryScreen,
    ListScreen,
    SavedView,
)

CHANGED = ("inventory-stockcount", "inventory-stock", "inventory-stockoperation", "inventory-hold")
SHOWS = ("different", "blank", "all")


def _counts() -> QuerySet[StockCount]:
    rows = StockCount.objects.select_related("location", "category", "started_by").prefetch_related("products")
    return rows.annotate(
        all_lines=Count("lines", distinct=True),
        done=Count("lines", filter=Q(lines__counted__isnull=False), distinct=True),
    )


class CountList(ListScreen):
    """Counts under way and posted."""

    model = StockCount
    permission = "inventory.view_stockcount"
    icon = "clipboard-check"
    table_class = CountTable
    create = Action(gettext_lazy("New count"), "inventory:count_create", "inventory.add_stockcount", icon="plus")
    empty = Empty(
        gettext_lazy("Nothing was counted yet"),
        gettext_lazy("Count a place, a category or a few products; on paper or on a phone."),
    )
    saved_views = [
        SavedView("open", gettext_lazy("Being counted"), lambda rows: rows.filter(status="open")),
        SavedView("approval", gettext_lazy("For approval"), lambda rows: rows.filter(status="approval")),
        SavedView("posted", gettext_lazy("Posted"), lambda rows: rows.filter(status="posted"), count=False),
    ]

    def get_queryset(self) -> QuerySet[StockCount]:
        return _counts()


class CountCreate(CreateScreen):
    """Starts a count."""

    model = StockCount
    permission = "inventory.add_stockcount"
    form_class = StartForm
    title = gettext_lazy("New count")
    submit_label = gettext_lazy("Start counting")
    list_url = "inventory:count_list"
    leave = True

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        category = Category.objects.filter(pk=data["category"]).first() if data["category"] else None
        return counting.start(
            location=data["location"],
            category=category,
            products=data["products"],
            is_blind=data["is_blind"],
            note=data["note"],
            key=self.key,
        )

    def success(self, result: Any) -> str:
        begun = _("%(count)s begun.") % {"count": result}
        listed = set(result.products.values_list("pk", flat=True))
        absent = len(listed - set(result.lines.values_list("product", flat=True)))
        if not absent:
            return begun
        more = ngettext(
            "Of %(count)s listed product the book has nothing there: scan it where you find it.",
            "Of %(count)s listed products the book has nothing there: scan them where you find them.",
            absent,
        )
        return f"{begun} {more % {'count': absent}}"


def _is_open(count: StockCount) -> bool:
    return count.status == StockCount.Status.OPEN


def _is_unfinished(count: StockCount) -> bool:
    return count.status in StockCount.OPEN


def _still_stands(count: StockCount) -> bool:
    """Whether it moved something, and that still stands."""
    return count.operation is not None and not hasattr(count.operation, "reversed_by")


def _needs_another(count: StockCount) -> bool:
    """Whether who looks at the count may not post it, because it differs by more than the tolerance. The page knows."""
    return getattr(count, "needs_another", False)


def sees_book(user: Any, count: StockCount) -> bool:
    """Blind is blind until it is posted or given up, except for who may post."""
    return not count.is_blind or not _is_unfinished(count) or may(user, "inventory.post_stockcount")


class CountDetail(DetailScreen):
    """The review: what differs, in quantity and value, and what moved since."""

    model = StockCount
    permission = "inventory.view_stockcount"
    template_name = "inventory/count_detail.html"
    list_url = "inventory:count_list"
    icon = "clipboard-check"
    actions = [
        Action(
            gettext_lazy("Count"),
            "inventory:count_enter",
            "inventory.change_stockcount",
            icon="scan-barcode",
            dialog=False,
            when=_is_open,
        ),
        Action(
            gettext_lazy("Print sheet"),
            "inventory:count_sheet",
            "inventory.view_stockcount",
            icon="printer",
            dialog=False,
        ),
        Action(
            gettext_lazy("Sheet as CSV"),
            "inventory:count_sheet_file",
            "inventory.view_stockcount",
            icon="download",
            dialog=False,
            args=lambda count: (count.pk, "csv"),
        ),
        Action(
            gettext_lazy("Sheet as XLSX"),
            "inventory:count_sheet_file",
            "inventory.view_stockcount",
            icon="download",
            dialog=False,
            args=lambda count: (count.pk, "xlsx"),
        ),
        Action(
            gettext_lazy("Differences as CSV"),
            "inventory:count_variance",
            "inventory.view_stockcount",
            icon="download",
            dialog=False,
            args=lambda count: (count.pk, "csv"),
            when=lambda count: getattr(count, "sees_book", False),
        ),
        Action(
            gettext_lazy("Differences as XLSX"),
            "inventory:count_variance",
            "inventory.view_stockcount",
            icon="download",
            dialog=False,
            args=lambda count: (count.pk, "xlsx"),
            when=lambda count: getattr(count, "sees_book", False),
        ),
        Action(
            gettext_lazy("Take in a filled sheet"),
            "transfers:upload",
            "transfers.add_transferrun",
            icon="file-up",
            dialog=False,
            when=_is_open,
            args=lambda _count: ("counts",),
        ),
        Action(
            gettext_lazy("Post"),
            "inventory:count_post",
            "inventory.post_stockcount",
            icon="check",
            primary=True,
            when=lambda count: _is_unfinished(count) and not _needs_another(count),
        ),
        Action(
            gettext_lazy("Send for approval"),
            "inventory:count_send",
            "inventory.change_stockcount",
            icon="send",
            when=lambda count: _is_open(count) and not _needs_another(count),
        ),
        Action(
            gettext_lazy("Send for approval"),
            "inventory:count_send",
            "inventory.change_stockcount",
            icon="send",
            primary=True,
            when=lambda count: _is_open(count) and _needs_another(count),
        ),
        Action(
            gettext_lazy("Go on counting"),
            "inventory:count_reopen",
            "inventory.change_stockcount",
            icon="undo-2",
            when=lambda count: count.status == StockCount.Status.APPROVAL,
        ),
        Action(
            gettext_lazy("The rest is zero"),
            "inventory:count_rest",
            "inventory.post_stockcount",
            icon="circle-slash",
            danger=True,
            when=_is_open,
        ),
        Action(
            gettext_lazy("Give up"),
            "inventory:count_cancel",
            "inventory.post_stockcount",
            icon="ban",
            danger=True,
            when=_is_unfinished,
        ),
        Action(
            gettext_lazy("Take back"),
            "inventory:count_undo",
            "inventory.reverse_stockoperation",
            icon="undo-2",
            danger=True,
            when=_still_stands,
        ),
        Action(
            gettext_lazy("History"),
            "inventory:count_history",
            "inventory.view_stockcount",
            icon="history",
            dialog=False,
        ),
    ]

    def get_queryset(self) -> QuerySet[StockCount]:
        rows = StockCount.objects.select_related("location", "category", "started_by", "operation__reversed_by__actor")
        return rows.prefetch_related("products")

    @cached_property
    def shown(self) -> str:
        wanted = self.request.GET.get("show", "")
        return wanted if wanted in SHOWS else "different"

    @cached_property
    def sees_book(self) -> bool:
        return sees_book(self.request.user, self.object)

    @cached_property
    def review(self) -> counts.Review:
        return counts.review(self.object, show=self.shown if self.sees_book else "all")

    @cached_property
    def tolerance(self) -> Decimal:
        return policy.current().count_tolerance

    @cached_property
    def is_above(self) -> bool:
        """Whether it differs by more than the tolerance, and is still to be posted."""
        return _is_unfinished(self.object) and self.review.deviation > self.tolerance

    @cached_property
    def needs_another(self) -> bool:
        """Whether who looks may post counts, but not this one. Who only counts learns by no button that it differs."""
        user = self.request.user
        return may(user, "inventory.post_stockcount") and not may(user, counts.APPROVE) and self.is_above

    def head(self) -> dict[str, Any]:
        self.object.needs_another, self.object.sees_book = self.needs_another, self.sees_book
        return super().head()

    def approval(self) -> str:
        """Whose turn it is, where it is not everybody's."""
        count = self.object
        said = []
        if count.status == StockCount.Status.APPROVAL:
            since = refusals.since_when(count, status=count.status)
            said.append(_("It is for approval%(since)s.") % {"since": since})
        if self.needs_another or (said and self.sees_book and self.is_above):
            currency, most = current_company().currency, self.tolerance
            total = format_money(self.review.deviation, currency)
            said.append(ApprovalNeeded.says(total, format_money(most, currency), who=counts.approvers()))
        return " ".join(said)

    def badge(self) -> Badge:
        return Badge(self.object.get_status_display(), TONES.get(self.object.status, ""))

    def meta(self) -> list[Any]:
        count = self.object
        who = count.started_by.name if count.started_by else _("system")
        when = date_format(clock.local(count.created_at), "SHORT_DATETIME_FORMAT")
        return [scope_of(count), _("blind") if count.is_blind else _("open book"), f"{who}, {when}", count.note]

    def figures(self) -> list[Figure]:
        found, progress = self.review, self.review.progress
        shown = [Figure(_("Counted"), f"{progress.counted} / {progress.lines}", on=True)]
        if not self.sees_book:
            return shown
        currency = current_company().currency
        most = self.tolerance
        over, note = found.deviation > most, _("within %(money)s")
        if over:
            note = _("above %(money)s: needs approval") if _is_unfinished(self.object) else _("above %(money)s")
        return [
            *shown,
            Figure(_("Differ"), progress.different, tone="warn" if progress.different else ""),
            Figure(_("More than the book"), format_money(found.up, currency)),
            Figure(_("Less than the book"), format_money(found.down, currency)),
            Figure(
                _("Differences"),
                format_money(found.deviation, currency),
                note=note % {"money": format_money(most, currency)},
                tone="bad" if over else "",
            ),
        ]

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(
            approval=self.approval(),
            count=self.object,
            review=self.review,
            sees_book=self.sees_book,
            shown=self.shown,
            **more,
        )


class CountHistory(HistoryScreen):
    model = StockCount
    detail_class = CountDetail
    permission = "inventory.view_stockcount"
