"""Forms of price lists and prices."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.forms import CharField, ChoiceField, ModelChoiceField
from django.forms.widgets import HiddenInput
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.fields import CategoryField
from apps.catalog.models import PriceList, Product, ProductUnit, Unit
from apps.catalog.services import packs
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
        base.empty_label = gettext("no list: all prices are set here")
        base.help_text = _("A price set in this list wins over the rule.")
        self.fields["percentage"].required = self.fields["rounding"].required = False
        self.fields["percentage"].affix = "%"  # type: ignore[attr-defined]
        self.fields["percentage"].help_text = _("18 is dearer, -10 is cheaper.")
        self.fields["valid_from"].help_text = _("Outside this time the channel's own list counts.")

    def clean_percentage(self) -> Decimal:
        return self.cleaned_data["percentage"] or Decimal(0)

    def clean_rounding(self) -> str:
        return self.cleaned_data["rounding"] or PriceList.Rounding.CENT

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
    unit = ChoiceField(label=_("For one"), required=False)
    min_quantity = QuantityFormField(
        label=_("From quantity"), required=False, min_value=0, help_text=_("Blank: for any quantity.")
    )
    valid_from = DateField(label=_("Valid from"), required=False, help_text=_("Blank: from now on."))
    reason = reason_field(required=False)

    spans = {"price_list": 2, "amount": 2, "unit": 2, "min_quantity": 3, "valid_from": 3}

    def __init__(self, *args: Any, product: Product | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.units: dict[str, ProductUnit | Unit | None] = {"": None}
        if product is None:
            return
        measures = {unit.code.casefold(): unit for unit in packs.measures(product)}
        packed = [
            pack
            for pack in product.packs.order_by("name")
            if (unit := measures.get(pack.name.casefold())) is None or unit.ratio / product.unit.ratio != pack.ratio
        ]
        own = {str(pack.pk): pack for pack in packed}
        standard = {f"u{unit.pk}": unit for unit in measures.values()}
        self.units |= {**own, **standard}
        field: Any = self.fields["unit"]
        field.choices = [
            ("", product.unit.code),
            *([(gettext("Packs"), [(key, str(pack)) for key, pack in own.items()])] if own else []),
            *([(gettext("Units"), [(key, str(one)) for key, one in standard.items()])] if standard else []),
        ]
        if len(self.units) == 1:
            del self.fields["unit"]

    def clean_unit(self) -> ProductUnit | Unit | None:
        return self.units[self.cleaned_data["unit"]]

    def clean_min_quantity(self) -> Decimal:
        return self.cleaned_data["min_quantity"] or Decimal(0)

    def clean_valid_from(self) -> datetime | None:
        return start_of(self.cleaned_data["valid_from"])


class EndPriceForm(Form):
    """Why a price is taken away."""

    reason = reason_field(required=False)


def start_of(day: date | None) -> datetime | None:
    """The first instant of the day, None for today, which means now. Raises ValidationError for a day that is over."""
    if day is None or day == clock.today():
        return None
    if day < clock.today():
        raise ValidationError(gettext("Choose today or a later day."))
    return clock.day_bounds(day)[0]


class ApplyPricesForm(Form):
    """When many prices begin, and why. With `begins` the day was said before and is only carried on."""

    valid_from = DateField(label=_("Valid from"), required=False, help_text=_("Blank: from now on."))
    reason = reason_field(required=False)

    spans: ClassVar[dict[str, int]] = {"valid_from": 2, "reason": 4}

    def __init__(self, *args: Any, begins: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if begins is not None:
            field = self.fields["valid_from"]
            field.widget, field.initial, field.help_text = HiddenInput(), begins, ""

    def clean_valid_from(self) -> datetime | None:
        return start_of(self.cleaned_data["valid_from"])


class HowMuchForm(Form):
    """By how much prices change: a percentage or an amount, and how what comes of it is rounded."""

    percentage = DecimalField(label=_("Plus or minus"), places=4, affix="%", required=False)
    amount = DecimalField(label=_("Or an amount"), places=4, required=False)
    rounding = ChoiceField(
        label=_("Rounded"), choices=PriceList.Rounding.choices, initial=PriceList.Rounding.CENT, required=False
    )

    def clean_rounding(self) -> str:
        return self.cleaned_data["rounding"] or PriceList.Rounding.CENT

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        percentage, amount = data.get("percentage"), data.get("amount")
        if percentage is not None and amount is not None:
            raise ValidationError({"amount": gettext("Give a percentage or an amount, not both.")})
        if percentage is None and amount is None and not data.get("source") and not self.errors:
            raise ValidationError({"percentage": gettext("Say by how much.")})
        if percentage is not None and not -100 < percentage <= 1000:
            raise ValidationError({"percentage": gettext("A percentage lies above −100 and is 1,000 at most.")})
        return data


class PriceRuleForm(HowMuchForm):
    """How the prices of a list change, from this list's prices or another one's."""

    source = ModelChoiceField(PriceList.objects.none(), label=_("Starting from"), required=False)
    category = CategoryField(required=False, label=_("Only the category"))
    q = CharField(label=_("Only what matches"), required=False, max_length=100)
    valid_from = DateField(
        label=_("Valid from"), required=False, help_text=_("Blank: from now on. Changes what holds on that day.")
    )

    spans = {"source": 2, "percentage": 2, "amount": 2, "rounding": 2, "category": 2, "q": 2, "valid_from": 2}
    field_order = list(spans)

    def __init__(self, *args: Any, price_list: PriceList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        source = self.fields["source"]
        assert isinstance(source, ModelChoiceField)
        source.queryset = PriceList.objects.exclude(pk=price_list.pk).order_by("name")
        source.empty_label = gettext("the prices of this list")

    def clean_valid_from(self) -> datetime | None:
        return start_of(self.cleaned_data["valid_from"])


class BulkPricesForm(HowMuchForm):
    """How the prices of chosen products change in one list; what comes of it is shown before it holds."""

    price_list = ModelChoiceField(PriceList.objects.filter(is_active=True).order_by("name"), label=_("Price list"))
    valid_from = DateField(label=_("Valid from"), required=False, help_text=_("Blank: from now on."))
    reason = reason_field(required=False)

    spans = {"price_list": 3, "rounding": 3, "percentage": 3, "amount": 3, "valid_from": 2, "reason": 4}
    field_order = list(spans)

    def clean_valid_from(self) -> datetime | None:
        return start_of(self.cleaned_data["valid_from"])
