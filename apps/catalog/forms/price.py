"""Forms of price lists and prices."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.forms import ModelChoiceField
from django.forms.widgets import HiddenInput
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import PriceList, Product, ProductUnit
from backoffice.kernel import clock
from backoffice.ui.forms import (
    DateField,
    DecimalField,
    Form,
    ModelForm,
    PriceFormField,
    QuantityFormField,
    reason_field,
)


class PriceListForm(ModelForm):
    """A price list."""

    spans = {"name": 4, "code": 2, "base": 2, "percentage": 2, "rounding": 2, "valid_from": 3, "valid_to": 3}
    groups = (
        (_("List"), ["name", "code", "tax_inclusive", "is_active", "is_default"]),
        (_("Prices from another list"), ["base", "percentage", "rounding"]),
        (_("When it counts"), ["valid_from", "valid_to"]),
    )

    class Meta:
        model = PriceList
        fields = (
            "name", "code", "tax_inclusive", "is_active", "is_default", "base", "percentage", "rounding", "valid_from",
            "valid_to",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].required = bool(self.instance.pk)
        self.fields["code"].help_text = _("Files name the list by it: price:counter.")
        base = self.fields["base"]
        assert isinstance(base, ModelChoiceField)
        base.queryset = PriceList.objects.exclude(pk=self.instance.pk).order_by("name")
        base.empty_label = _now("no list: all prices are set here")
        base.help_text = _("A price set in this list wins over the rule.")
        self.fields["percentage"].affix = "%"  # type: ignore[attr-defined]
        self.fields["percentage"].help_text = _("18 is dearer, -10 is cheaper.")
        self.fields["valid_from"].help_text = _("Outside this time the channel's own list counts.")

    def _get_validation_exclusions(self) -> set[str]:
        """Two defaults are no mistake of the person: the service takes it from the other list."""
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]


class InlinePriceForm(Form):
    """A price, where it stands. `shown` is what the person saw: another price by now is a conflict."""

    price = PriceFormField(label=_("Price"), required=True, min_value=0)
    shown = DecimalField(places=4, required=False, widget=HiddenInput)


class SetPriceForm(Form):
    """A price in a list, now or from a day on."""

    price_list = ModelChoiceField(
        PriceList.objects.filter(is_active=True).order_by("-is_default", "name"), label=_("List")
    )
    amount = PriceFormField(label=_("Price"), min_value=0)
    unit = ModelChoiceField(ProductUnit.objects.none(), label=_("For one"), required=False)
    min_quantity = QuantityFormField(
        label=_("From quantity"), required=False, min_value=0, help_text=_("Blank: for any quantity.")
    )
    valid_from = DateField(label=_("Valid from"), required=False, help_text=_("Blank: from now on."))
    reason = reason_field(required=False)

    spans = {"price_list": 2, "amount": 2, "unit": 2, "min_quantity": 3, "valid_from": 3}

    def __init__(self, *args: Any, product: Product | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        assert isinstance(unit, ModelChoiceField)
        if product is not None:
            unit.queryset = product.packs.order_by("name")
            unit.empty_label = product.unit.code
            if not unit.queryset:
                del self.fields["unit"]

    def clean_min_quantity(self) -> Decimal:
        return self.cleaned_data["min_quantity"] or Decimal(0)

    def clean_valid_from(self) -> datetime | None:
        """The first instant of the day; today means now."""
        day: date | None = self.cleaned_data["valid_from"]
        if day is None or day == clock.today():
            return None
        if day < clock.today():
            raise ValidationError(_now("Choose today or a later day."))
        return clock.day_bounds(day)[0]
