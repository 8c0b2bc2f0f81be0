"""What is to be counted, on paper and as a file."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from apps.inventory.count_tables import scope_of
from apps.inventory.models import StockCount
from apps.inventory.resources.counts import sheet as sheet_of
from apps.inventory.selectors import counts
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.transfers import outgoing
from backoffice.ui.permissions import requires

SHEET_ROWS = 26


@requires("inventory.view_stockcount")
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The count on paper: where, what, which lot, and a box to write in. A blind sheet has no book figures."""
    count = get_object_or_404(StockCount.objects.select_related("location", "category"), pk=pk)
    lines = list(counts.lines_of(count))
    pages = [lines[start : start + SHEET_ROWS] for start in range(0, len(lines), SHEET_ROWS)] or [[]]
    context = {
        "count": count,
        "scope": scope_of(count),
        "pages": pages,
        "lines": len(lines),
        "company": current_company(),
        "printed_at": clock.now(),
        "printed_by": request.user,
        "qr_url": request.build_absolute_uri(reverse("inventory:count_enter", args=[pk])),
    }
    return render(request, "inventory/sheets/count.html", context)


@requires("inventory.view_stockcount")  # type: ignore[arg-type]  # a CSV streams: no HttpResponse, but answered all the same
def file(request: HttpRequest, pk: int, kind: str) -> HttpResponseBase:
    """The same as a file that comes back through the imports. A blind one has no book figures."""
    count = get_object_or_404(StockCount, pk=pk)
    headings, rows = sheet_of([count])
    return outgoing.file(f"count-{count.number}", kind, headings, rows)
