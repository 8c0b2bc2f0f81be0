"""What was posted: the list, one operation, its reversal; and transfer, adjust, waste."""

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.errors import BookMoved, StockHeld
from apps.inventory.filters import OperationFilter
from apps.inventory.forms import AT, OVERRIDE, AdjustForm, ReasonForm, TransferForm, WasteForm, override_field
from apps.inventory.models import Move, PurchaseOrder, StockOperation
from apps.inventory.selectors import recosting
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import cost_corrections, stock
from apps.inventory.tables import OperationTable
from backoffice.kernel import clock, idempotency
from backoffice.kernel.errors import DomainError, KeyReused
from backoffice.ui import htmx
from backoffice.ui.actions import Action
from backoffice.ui.forms import ScanField, dress
from backoffice.ui.permissions import may_open
from backoffice.ui.screens import ActionScreen, Badge, DetailScreen, Empty, Fact, ListScreen, SavedView
from backoffice.ui.screens.base import url_of

CHANGED = ("inventory-stock", "inventory-stockoperation", "inventory-lot")
LOOK = "look"


class OperationList(ListScreen):
    """The ledger by operation, newest first."""

    model = StockOperation
    permission = "inventory.view_stockoperation"
    icon = "arrow-left-right"
    table_class = OperationTable
    filter_class = OperationFilter
    search_label = gettext_lazy("Number, reason, reference or lot")
    empty = Empty(gettext_lazy("Nothing was posted yet"), gettext_lazy("Receipts, transfers and sales appear here."))
    saved_views = [
        SavedView("receipts", gettext_lazy("Receipts"), lambda rows: rows.filter(kind="receipt"), count=False),
        SavedView(
            "corrections",
            gettext_lazy("Corrections"),
            lambda rows: rows.filter(kind__in=["adjustment", "count", "reversal"]),
            count=False,
        ),
        SavedView("waste", gettext_lazy("Waste"), lambda rows: rows.filter(kind="waste"), count=False),
    ]

    def get_queryset(self) -> QuerySet[StockOperation]:
        mine = Move.objects.filter(operation_id=OuterRef("pk"))
        rows: QuerySet[StockOperation] = StockOperation.objects.select_related("actor").prefetch_related("origin")
        return rows.annotate(
            worth=stock_reads.value_of(mine, "operation_id"),
            what=Subquery(mine.order_by("pk").values("product__name")[:1]),
        )


class OperationDetail(DetailScreen):
    """One operation and its moves."""

    model = StockOperation
    permission = "inventory.view_stockoperation"
    template_name = "inventory/operation_detail.html"
    list_url = "inventory:operation_list"
    icon = "arrow-left-right"
    actions = [
        Action(
            gettext_lazy("Print"),
            "inventory:operation_sheet",
            "inventory.view_stockoperation",
            icon="printer",
            dialog=False,
        ),
        Action(
            gettext_lazy("Reverse"),
            "inventory:operation_reverse",
            "inventory.reverse_stockoperation",
            icon="undo-2",
            danger=True,
            when=lambda operation: can_reverse(operation),
        ),
        Action(
            gettext_lazy("Take delivery back"),
            "inventory:purchase_take_back",
            "inventory.reverse_stockoperation",
            icon="undo-2",
            danger=True,
            when=lambda operation: can_take_back(operation),
        ),
        Action(
            gettext_lazy("Correct cost"),
            "inventory:cost_correct",
            "inventory.correct_cost",
            icon="receipt",
            when=lambda operation: cost_corrections.correctable(operation),
        ),
    ]

    def get_queryset(self) -> QuerySet[StockOperation]:
        return StockOperation.objects.select_related("actor", "reverses", "reversed_by")

    def badge(self) -> Badge:
        if hasattr(self.object, "reversed_by"):
            return Badge(_("reversed"), "warn")
        return Badge(self.object.get_kind_display())

    def meta(self) -> list[Any]:
        actor = self.object.actor
        when = date_format(clock.local(self.object.occurred_at), "SHORT_DATETIME_FORMAT")
        return [when, actor.name if actor else _("system"), self.object.reference]

    def facts(self) -> list[Fact]:
        operation, found = self.object, []
        if operation.reason:
            found.append(Fact(_("Reason"), operation.reason))
        if operation.note:
            found.append(Fact(_("Note"), operation.note))
        if operation.origin is not None:
            url = getattr(operation.origin, "get_absolute_url", lambda: "")()
            mine = url and may_open(self.request.user, operation.origin, url)
            found.append(Fact(_("For"), operation.origin, url if mine else ""))
        if operation.reverses is not None:
            found.append(Fact(_("Reverses"), operation.reverses, operation.reverses.get_absolute_url()))
        if operation.kind == StockOperation.Kind.RECEIPT and self.request.user.has_perm(
            "inventory.view_costcorrection"
        ):
            found += [
                Fact(_("Cost corrected by"), correction, correction.get_absolute_url())
                for correction in operation.cost_corrections.exclude(status="discarded").order_by("pk")
            ]
        if hasattr(operation, "reversed_by"):
            found.append(Fact(_("Reversed by"), operation.reversed_by, operation.reversed_by.get_absolute_url()))
        return found

    def get_context(self, **more: Any) -> dict[str, Any]:
        moves = recosting.with_corrections(
            self.object.moves.select_related("product__unit", "lot", "source", "destination").order_by("pk")
        )
        total = None  # money that goes there and back adds up to nothing
        if self.object.kind != StockOperation.Kind.CORRECTION:
            total = sum((move.value + (move.corrected or 0) for move in moves), Decimal(0))
        return super().get_context(moves=moves, total=total, **more)


