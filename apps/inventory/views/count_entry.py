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
from backoffice.ui.permissions import command, may, requires

PAGE = "inventory/count_enter.html"
ROWS = 25
SHORTEST_BARCODE = 8


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
    by_list = not code or scanned.place is not None
    lines, more = _page(count, scanned.place, show_all, positive(request.GET.get("after"), 0)) if by_list else ([], 0)
    places, strangers = _elsewhere(count, scanned)
    context = {
        "count": count,
        "code": code,
        "scanned": scanned,
        "by_list": by_list,
        "lines": lines,
        "more": more,
        "show_all": show_all,
        "moment": moment,
        "at": at,
        "at_text": _minute(at),
        "progress": counts.progress(count),
        "places": places,
        "strangers": strangers,
        "may_receive": may(request.user, "inventory.receive_stock"),
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


def _page(count: StockCount, place: Location | None, show_all: bool, after: int) -> tuple[list[StockCountLine], int]:
    """The lines that follow the line `after` in the order of the shelves, and the last of them if more come.

    Counted by where they stand, not by how many are left: what is counted meanwhile moves nobody past others.
    """
    rows = counts.lines_of(count) if place is None else counts.lines_of(count).filter(location=place)
    order = list(rows.values_list("pk", "counted"))
    keys = [pk for pk, _counted in order]
    wanted = [pk for pk, counted in order if show_all or counted is None]
    if after in keys:
        begun = set(keys[: keys.index(after) + 1])
        wanted = [pk for pk in wanted if pk not in begun] or wanted
    return list(rows.filter(pk__in=wanted[:ROWS])), wanted[ROWS - 1] if len(wanted) > ROWS else 0


def _elsewhere(count: StockCount, scanned: counts.Scanned) -> tuple[list[Location], list[Lot]]:
    """Where the count may find what was scanned, and the lots of it that it has no line for in one of these places."""
    if not scanned.strangers or count.status != StockCount.Status.OPEN:
        return [], []
    places = counts.places_of(count)
    known = {(line.lot_id, line.location_id) for line in scanned.lines}
    return places, [lot for lot in scanned.strangers if any((lot.pk, place.pk) not in known for place in places)]


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
    typed = request.POST.get("quantity", "").strip()[:40]
    if verb != "clear" and (name := _scanned_by_mistake(typed)):
        said = _("“%(code)s” is the code of %(name)s, not a figure. Type how much there is, then scan the next.")
        return _answer(request, line, error=said % {"code": typed, "name": name}, status=422)
    if not form.is_valid():
        wrong = form.errors.get("quantity") or next(iter(form.errors.values()))
        return _answer(request, line, error=wrong[0], typed=typed, status=422)
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
        return _answer(request, error.counted, error=error.message, ours=error.given, status=error.status)
    except DomainError as error:
        return _answer(request, line, error=error.message, typed=typed, status=error.status)
    return _answer(request, line, saved=True)


def _scanned_by_mistake(typed: str) -> str:
    """What was scanned where a figure belongs, by its name: a scanner types wherever the finger was."""
    is_figure = len(typed) < SHORTEST_BARCODE and not any(letter.isalpha() for letter in typed)
    return "" if is_figure else counts.name_of(typed)


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
    back = {"at": at} if (at := request.POST.get("at", "")[:20]) else {}
    if form.is_valid():
        lot = get_object_or_404(Lot.objects.select_related("product"), pk=form.cleaned_data["lot"])
        location = get_object_or_404(Location, pk=form.cleaned_data["location"])
        try:
            counting.add_line(count, lot=lot, location=location)
        except DomainError as error:  # the place was closed, or the count posted, since the page was made
            messages.error(request, error.message)
        back["scan"] = lot.product.sku if lot.is_silent else lot.code
    else:
        messages.error(request, _("Choose where it lies."))
        back["scan"] = request.POST.get("scan", "")[:100]
    return HttpResponseRedirect(f"{reverse('inventory:count_enter', args=[pk])}?{urlencode(back)}")
