"""What is to be counted, on paper and as a file."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.inventory.count_tables import scope_of
from apps.inventory.models import StockCount
from apps.inventory.resources.counts import sheet as sheet_of
from apps.inventory.selectors import counts
from apps.inventory.views.counts import sees_book
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.kernel.quantity import bare
from backoffice.transfers import outgoing
from backoffice.ui.permissions import requires


@requires("inventory.view_stockcount")
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The count on paper: where, what, which lot, and a box to write in. A blind sheet has no book figures."""
    count = get_object_or_404(StockCount.objects.select_related("location", "category"), pk=pk)
    context = {
        "count": count,
        "scope": scope_of(count),
        "lines": list(counts.lines_of(count)),
        "company": current_company(),
        "printed_at": clock.now(),
        "printed_by": request.user,
        "qr_url": request.build_absolute_uri(reverse("inventory:count_enter", args=[pk])),
    }
    return render(request, "inventory/sheets/count.html", context)


@requires("inventory.view_stockcount")  # type: ignore[arg-type]  # as below
def variance(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """What was counted and what the book said then, the dearest difference first: for whoever sees the book."""
    count = get_object_or_404(StockCount, pk=pk)
    if not sees_book(request.user, count):
        raise PermissionDenied
    return outgoing.file(f"count-{count.number}-differences", kind, _headings(), map(_cells, _by_worth(count)))


def _headings() -> Sequence[str]:
    return (
        _("Count"),
        _("Place"),
        _("SKU"),
        _("Product"),
        _("Lot"),
        _("Unit"),
        _("Book"),
        _("Counted"),
        _("Difference"),
        _("Value"),
        _("Moved since"),
        _("Counted by"),
        _("Counted at"),
        _("Reason"),
    )


def _by_worth(count: StockCount) -> list[counts.Row]:
    rows = counts.review(count, show="all", most=None).rows
    return sorted((row for row in rows if row.line.counted is not None), key=lambda row: -abs(row.value))


def _cells(row: counts.Row) -> Sequence[Any]:
    line = row.line
    return (
        line.count.number,
        line.location.code,
        line.product.sku,
        line.product.name,
        "" if line.lot.is_silent else line.lot.code,
        line.product.unit.code,
        bare(line.book or counts.ZERO),
        bare(line.counted or counts.ZERO),
        bare(row.difference or counts.ZERO),
        row.value,
        bare(row.since),
        line.counted_by.name if line.counted_by else "",
        f"{clock.local(line.counted_at):%Y-%m-%d %H:%M}" if line.counted_at else "",
        line.reason,
    )


@requires("inventory.view_stockcount")  # type: ignore[arg-type]  # a CSV streams: no HttpResponse, but answered all the same
def file(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The same as a file that comes back through the imports. A blind one has no book figures."""
    count = get_object_or_404(StockCount, pk=pk)
    headings, rows = sheet_of([count])
    return outgoing.file(f"count-{count.number}", kind, headings, rows)