def can_reverse(operation: StockOperation) -> bool:
    """Whether a person may reverse it here: what belongs to a document is corrected there."""
    return (
        operation.kind in StockOperation.BY_HAND
        and operation.origin_id is None
        and not hasattr(operation, "reversed_by")
    )


def can_take_back(operation: StockOperation) -> bool:
    """Whether it is a delivery of a purchase order that still stands."""
    return (
        operation.kind == StockOperation.Kind.RECEIPT
        and isinstance(operation.origin, PurchaseOrder)
        and not hasattr(operation, "reversed_by")
    )


class OperationReverse(ActionScreen):
    """Posts the opposite."""

    model = StockOperation
    permission = "inventory.reverse_stockoperation"
    form_class = ReasonForm
    submit_label = gettext_lazy("Reverse")
    danger = True
    leave = True
    changed = CHANGED

    def get_queryset(self) -> QuerySet[StockOperation]:
        return StockOperation.objects.filter(kind__in=StockOperation.BY_HAND, origin_id=None)

    def get_title(self) -> str:
        return _("Reverse %(number)s?") % {"number": self.object}

    def intro(self) -> str:
        return _("The opposite is posted: same lots, quantities and values. Both stay in the ledger.")

    def perform(self, form: Any) -> Any:
        return stock.reverse(self.object, reason=form.cleaned_data["reason"], key=self.key)

    def remedies_for(self, error: DomainError) -> Any:
        """All or nothing is reversed: what is left cannot be taken instead."""
        return [one for one in error.remedies if one.url]

    def success(self, result: Any) -> str:
        return _("%(number)s is reversed.") % {"number": self.object}


