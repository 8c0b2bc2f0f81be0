"""Forms of the counts."""

import re
from collections.abc import Collection
from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product, ProductUnit
from apps.catalog.selectors import categories
from apps.inventory.scan_fields import PlaceField
from backoffice.ui.forms import DateTimeField, Form, QuantityFormField, reason_field

NAMED = 8
"""So many of the codes that mean nothing are named."""


class StartForm(Form):
    """What is counted; what is named narrows down together, nothing named is everything."""

    location = PlaceField(
        label=_("Place"), required=False, help_text=_("Scan it or type its name. Blank: every place.")
    )
    category = django_forms.TypedChoiceField(label=_("Category"), required=False, coerce=int, empty_value=None)
    products = django_forms.CharField(
        label=_("Only these products"),
        required=False,
        max_length=40_000,
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
        codes = [code.strip() for code in re.split(r"[\n\t,;]+", self.cleaned_data["products"]) if code.strip()]
        if not codes:
            return []
        found = _stocked({code.casefold() for code in codes})
        if unknown := list(dict.fromkeys(code for code in codes if code.casefold() not in found)):
            said = ", ".join(unknown[:NAMED])
            if (more := len(unknown) - NAMED) > 0:
                said = gettext("%(codes)s and %(count)s more") % {"codes": said, "count": more}
            raise ValidationError(_("Nothing here has the code %(codes)s."), params={"codes": said}, code="unknown")
        return list(Product.objects.filter(pk__in=set(found.values())).order_by("name", "pk"))


def _stocked(wanted: Collection[str]) -> dict[str, int]:
    """The keys of products that have stock, by those codes that mean them: an SKU before a barcode before a pack's."""
    stocked = Product.objects.stocked()
    packs = ProductUnit.objects.exclude(barcode="").filter(product__in=stocked).values_list("barcode", "product")
    found = {code: pk for code, pk in packs if code in wanted}
    rows = list(stocked.values_list("pk", "sku", "barcode"))
    found |= {barcode: pk for pk, _sku, barcode in rows if barcode in wanted}
    return found | {sku.casefold(): pk for pk, sku, _barcode in rows if sku.casefold() in wanted}


class MomentForm(Form):
    """When it was counted that is typed in now; blank is now."""

    at = DateTimeField(label=_("Counted at"), required=False)


class EntryForm(MomentForm):
    """One figure of one line, with the revision that the person saw."""

    quantity = QuantityFormField(label=_("Counted"))
    revision = django_forms.IntegerField(min_value=1, max_value=2**31 - 1)
    reason = reason_field(required=False)


class SeenForm(Form):
    """What whoever posts has seen of the figures."""

    seen = django_forms.CharField(required=False, max_length=40, widget=django_forms.HiddenInput)


class StrangerForm(Form):
    """A lot that was found where the count did not expect it."""

    lot = django_forms.IntegerField(min_value=1, max_value=2**62)
    location = django_forms.IntegerField(min_value=1, max_value=2**62)
