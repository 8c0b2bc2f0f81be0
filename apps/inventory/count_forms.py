"""Forms of the counts."""

import re
from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.catalog.selectors import categories
from apps.inventory.scan_fields import PlaceField
from backoffice.ui.forms import DateTimeField, Form, QuantityFormField, reason_field


class StartForm(Form):
    """What is counted; what is named narrows down together, nothing named is everything."""

    location = PlaceField(
        label=_("Place"), required=False, help_text=_("Scan it or type its name. Blank: every place.")
    )
    category = django_forms.TypedChoiceField(label=_("Category"), required=False, coerce=int, empty_value=None)
    products = django_forms.CharField(
        label=_("Only these products"),
        required=False,
        max_length=4000,
        widget=django_forms.Textarea(attrs={"rows": 2}),
        help_text=_("SKUs or barcodes, one a line or with commas."),
    )
    is_blind = django_forms.BooleanField(
        label=_("Blind: who counts does not see what the book says"), required=False, initial=True
    )
    note = django_forms.CharField(label=_("Note"), required=False, max_length=200)
    spans = {"location": 3, "category": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["category"].choices = [("", _("Every category")), *categories.choices()]  # type: ignore[attr-defined]

    def clean_products(self) -> list[Product]:
        codes = [code.strip() for code in re.split(r"[\n,;]+", self.cleaned_data["products"]) if code.strip()]
        found: dict[str, Product] = {}
        wanted = {code.casefold() for code in codes}
        for product in Product.objects.stocked().only("pk", "sku", "barcode", "name"):
            for code in (product.sku.casefold(), product.barcode):
                if code and code in wanted:
                    found[code] = product
        if unknown := [code for code in codes if code.casefold() not in found]:
            raise ValidationError(
                _("Nothing here has the code %(codes)s."), params={"codes": ", ".join(unknown[:5])}, code="unknown"
            )
        return list({product.pk: product for product in found.values()}.values())


class MomentForm(Form):
    """When it was counted that is typed in now; blank is now."""

    at = DateTimeField(label=_("Counted at"), required=False)


class EntryForm(MomentForm):
    """One figure of one line, with the revision that the person saw."""

    quantity = QuantityFormField(label=_("Counted"))
    revision = django_forms.IntegerField(min_value=1, max_value=2**31 - 1)
    reason = reason_field(required=False)


class StrangerForm(Form):
    """A lot that was found where the count did not expect it."""

    lot = django_forms.IntegerField(min_value=1, max_value=2**62)
    location = django_forms.IntegerField(min_value=1, max_value=2**62)
