"""What people fill in about work orders and work centres. Recipes: see recipe_forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from django import forms as django_forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.inventory.models import Location
from apps.production.models import WorkCenter, WorkOrder, WorkOrderOutput
from apps.production.services.work_orders import Output
from backoffice.kernel import clock
from backoffice.ui import forms

A_MINUTE = timedelta(minutes=1)
"""Fields have no seconds: who says now means the minute that runs."""


def made() -> QuerySet[Product]:
    """What has a recipe in use that can be ordered on its own."""
    return Product.objects.active().filter(recipes__status="active", recipes__is_phantom=False).order_by("name")


def places(*chosen: int | None) -> QuerySet[Location]:
    """Where work may take from and put to, and what was chosen before, be it closed since."""
    good = Q(is_active=True) & ~Q(kind=Location.Kind.QUARANTINE)
    return Location.objects.physical().filter(good | Q(pk__in=[pk for pk in chosen if pk])).order_by("name")


class PlaceChoice(django_forms.ModelChoiceField):
    """A place, with what is closed of them."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.shown)


class WorkOrderForm(forms.Form):
    """A new order."""

    product = forms.ScanField(made(), label=_("Product"))
    quantity = forms.QuantityFormField(label=_("Quantity"), help_text=_("What is started, before losses."))
    due_at = forms.DateTimeField(label=_("Ready by"))
    source = PlaceChoice(places(), label=_("Materials from"), required=False, empty_label=_("the usual place"))
    destination = PlaceChoice(places(), label=_("Output to"), required=False, empty_label=_("the usual place"))
    notes = django_forms.CharField(label=_("Notes"), required=False, widget=django_forms.Textarea, max_length=2000)

    spans: ClassVar[Mapping[str, int]] = {"quantity": 3, "due_at": 3, "source": 3, "destination": 3}
    due_before: datetime | None = None

    def clean_due_at(self) -> datetime:
        """Not over yet, if it was chosen now: an order that is late is still changed in all else."""
        due: datetime = self.cleaned_data["due_at"]
        stays = self.due_before and due == self.due_before.replace(second=0, microsecond=0)
        if due < clock.now() - A_MINUTE and not stays:
            raise django_forms.ValidationError(gettext("That is over. Say when it can be ready."))
        return due


class WorkOrderEditForm(WorkOrderForm):
    """A change to an order: everything while it is planned, the notes later."""

    revision = django_forms.IntegerField(widget=django_forms.HiddenInput)

    def __init__(self, *args: Any, order: WorkOrder, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.due_before = order.due_at
        del self.fields["product"]
        forms.set_unit(self, "quantity", order.product.unit.code)
        if order.status != WorkOrder.Status.PLANNED:
            for name in ("quantity", "due_at", "source", "destination"):
                del self.fields[name]
            return
        for name in ("source", "destination"):
            field: Any = self.fields[name]
            field.queryset = places(getattr(order, f"{name}_id"))
            field.empty_label = None  # what is left blank stays as it is


class RevisionForm(forms.Form):
    """Only the revision that the person saw."""

    revision = django_forms.IntegerField(widget=django_forms.HiddenInput)


class CancelForm(RevisionForm):
    reason = forms.reason_field(required=False)


class AbortForm(RevisionForm):
    """Why work stops, and what is lost with it."""

    reason = forms.reason_field()
    used_all = django_forms.TypedChoiceField(
        label=_("Materials"),
        choices=[
            ("", _("go back to stock, beyond what was already booked")),
            ("all", _("are all used and thrown away")),
        ],
        coerce=lambda value: value == "all",
        empty_value=False,  # type: ignore[arg-type]  # the stubs know text only
        required=False,
    )


class ReportForm(forms.Form):
    """What came out, by grade. Waste says why."""

    first = forms.QuantityFormField(label=_("Good"), required=False)
    second = forms.QuantityFormField(label=_("Second grade"), required=False)
    waste = forms.QuantityFormField(label=_("Waste"), required=False)
    reason = django_forms.CharField(label=_("Reason of waste"), required=False, max_length=120)

    spans: ClassVar[Mapping[str, int]] = {"first": 2, "second": 2, "waste": 2}

    def __init__(self, *args: Any, unit: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in WorkOrderOutput.Grade.values:
            forms.set_unit(self, name, unit)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("waste") and not str(data.get("reason") or "").strip():
            self.add_error("reason", gettext("Say why."))
        return data

    def outputs(self) -> Sequence[Output]:
        """What was filled in."""
        return [
            Output(self.cleaned_data[grade], grade, self.cleaned_data["reason"] if grade == "waste" else "")
            for grade in WorkOrderOutput.Grade.values
            if (self.cleaned_data.get(grade) or Decimal(0)) > 0
        ]


class FinishForm(ReportForm):
    """The last outputs, and a second look when they are far from the plan."""

    confirmed = django_forms.BooleanField(
        label=_("Yes, this is what came out. What is missing was not started."), required=False
    )
    revision = django_forms.IntegerField(widget=django_forms.HiddenInput)


class WorkCenterForm(forms.ModelForm):
    class Meta:
        model = WorkCenter
        field_classes: ClassVar[Mapping[str, type[django_forms.Field]]] = {
            "takes_from": PlaceChoice,
            "puts_to": PlaceChoice,
        }
        fields = (
            "code",
            "name",
            "icon",
            "capacity",
            "hourly_cost",
            "position",
            "takes_from",
            "puts_to",
            "is_active",
        )

    spans: ClassVar[Mapping[str, int]] = {
        "code": 2,
        "name": 4,
        "icon": 2,
        "capacity": 2,
        "position": 2,
        "hourly_cost": 3,
        "takes_from": 3,
        "puts_to": 3,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("takes_from", "puts_to"):
            field: Any = self.fields[name]
            field.queryset = places(getattr(self.instance, f"{name}_id"))
            field.empty_label = _("as for all")


class PlanAddForm(forms.Form):
    """A product that the day's plan does not have yet."""

    product = forms.ScanField(made(), label=_("Product"))
    quantity = forms.QuantityFormField(label=_("Planned"))

    spans: ClassVar[Mapping[str, int]] = {"product": 4, "quantity": 2}
