"""One operation on paper: what goes with a transfer or a return, what is filed with a receipt or a loss."""

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from apps.inventory.models import StockOperation
from apps.inventory.selectors import recosting
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.ui.permissions import requires


@requires("inventory.view_stockoperation")
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """Its moves with lots, places and values, and room for who hands over and who takes."""
    operation = get_object_or_404(StockOperation.objects.select_related("actor", "reverses", "reversed_by"), pk=pk)
    moves = recosting.with_corrections(
        operation.moves.select_related("product__unit", "lot", "source", "destination").order_by("pk")
    )
    for move in moves:
        move.worth = move.value + (move.corrected or 0)
    corrects = operation.kind == StockOperation.Kind.CORRECTION  # money that goes there and back adds up to nothing
    reversed_by = getattr(operation, "reversed_by", None)
    named = [
        (_("Document"), operation.reference),
        (_("For"), operation.origin),
        (_("Reason"), operation.reason),
        (_("Reverses"), operation.reverses),
        (_("Reversed by"), reversed_by),
    ]
    context = {
        "operation": operation,
        "moves": moves,
        "total": None if corrects else sum((move.worth for move in moves), Decimal(0)),
        "facts": [(label, value) for label, value in named if value],
        "company": current_company(),
        "printed_at": clock.now(),
        "printed_by": request.user,
        "qr_url": request.build_absolute_uri(operation.get_absolute_url()),
    }
    return render(request, "inventory/sheets/operation.html", context)
