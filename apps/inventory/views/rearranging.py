"""Send back, split, merge, mark down, reallocate; the pick list and lot labels for A4."""

from typing import Any

from django import forms as django_forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.amount_fields import AmountField
from apps.inventory.forms import StockForm
from apps.inventory.models import Hold, Lot, StockBalance
from apps.inventory.scan_fields import BalanceField, LotField, PlaceField
from apps.inventory.selectors import picking
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import reallocation, rearranging
from apps.inventory.views.operations import StockAction
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError, StaleRevision
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.forms import DateField, Form, reason_field
from backoffice.ui.pagination import positive
from backoffice.ui.permissions import requires
from backoffice.ui.screens import ActionScreen

LABELS = 24


class ReturnForm(StockForm):
    quantity = AmountField(label=gettext_lazy("Quantity"))
    reference = django_forms.CharField(label=gettext_lazy("Their document"), required=False, max_length=80)
    reason = reason_field()
    spans = {"quantity": 3, "reference": 3}


class SplitForm(StockForm):
    quantity = AmountField(label=gettext_lazy("Quantity"))
    code = django_forms.CharField(
        label=gettext_lazy("New lot code"), required=False, max_length=60, help_text=gettext_lazy("Blank: automatic.")
    )
    reason = reason_field()
    spans = {"quantity": 3, "code": 3}


class MergeForm(StockForm):
    into = LotField(
        label=gettext_lazy("Into lot"), help_text=gettext_lazy("Of the same product; it must not last longer.")
    )
    reason = reason_field()

    def clean_stock(self) -> StockBalance:
        """Where lots of several products have the code, the other lot is of this one's product."""
        stock: StockBalance = self.cleaned_data["stock"]
        self.fields["into"].of = stock.product_id  # type: ignore[attr-defined]
        return stock


class MarkdownForm(Form):
    grade = django_forms.ChoiceField(label=gettext_lazy("Grade"), choices=Lot.Grade.choices)
    percent = django_forms.IntegerField(label=gettext_lazy("Markdown in per cent"), min_value=0, max_value=100)
    reason = reason_field()
    seen = django_forms.CharField(required=False, max_length=40, widget=django_forms.HiddenInput)
    spans = {"grade": 3, "percent": 3}


class ReallocateForm(StockForm):
    stock = BalanceField(
        label=gettext_lazy("From this stock"), required=False, help_text=gettext_lazy("Blank: first expired first.")
    )
    priority = django_forms.IntegerField(
        label=gettext_lazy("Priority"),
        min_value=-100,
        max_value=100,
        help_text=gettext_lazy("Waiting holds of a higher one are served first."),
    )


class ReturnToSupplier(StockAction):
    permission = "inventory.adjust_stock"
    form_class = ReturnForm
    title = gettext_lazy("Return to supplier")
    submit_label = gettext_lazy("Send back")
    danger = True

    def do(self, form: Any) -> Any:
        data = form.cleaned_data
        return rearranging.return_to_supplier(
            lot=data["stock"].lot,
            location=data["stock"].location,
            quantity=data["quantity"],
            reason=data["reason"],
            reference=data["reference"],
            key=self.key,
            alike=True,
        )

    def success(self, result: Any) -> str:
        return _("Sent back, %(number)s.") % {"number": result}


class LotAction(StockAction):
    """Something done with part of a lot, of which a lot comes."""

    permission = "inventory.adjust_stock"

    def success_url(self, result: Any) -> str:
        return str(result.get_absolute_url())


class Split(LotAction):
    form_class = SplitForm
    title = gettext_lazy("Split lot")
    submit_label = gettext_lazy("Split")

    def intro(self) -> str:
        return _("Part of it becomes a lot of its own, with the same expiry and cost.")

    def do(self, form: Any) -> Any:
        data = form.cleaned_data
        return rearranging.split(
            lot=data["stock"].lot,
            location=data["stock"].location,
            quantity=data["quantity"],
            reason=data["reason"],
            code=data["code"],
            key=self.key,
        )

    def success(self, result: Any) -> str:
        return _("Lot %(lot)s made.") % {"lot": result}


class Merge(LotAction):
    form_class = MergeForm
    title = gettext_lazy("Merge lots")
    submit_label = gettext_lazy("Merge")

    def intro(self) -> str:
        return _("All of it in that place joins the other lot. The earlier expiry stays.")

    def do(self, form: Any) -> Any:
        data = form.cleaned_data
        return rearranging.merge(
            lot=data["stock"].lot,
            into=data["into"],
            location=data["stock"].location,
            reason=data["reason"],
            key=self.key,
        )

    def remedies_for(self, error: DomainError) -> Any:
        """All of it is merged or nothing: what is free cannot be taken instead."""
        return [one for one in error.remedies if one.url]

    def success(self, result: Any) -> str:
        return _("Merged into %(lot)s.") % {"lot": result}


