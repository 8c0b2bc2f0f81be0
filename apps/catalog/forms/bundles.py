"""What a bundle holds."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from backoffice.ui.forms import Form, QuantityFormField, ScanField


class PartQuantityForm(Form):
    """How much of a part one bundle holds."""

    quantity = QuantityFormField(label=_("How much"), min_value=0, help_text=_("Of it in one bundle, in its own unit."))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


class PartForm(PartQuantityForm):
    """A further part."""

    seen = None  # type: ignore[assignment]

    component = ScanField(
        Product.objects.active().exclude(kind=Product.Kind.CONFIGURABLE).order_by("name"), label=_("Part")
    )

    field_order = ("component", "quantity")
    spans = {"component": 4, "quantity": 2}
