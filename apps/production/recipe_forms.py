"""The form of a recipe: a head, lines and steps. Empty rows at the end are for more."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, cast

from django import forms as django_forms
from django.forms import BaseFormSet, formset_factory
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product, Unit
from apps.production.models import RecipeStep, WorkCenter
from apps.production.services.recipes import LineSpec, StepSpec
from backoffice.ui import forms

ZERO = Decimal(0)
SPARE_LINES, SPARE_STEPS = 3, 1


class RecipeHeadForm(forms.Form):
    """What one batch makes, and what is lost."""

    output_quantity = forms.QuantityFormField(label=_("Makes"), help_text=_("One batch, before losses."))
    yield_loss_percent = forms.DecimalField(
        label=_("Yield loss"), places=4, affix="%", required=False, initial=ZERO,
        help_text=_("What does not come out good."),
    )  # fmt: skip
    batch_multiple = forms.QuantityFormField(label=_("In batches of"), required=False)
    shelf_life_days = django_forms.IntegerField(
        label=_("Shelf life in days"), required=False, min_value=0, max_value=3650
    )
    is_phantom = django_forms.BooleanField(label=_("Made within other orders, never stocked"), required=False)
    notes = django_forms.CharField(label=_("Notes"), required=False, max_length=4000, widget=django_forms.Textarea)
    revision = django_forms.IntegerField(widget=django_forms.HiddenInput, required=False)

    spans: ClassVar[Mapping[str, int]] = {
        "output_quantity": 3,
        "yield_loss_percent": 3,
        "batch_multiple": 3,
        "shelf_life_days": 3,
    }

    def head(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "output_quantity": data["output_quantity"],
            "yield_loss_percent": data["yield_loss_percent"] or ZERO,
            "batch_multiple": data["batch_multiple"],
            "shelf_life_days": data["shelf_life_days"],
            "is_phantom": data["is_phantom"],
            "notes": data["notes"],
        }


class NewRecipeForm(forms.Form):
    """The product of a first recipe; lines follow on the next page."""

    product = forms.ScanField(Product.objects.active().single().order_by("name"), label=_("Product"))
    output_quantity = forms.QuantityFormField(
        label=_("Makes"), help_text=_("One batch, before losses, in the product's unit.")
    )

    spans: ClassVar[Mapping[str, int]] = {"product": 4, "output_quantity": 2}


def component_field() -> forms.ScanField:
    """One list of suggestions for all rows: it stands once in the page."""
    return forms.ScanField(
        Product.objects.active().single(), label=_("Item"), required=False,
        widget=django_forms.TextInput(attrs={"list": "components", "autocomplete": "off", "data-scan": ""}),
    )  # fmt: skip


class LineForm(forms.Form):
    pk = django_forms.IntegerField(widget=django_forms.HiddenInput, required=False)
    component = component_field()
    quantity = forms.QuantityFormField(label=_("Quantity"), required=False)
    unit = django_forms.ModelChoiceField(
        Unit.objects.order_by("dimension", "code"), label=_("Unit"), required=False, empty_label="–"
    )
    attrition_percent = forms.DecimalField(label=_("Attrition %"), places=4, required=False)
    is_setup = django_forms.BooleanField(label=_("Once an order"), required=False)
    note = django_forms.CharField(label=_("Note"), required=False, max_length=80)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("component") and not data.get("quantity") and "quantity" not in self.errors:
            self.add_error("quantity", _("How much?"))
        if data.get("quantity") and not data.get("component") and "component" not in self.errors:
            self.add_error("component", _("Of what?"))
        return data

    def spec(self) -> LineSpec | None:
        data = self.cleaned_data
        if not data.get("component") or data.get("DELETE"):
            return None
        return LineSpec(
            component=data["component"],
            quantity=data["quantity"],
            unit=data["unit"],
            attrition_percent=data["attrition_percent"] or ZERO,
            is_setup=data["is_setup"],
            note=data["note"],
            pk=data["pk"],
        )


class StepForm(forms.Form):
    pk = django_forms.IntegerField(widget=django_forms.HiddenInput, required=False)
    name = django_forms.CharField(label=_("Step"), required=False, max_length=80)
    work_center = django_forms.ModelChoiceField(
        WorkCenter.objects.filter(is_active=True).order_by("position", "name"),
        label=_("Work centre"),
        required=False,
        empty_label="–",
    )
    basis = django_forms.ChoiceField(label=_("Run time"), choices=RecipeStep.Basis.choices, required=False)
    setup_minutes = forms.DecimalField(label=_("Setup"), required=False)
    run_minutes = forms.DecimalField(label=_("Run"), required=False)
    cleanup_minutes = forms.DecimalField(label=_("Cleanup"), required=False)
    passive_minutes = forms.DecimalField(label=_("Waiting"), required=False)
    instructions = django_forms.CharField(label=_("Instructions"), required=False, max_length=2000)
    checkpoint = django_forms.CharField(label=_("Check"), required=False, max_length=80)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("name") and not data.get("work_center"):
            self.add_error("work_center", _("Where?"))
        return data

    def spec(self) -> StepSpec | None:
        data = self.cleaned_data
        if not data.get("name") or data.get("DELETE"):
            return None
        return StepSpec(
            name=data["name"],
            work_center=data["work_center"],
            basis=data["basis"] or RecipeStep.Basis.BATCH,
            setup_minutes=data["setup_minutes"] or ZERO,
            run_minutes=data["run_minutes"] or ZERO,
            cleanup_minutes=data["cleanup_minutes"] or ZERO,
            passive_minutes=data["passive_minutes"] or ZERO,
            instructions=data["instructions"],
            checkpoint=data["checkpoint"],
            pk=data["pk"],
        )


class Rows(BaseFormSet):
    """Rows that can be taken away; the hidden row numbers keep what belongs to what."""

    def specs(self) -> list[Any]:
        return [spec for form in self.forms if (spec := form.spec()) is not None]


LineRows = cast("type[Rows]", formset_factory(LineForm, formset=Rows, extra=SPARE_LINES, can_delete=True, max_num=200))
StepRows = cast("type[Rows]", formset_factory(StepForm, formset=Rows, extra=SPARE_STEPS, can_delete=True, max_num=60))