class Markdown(ActionScreen):
    """Less for what is left of a lot."""

    model = Lot
    permission = "inventory.block_lot"
    form_class = MarkdownForm
    title = gettext_lazy("Grade and markdown")
    submit_label = gettext_lazy("Save")
    changed = ("inventory-lot",)

    def initial(self) -> dict[str, Any]:
        return {"grade": self.object.grade, "percent": self.object.markdown_percent, "seen": self.object.marked}

    def intro(self) -> str:
        return _("Shown with the lot and printed on its labels. What the till charges is decided by promotions.")

    def perform(self, form: Any) -> Any:
        said = form.cleaned_data
        return rearranging.mark_down(
            self.object,
            percent=said["percent"],
            grade=said["grade"],
            reason=said["reason"],
            seen=said["seen"] or None,
        )

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        """What it is now was said: sent again, it is what the person saw."""
        form.data = form.data.copy()
        form.data["seen"] = Lot.objects.get(pk=self.object.pk).marked
        return super().stale(form, error)


class HoldReallocate(ActionScreen):
    """Backs a hold with other stock."""

    model = Hold
    permission = "inventory.release_hold"
    form_class = ReallocateForm
    title = gettext_lazy("Back with other stock")
    submit_label = gettext_lazy("Reallocate")
    changed = ("inventory-hold", "inventory-stock")

    def get_queryset(self) -> QuerySet[Hold]:
        return Hold.objects.select_related("product__unit")

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        form = super().get_form(data, files)
        field: Any = form.fields["stock"]
        product_id = self.object.product_id

        def options() -> list[str]:
            rows = StockBalance.objects.filter(product_id=product_id).select_related("lot", "product", "location")
            return [field.text_of(row) for row in rows.order_by("lot__expires_on", "pk")[:100]]

        field.widget.suggest = options
        return form

    def initial(self) -> dict[str, Any]:
        return {"priority": self.object.priority}

    def intro(self) -> str:
        return _("What backs it now is let go; what others hold is not taken from them.")

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return reallocation.reallocate(self.object, stock=data["stock"], priority=data["priority"])

    def success(self, result: Any) -> str:
        told = {"hold": str(self.object).capitalize()}
        missing = stock_reads.waiting().filter(pk=result.pk).values_list("missing", flat=True).first()
        if not missing:
            return _("%(hold)s is backed anew.") % told
        told |= {"quantity": format_quantity(missing, result.product.unit.code), "priority": str(result.priority)}
        return _("%(hold)s waits for %(quantity)s, with priority %(priority)s.") % told


class PicksForm(Form):
    day = DateField(required=False)
    place = PlaceField(required=False)


@requires("inventory.view_hold")
def picks(request: HttpRequest) -> HttpResponse:
    """What to fetch for a day (`?day=`, else today), place by place (`?place=`: only there), on paper."""
    form = PicksForm(request.GET)
    form.is_valid()
    day, place = form.cleaned_data.get("day") or clock.today(), form.cleaned_data.get("place")
    context = {
        "form": form,
        "day": day,
        "place": place,
        "stops": [] if "place" in form.errors else picking.for_day(day, location=place),
        "company": current_company(),
        "printed_at": clock.now(),
        "printed_by": request.user,
    }
    return render(request, "inventory/sheets/picks.html", context)


@requires("inventory.view_lot")
def labels(request: HttpRequest, pk: int) -> HttpResponse:
    """The label of a lot on A4, as often as it is wanted (`?n=`, at most four sheets full), from the place on the first
    sheet that is still free (`?first=`)."""
    lot = get_object_or_404(Lot.objects.select_related("product__unit"), pk=pk)
    number = min(positive(request.GET.get("n"), LABELS), LABELS * 4)
    first = min(positive(request.GET.get("first"), 1), LABELS)
    places = [False] * (first - 1) + [True] * number
    context = {
        "lot": lot,
        "code": (lot.product.barcode or lot.product.sku) if lot.is_silent else lot.code,
        "number": number,
        "first": first,
        "pages": [places[start : start + LABELS] for start in range(0, len(places), LABELS)],
        "url": request.build_absolute_uri(lot.get_absolute_url()),
    }
    return render(request, "inventory/sheets/labels.html", context)
