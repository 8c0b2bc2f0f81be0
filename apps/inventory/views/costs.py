"""What a receipt cost, corrected later: saying it, looking at what follows, applying it, and what was corrected."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.cost_forms import CostForm, Line
from apps.inventory.cost_tables import TONES, CorrectionFilter, CorrectionTable
from apps.inventory.models import (
    CostCorrection,
    CostCorrectionLine,
    Location,
    Lot,
    Move,
    PurchaseReceipt,
    StockOperation,
)
from apps.inventory.selectors import corrections
from apps.inventory.services import cost_corrections
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.kernel.fields import MoneyField
from backoffice.kernel.money import format_money
from backoffice.outbox.models import Directive
from backoffice.ui import htmx
from backoffice.ui.actions import Action
from backoffice.ui.export import csv_response
from backoffice.ui.permissions import requires
from backoffice.ui.screens import (
    ActionScreen,
    Badge,
    DetailScreen,
    Empty,
    Fact,
    Figure,
    HistoryScreen,
    ListScreen,
    SavedView,
)

PERMISSION = "inventory.correct_cost"
DRAFT, APPLYING, APPLIED = (
    CostCorrection.Status.DRAFT,
    CostCorrection.Status.APPLYING,
    CostCorrection.Status.APPLIED,
)
CHANGED = ("inventory-costcorrection", "inventory-stock", "inventory-lot")
ZERO = Decimal(0)


class CorrectionList(ListScreen):
    """Corrections of what receipts cost, newest first."""

    model = CostCorrection
    permission = "inventory.view_costcorrection"
    icon = "receipt"
    table_class = CorrectionTable
    filter_class = CorrectionFilter
    search_label = gettext_lazy("Number, reason or reference")
    empty = Empty(
        gettext_lazy("No cost was corrected yet"),
        gettext_lazy("When an invoice says something else than the receipt, open the receipt and correct its cost."),
    )
    saved_views = [
        SavedView("draft", gettext_lazy("To be looked at"), lambda rows: rows.filter(status=DRAFT)),
        SavedView("applied", gettext_lazy("Applied"), lambda rows: rows.filter(status=APPLIED), count=False),
    ]

    def get_queryset(self) -> QuerySet[CostCorrection]:
        mine = CostCorrectionLine.objects.filter(correction_id=OuterRef("pk")).order_by().values("correction_id")
        total = mine.annotate(total=Sum(F("after") - F("before"), output_field=MoneyField())).values("total")
        return CostCorrection.objects.select_related("receipt", "created_by").annotate(
            difference=Subquery(total, output_field=MoneyField())
        )


@dataclass(frozen=True)
class Job:
    """How far the background job is."""

    directive: Directive | None

    @property
    def is_over(self) -> bool:
        """Nobody works on it, and nobody will."""
        ended = (Directive.Status.DEAD, Directive.Status.CANCELLED, Directive.Status.PARKED)
        return self.directive is None or self.directive.status in ended


class CorrectionDetail(DetailScreen):
    """What changes, or changed: lots, operations, work orders and orders, before and after. `?export=csv` has all."""

    model = CostCorrection
    permission = "inventory.view_costcorrection"
    template_name = "inventory/correction_detail.html"
    list_url = "inventory:correction_list"
    icon = "receipt"
    actions = [
        Action(
            gettext_lazy("Apply"),
            "inventory:correction_apply",
            PERMISSION,
            icon="check",
            primary=True,
            to=APPLYING,
        ),
        Action(
            gettext_lazy("History"),
            "inventory:correction_history",
            "inventory.view_costcorrection",
            icon="history",
            dialog=False,
        ),
        Action(
            gettext_lazy("Discard"),
            "inventory:correction_discard",
            PERMISSION,
            icon="x",
            danger=True,
            to=CostCorrection.Status.DISCARDED,
        ),
    ]

    def get_queryset(self) -> QuerySet[CostCorrection]:
        return CostCorrection.objects.select_related("receipt", "operation", "created_by")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.GET.get("export") == "csv":
            answer: HttpResponse = _file(self.object, request.user)
            return answer
        return super().get(request, *args, **kwargs)

    def badge(self) -> Badge:
        return Badge(self.object.get_status_display(), TONES.get(self.object.status, ""))

    def meta(self) -> list[Any]:
        made, person = self.object.created_at, self.object.created_by
        return [
            date_format(clock.local(made), "SHORT_DATETIME_FORMAT"),
            person.name if person else _("system"),
            self.object.reference,
        ]

    @cached_property
    def shown(self) -> corrections.Shown:
        most = corrections.MOST if self.request.GET.get("show") == "all" else corrections.SHOWN
        return corrections.of(self.object, sees=self.request.user.has_perm, most=most)

    @cached_property
    def job(self) -> Job | None:
        if self.object.status != APPLYING:
            return None
        return Job(Directive.objects.of(self.object).order_by("-pk").first())

    def facts(self) -> list[Fact]:
        correction = self.object
        found = [
            Fact(_("Goods receipt"), correction.receipt, correction.receipt.get_absolute_url()),
            Fact(_("Reason"), correction.reason),
        ]
        if correction.operation is not None:
            found.append(Fact(_("Posted as"), correction.operation, correction.operation.get_absolute_url()))
        if correction.applied_at is not None:
            when = date_format(clock.local(correction.applied_at), "SHORT_DATETIME_FORMAT")
            found.append(Fact(_("Applied at"), when))
        return found

    def figures(self) -> list[Figure]:
        shown, currency = self.shown, current_company().currency

        def money(amount: Decimal) -> str:
            return ("+" if amount > 0 else "") + format_money(amount, currency)

        kind = Location.Kind
        lost = shown.ends.get(kind.WASTE, ZERO) + shown.ends.get(kind.ADJUSTMENT, ZERO)
        found = [
            Figure(_("Difference"), money(shown.difference), on=True),
            Figure(_("Still in stock"), money(shown.on_hand)),
            Figure(_("Sold"), money(shown.ends.get(kind.CUSTOMER, ZERO)), note=_("cost of goods sold")),
        ]
        if used := shown.ends.get(kind.CONSUMED, ZERO):
            found.append(Figure(_("In work or lost in it"), money(used)))
        if lost:
            found.append(Figure(_("Waste and counts"), money(lost)))
        if back := shown.ends.get(kind.SUPPLIER, ZERO) + shown.difference:
            found.append(Figure(_("Sent back"), money(back)))
        return found

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(
            correction=self.object, shown=self.shown, job=self.job, is_draft=self.object.status == DRAFT, **more
        )


def _file(correction: CostCorrection, user: Any) -> Any:
    shown = corrections.of(correction, sees=user.has_perm, most=None)

    def rows() -> Iterator[list[Any]]:
        for lot in shown.lots:
            one = lot.change
            yield [_("lot"), lot.lot.code, lot.lot.product.sku, "", one.value_before, one.value_after]
            yield [_("unit cost"), lot.lot.code, lot.lot.product.sku, "", one.unit_before, one.unit_after]
        for row in shown.operations:
            kind = row.operation.get_kind_display()
            yield [kind, row.operation.number, row.lot.product.sku, row.lot.code, row.before, row.after]
        for work in shown.work:
            yield [_("went in"), work.document, "", "", work.change.cost_before, work.change.cost_after]
            yield [_("came out"), work.document, "", "", work.change.worth_before, work.change.worth_after]
        for sale in shown.sold:
            yield [_("cost of goods sold"), sale.document, "", "", sale.change.cost_before, sale.change.cost_after]
            yield [_("margin"), sale.document, "", "", sale.change.left_before, sale.change.left_after]

    header = [_("What"), _("Number"), _("SKU"), _("Lot"), _("Before"), _("After")]
    return csv_response(f"cost-correction-{correction.number}", header, rows())


class CorrectionHistory(HistoryScreen):
    model = CostCorrection
    detail_class = CorrectionDetail
    permission = "inventory.view_costcorrection"


class CostCorrect(ActionScreen):
    """Says what lines of a receipt really cost; what follows is looked at before it is applied."""

    model = StockOperation
    permission = PERMISSION
    form_class = CostForm
    submit_label = gettext_lazy("See what changes")
    leave = True
    wide = True
    list_url = "inventory:operation_list"

    def get_queryset(self) -> QuerySet[StockOperation]:
        return StockOperation.objects.filter(kind=StockOperation.Kind.RECEIPT)

    def get_title(self) -> str:
        return _("What did %(number)s really cost?") % {"number": self.object}

    def intro(self) -> str:
        return _("Nothing is posted yet: next you see every lot, operation, work order and sale that would change.")

    @cached_property
    def lines(self) -> list[Line]:
        return lines_of(self.object, only=self.request.GET.get("lot", ""), product=self.request.GET.get("product", ""))

    def get_form(self, data: Any = None, files: Any = None) -> CostForm:
        return CostForm(data, files, lines=self.lines, initial={"reference": self.object.reference})

    def perform(self, form: Any) -> CostCorrection:
        return cost_corrections.draft(
            self.object,
            values=form.values(),
            reason=form.cleaned_data["reason"],
            reference=form.cleaned_data["reference"],
            key=self.key,
        )

    def success(self, result: Any) -> str:
        return _("%(number)s is ready to be looked at. Nothing is posted yet.") % {"number": result}


def lines_of(receipt: StockOperation, *, only: str = "", product: str = "") -> list[Line]:
    """The lines of a receipt with what they are in the books for; of one lot or product when it is named."""
    now = cost_corrections.values_now(receipt)
    packs: dict[int, list[PurchaseReceipt]] = {}
    for row in PurchaseReceipt.objects.filter(operation=receipt).select_related("line__pack"):
        packs.setdefault(row.line.product_id, []).append(row)
    moves = list(receipt.moves.select_related("product__unit", "lot").order_by("pk"))
    chosen = [move for move in moves if str(move.lot_id) == only or str(move.product_id) == product]
    found = []
    for move in chosen or moves:
        rows = packs.get(move.product_id, [])
        pack = rows[0].line.pack if len(rows) == 1 else None
        found.append(Line(move, now[move.pk], pack))
    return found


@requires(PERMISSION)
def lot_cost(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt that a lot came with, to correct its cost; of several one is chosen."""
    lot = get_object_or_404(Lot.objects.select_related("product__unit"), pk=pk)
    came = Move.objects.filter(
        lot=lot, operation__kind=StockOperation.Kind.RECEIPT, operation__reversed_by__isnull=True, quantity__gt=0
    )
    moves = list(came.select_related("operation__actor").order_by("-pk")[:50])
    if len(moves) == 1:
        return redirect(f"{reverse('inventory:cost_correct', args=[moves[0].operation_id])}?lot={lot.pk}")
    context = {
        "lot": lot,
        "moves": moves,
        "unit": lot.product.unit.code,
        "title": _("Correct cost"),
        "breadcrumbs": [
            (_("Lots"), reverse("inventory:lot_list")),
            (str(lot), lot.get_absolute_url()),
            (_("Correct cost"), ""),
        ],
    }
    return htmx.render(request, "inventory/lot_cost.html", context)


