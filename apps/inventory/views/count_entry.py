"""Counting on a phone: scan, type, next. Each line is a small form of its own, so that two people may count at once."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.inventory.count_forms import EntryForm, MomentForm, StrangerForm
from apps.inventory.errors import CountedMeanwhile
from apps.inventory.models import Location, Lot, StockCount, StockCountLine
from apps.inventory.selectors import counts
from apps.inventory.services import counting
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import htmx
from backoffice.ui.fields import QuantityFormField
from backoffice.ui.pagination import positive
from backoffice.ui.permissions import command, requires

PAGE = "inventory/count_enter.html"
ROWS = 25


@requires("inventory.change_stockcount")
def enter(request: HttpRequest, pk: int) -> HttpResponse:
    """What is still blank, shelf by shelf; a scan brings its line to the top."""
    count = get_object_or_404(StockCount.objects.select_related("location", "category"), pk=pk)
    code = request.GET.get("scan", "").strip()[:100]
    scanned = counts.scan(count, code) if code else counts.Scanned()
    show_all = request.GET.get("show") == "all"
    moment = MomentForm(request.GET)
    at = moment.cleaned_data["at"] if moment.is_valid() else None
    try:
        counting.check_moment(count, at)
    except DomainError as error:
        moment.add_error("at", error.message)
        at = None
    rows = counts.lines_of(count)
    if not show_all:
        rows = rows.filter(counted=None)
    page = positive(request.GET.get("page"), 1)
    lines = list(rows[(page - 1) * ROWS : page * ROWS + 1])
    context = {
        "count": count,
        "code": code,
        "scanned": scanned,
        "lines": [] if code else lines[:ROWS],
        "more": page + 1 if len(lines) > ROWS and not code else 0,
        "show_all": show_all,
        "moment": moment,
        "at": at,
        "at_text": _minute(at),
        "progress": counts.progress(count),
        "places": counts.places_of(count) if scanned.strangers else [],
        "writable": count.status == StockCount.Status.OPEN,
        "key": uuid4().hex,
        "title": _("Counting"),
        "breadcrumbs": [
            (_("Counts"), reverse("inventory:count_list")),
            (str(count), count.get_absolute_url()),
            (_("Counting"), ""),
        ],
    }
    return htmx.render(request, PAGE, context, fragments={"counting": f"{PAGE}#counting"})


def _minute(at: datetime | None) -> str:
    """As a field of day and time has it."""
    return f"{clock.local(at):%Y-%m-%dT%H:%M}" if at is not None else ""


@command("inventory.change_stockcount")
def record(request: HttpRequest, pk: int) -> HttpResponse:
    """One figure: the whole of it (`do=set`), some more from another shelf (`do=add`), or blank again (`do=clear`)."""
    line = get_object_or_404(counts.every_line(), pk=pk)
    verb = request.POST.get("do", "set")
    form = EntryForm(request.POST)
    if verb == "clear":
        form.fields["quantity"].required = False
    if not form.is_valid():
        error = form.errors.get("quantity") or next(iter(form.errors.values()))
        return _answer(request, line, error=error[0], typed=request.POST.get("quantity", "")[:40], status=422)
    amount, revision = form.cleaned_data["quantity"], form.cleaned_data["revision"]
    # The same figure of the same line is written once; another figure of it is one more to decide about. The lines of a
    # page share what they send, and the random end of it is what may be cut.
    sent = request.POST.get("_key", "")[:40]
    key = f"{line.pk}:{verb}:{amount}:{sent}"[:64] if sent else None
    try:
        if verb == "add":
            line = counting.add(line, quantity=amount, key=key)
        elif verb == "clear":
            line = counting.take_back(line, revision=revision)
        else:
            line = counting.record(
                line,
                quantity=amount,
                revision=revision,
                reason=form.cleaned_data["reason"],
                at=form.cleaned_data["at"],
                key=key,
            )
    except CountedMeanwhile as error:
        return _answer(request, error.line, error=error.message, ours=error.given, status=error.status)
    except DomainError as error:
        return _answer(
            request, line, error=error.message, typed=request.POST.get("quantity", "")[:40], status=error.status
        )
    return _answer(request, line, saved=True)


def _answer(request: HttpRequest, line: StockCountLine, *, status: int = 200, **more: Any) -> HttpResponse:
    """The line again; a browser without scripts goes back to the page unless there is something to decide."""
    line = counts.every_line().get(pk=line.pk)
    ours = more.get("ours")
    if ours is not None:
        more["ours_text"] = QuantityFormField().prepare_value(ours)
        more["sum_text"] = format_quantity((line.counted or counts.ZERO) + ours, line.product.unit.code)
    if not htmx.is_htmx(request) and status == 200:
        messages.success(request, _("%(product)s: counted.") % {"product": line.product.name})
        to = reverse("inventory:count_enter", args=[line.count_id])
        return HttpResponseRedirect(f"{to}?{urlencode({'at': at})}" if (at := request.POST.get("at", "")[:20]) else to)
    name = f"line-{line.pk}"
    page = "inventory/count_line.html"
    context = {
        "line": line,
        "count": line.count,
        "writable": True,
        "progress": counts.progress(line.count),
        "alone": True,
        "target": htmx.target(request),
        "at_text": request.POST.get("at", "")[:20],
        "key": uuid4().hex,
        "title": _("Counting"),
        "breadcrumbs": [(str(line.count), line.count.get_absolute_url()), (_("Counting"), "")],
        **more,
    }
    return htmx.render(request, page, context, fragments={name: f"{page}#line"}, status=status)


@command("inventory.change_stockcount")
def stranger(request: HttpRequest, pk: int) -> HttpResponse:
    """Take in a lot that lies where the book has none of it."""
    count = get_object_or_404(StockCount, pk=pk)
    form = StrangerForm(request.POST)
    to = reverse("inventory:count_enter", args=[pk])
    if form.is_valid():
        lot = get_object_or_404(Lot, pk=form.cleaned_data["lot"])
        location = get_object_or_404(Location, pk=form.cleaned_data["location"])
        try:
            counting.add_line(count, lot=lot, location=location)
        except DomainError as error:  # the place was closed, or the count posted, since the page was made
            messages.error(request, error.message)
        to += "?" + urlencode({"scan": lot.product.sku if lot.is_silent else lot.code})
    return HttpResponseRedirect(to)