class StockAction(ActionScreen):
    """Something done with the stock of one lot in one place; `?stock=` names it.

    When others hold the stock the form says who. Who may adjust stock is asked whether it is really gone.
    """

    changed = CHANGED
    asks = False
    list_url = "inventory:stock_list"
    list_title = gettext_lazy("Stock")

    def initial(self) -> dict[str, Any]:
        raw = self.request.GET.get("stock", "")
        return {"stock": int(raw)} if raw.isascii() and raw.isdigit() and len(raw) < 18 else {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if name := request.GET.get(LOOK):
            return self.look(name)
        return super().get(request, *args, **kwargs)

    def look(self, name: str) -> HttpResponse:
        """What was scanned into a field, said below it before anything else is typed."""
        form = self.get_form()
        if AT in self.request.GET:
            form.ask_where()
            with suppress(ValidationError):  # what is wrong with the place is said beside it
                form.fields["stock"].at = form.fields[AT].clean(self.request.GET[AT][:200])
        field = form.fields.get(name)
        if not isinstance(field, ScanField):
            raise Http404
        try:
            found = field.clean(self.request.GET.get(name, "")[:200])
        except ValidationError as error:
            return HttpResponse(format_html('<span class="c-bad">{}</span>', " ".join(error.messages)))
        return HttpResponse(self.found(form, name, found, field.told(found) if hasattr(field, "told") else found))

    def found(self, form: Any, name: str, found: Any, told: Any) -> SafeString:
        """The answer to a scan that was understood."""
        return escape(told)

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        form = super().get_form(data, files)
        if data is not None and OVERRIDE in data:
            self.ask(form)
        return form

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The same form again is answered like the first time, though its stock may lie elsewhere by now."""
        with suppress(KeyReused):  # something else was typed since: that is judged anew
            if (done := idempotency.find(scope=self.scope, key=self.key, fingerprint=self.typed)) is not None:
                messages.success(request, self.success(done), extra_tags=url_of(done))
                return htmx.done(request, to=self.success_url(done), changed=self.changed, leave=self.leave)
        return super().post(request, *args, **kwargs)

    @property
    def scope(self) -> str:
        return f"form:{self.request.path}"

    @property
    def typed(self) -> list[Any]:
        return [(name, values) for name, values in sorted(self.request.POST.lists()) if name != "csrfmiddlewaretoken"]

    def perform(self, form: Any) -> Any:
        with transaction.atomic():
            result = self.do(form)
            if idempotency.find(scope=self.scope, key=self.key, fingerprint=self.typed) is None:
                idempotency.remember(scope=self.scope, key=self.key, fingerprint=self.typed, result=result)
        return result

    def do(self, form: Any) -> Any:
        """Do it, through one service call; return what came of it."""
        raise NotImplementedError

    def ask(self, form: Any) -> None:
        """Offer to go on, to those who may."""
        if OVERRIDE not in form.fields and self.request.user.has_perm("inventory.adjust_stock"):
            form.fields[OVERRIDE] = override_field()
            dress(form)

    def show(self, form: Any, status: int = 200, **more: Any) -> Any:
        if self.asks:
            self.ask(form)
        for name, field in form.fields.items():
            if isinstance(field, ScanField):
                field.widget.attrs |= {
                    "hx-get": self.request.path,
                    "hx-trigger": "change changed",
                    "hx-target": f"#id_{name}_helptext",
                    "hx-swap": "innerHTML",
                    "hx-vals": json.dumps({LOOK: name}),
                }
        if AT in form.fields:
            place = f"#id_{AT}"
            form.fields["stock"].widget.attrs |= {
                "hx-include": place,
                "hx-trigger": f"change changed, change from:{place}",
            }
        return super().show(form, status, **more)

    def taken(self, form: Any, service: Callable[..., Any], **values: Any) -> Any:
        """Call a service that may be told to take what others hold."""
        row = form.cleaned_data["stock"]
        really = form.cleaned_data.get(OVERRIDE, False)
        try:
            return service(
                lot=row.lot, location=row.location, key=self.key, override_holds=really, alike=True, **values
            )
        except StockHeld:
            self.asks = True
            raise

    def success_url(self, result: Any) -> str:
        return reverse("inventory:operation_detail", args=[result.pk])


class Transfer(StockAction):
    """`?stock=…&quantity=…&destination=…` begins it with what was suggested."""

    permission = "inventory.transfer_stock"
    form_class = TransferForm
    title = gettext_lazy("Transfer stock")
    submit_label = gettext_lazy("Transfer")

    def initial(self) -> dict[str, Any]:
        suggested = {name: self.request.GET.get(name, "")[:40] for name in ("quantity", "destination")}
        return super().initial() | {name: text for name, text in suggested.items() if text}

    def do(self, form: Any) -> Any:
        row = form.cleaned_data["stock"]
        return stock.transfer(
            lot=row.lot,
            quantity=form.cleaned_data["quantity"],
            source=row.location,
            destination=form.cleaned_data["destination"],
            reason=form.cleaned_data["reason"],
            key=self.key,
            alike=True,
        )

    def success(self, result: Any) -> str:
        return _("Transferred, %(number)s.") % {"number": result}


class Adjust(StockAction):
    permission = "inventory.adjust_stock"
    form_class = AdjustForm
    title = gettext_lazy("Adjust stock")
    submit_label = gettext_lazy("Adjust")

    def intro(self) -> str:
        return _("Say what is really there. The difference is posted with your reason.")

    def found(self, form: Any, name: str, found: Any, told: Any) -> SafeString:
        """With the figure that is shown, so that a book that moves on before the answer is noticed."""
        if name != "stock":
            return super().found(form, name, found, told)
        return format_html(
            '{}<input type="hidden" name="expected" id="id_expected" value="{}" hx-swap-oob="true">',
            told,
            form.book_of(found),
        )

    def do(self, form: Any) -> Any:
        said, row = form.cleaned_data, form.cleaned_data["stock"]
        try:
            return self.taken(
                form, stock.adjust, counted=said["counted"], reason=said["reason"], expected=form.shown_book(row)
            )
        except BookMoved:  # what is said next is said of the book as it is now
            form.data = form.data.copy()
            form.data["expected"] = form.book_of(row)
            raise

    def success(self, result: Any) -> str:
        return " ".join([_("Adjusted, %(number)s.") % {"number": result}, result.note]).strip()


class Waste(StockAction):
    permission = "inventory.waste_stock"
    form_class = WasteForm
    title = gettext_lazy("Write off waste")
    submit_label = gettext_lazy("Write off")
    danger = True

    def do(self, form: Any) -> Any:
        return self.taken(form, stock.waste, quantity=form.cleaned_data["quantity"], reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        return " ".join([_("Written off, %(number)s.") % {"number": result}, result.note]).strip()