class CorrectionAction(ActionScreen):
    """Something done with a correction."""

    model = CostCorrection
    permission = PERMISSION
    changed = CHANGED
    leave = True

    def get_queryset(self) -> QuerySet[CostCorrection]:
        return CostCorrection.objects.select_related("receipt").annotate(count=Count("lines"))


class CorrectionApply(CorrectionAction):
    """Lets the job post what follows."""

    submit_label = gettext_lazy("Apply")

    def get_title(self) -> str:
        return _("Apply %(number)s?") % {"number": self.object}

    def intro(self) -> str:
        return _(
            "The differences are posted today, in the background; days before stay as they were. It is not undone, but "
            "the receipt can be corrected again."
        )

    def perform(self, form: Any) -> Any:
        return cost_corrections.apply(self.object, revision=self.object.revision)

    def success(self, result: Any) -> str:
        return _("%(number)s is being applied.") % {"number": self.object}


class CorrectionDiscard(CorrectionAction):
    """Nothing is corrected."""

    submit_label = gettext_lazy("Discard")
    danger = True

    def get_title(self) -> str:
        return _("Discard %(number)s?") % {"number": self.object}

    def intro(self) -> str:
        return _("The receipt keeps the cost that it has.")

    def perform(self, form: Any) -> Any:
        return cost_corrections.discard(self.object, revision=self.object.revision)

    def success(self, result: Any) -> str:
        return _("%(number)s is discarded.") % {"number": self.object}
