"""Paper: the sheets as pages, and the same pages as PDF."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse

from apps.inventory.models import Lot
from apps.production.models import WorkOrder
from apps.production.selectors import sheets
from apps.production.views import pdf
from backoffice import company
from backoffice.kernel import clock
from backoffice.ui.permissions import requires

SHEETS = "production/sheets"


def _context(request: HttpRequest, pdf_url: str, **more: Any) -> dict[str, Any]:
    return {
        "company": company.current(),
        "printed_at": clock.now(),
        "printed_by": request.user,
        "pdf_url": pdf_url,
        **more,
    }


def _absolute(request: HttpRequest, name: str, *args: Any) -> str:
    return request.build_absolute_uri(reverse(name, args=args))


def _batch(request: HttpRequest, pk: int) -> dict[str, Any]:
    order = get_object_or_404(
        WorkOrder.objects.select_related("product__unit", "recipe", "source", "destination"), pk=pk
    )
    return _context(
        request,
        reverse("production:batch_sheet_pdf", args=[pk]),
        sheet=sheets.batch(order),
        order=order,
        qr_url=_absolute(request, "production:work_order_detail", pk),
    )


@requires("production.view_workorder")
def batch(request: HttpRequest, pk: int) -> HttpResponse:
    """One work order: scaled quantities, steps, checks, and room for what is written by hand."""
    return render(request, f"{SHEETS}/batch.html", _batch(request, pk))


@requires("production.view_workorder")
def batch_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    context = _batch(request, pk)
    return pdf.answer(render_to_string(f"{SHEETS}/batch.html", context, request), str(context["order"]))


def _day(request: HttpRequest, day: date) -> dict[str, Any]:
    orders = sheets.day_orders(day)
    return _context(
        request,
        reverse("production:day_sheet_pdf", args=[day]),
        day=day,
        orders=orders,
        pages=sheets.pages(orders, sheets.DAY_ROWS),
        qr_url=_absolute(request, "production:plan", day),
    )


@requires("production.view_workorder")
def day_sheet(request: HttpRequest, day: date) -> HttpResponse:
    """The day's work in the order in which it starts."""
    return render(request, f"{SHEETS}/day.html", _day(request, day))


@requires("production.view_workorder")
def day_sheet_pdf(request: HttpRequest, day: date) -> HttpResponse:
    return pdf.answer(render_to_string(f"{SHEETS}/day.html", _day(request, day), request), f"day-{day}")


def _weighing(request: HttpRequest, day: date) -> dict[str, Any]:
    return _context(
        request,
        reverse("production:weighing_sheet_pdf", args=[day]),
        day=day,
        pages=sheets.weighing(day),
        qr_url=_absolute(request, "production:plan", day),
    )


@requires("production.view_workorder")
def weighing(request: HttpRequest, day: date) -> HttpResponse:
    """What is weighed that day: materials × orders."""
    return render(request, f"{SHEETS}/weighing.html", _weighing(request, day))


@requires("production.view_workorder")
def weighing_pdf(request: HttpRequest, day: date) -> HttpResponse:
    return pdf.answer(render_to_string(f"{SHEETS}/weighing.html", _weighing(request, day), request), f"weighing-{day}")


def _labels(request: HttpRequest, lots: list[Lot], pdf_url: str = "") -> dict[str, Any]:
    labels = [(sheets.label(lot), request.build_absolute_uri(lot.get_absolute_url())) for lot in lots]
    return _context(request, pdf_url, labels=labels)


@requires("inventory.view_lot")
def lot_label(request: HttpRequest, pk: int) -> HttpResponse:
    """One lot's label, 80 mm."""
    lot = get_object_or_404(Lot.objects.select_related("product__unit"), pk=pk)
    return render(
        request, f"{SHEETS}/label.html", _labels(request, [lot], reverse("production:lot_label_pdf", args=[pk]))
    )


@requires("inventory.view_lot")
def lot_label_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    lot = get_object_or_404(Lot.objects.select_related("product__unit"), pk=pk)
    return pdf.answer(render_to_string(f"{SHEETS}/label.html", _labels(request, [lot]), request), f"lot-{pk}")


@requires("production.view_workorder")
def order_labels(request: HttpRequest, pk: int) -> HttpResponse:
    """The labels of all lots of an order."""
    order = get_object_or_404(WorkOrder, pk=pk)
    lots = list(Lot.objects.filter(production_outputs__work_order=order).select_related("product__unit").order_by("pk"))
    return render(request, f"{SHEETS}/label.html", _labels(request, lots))
