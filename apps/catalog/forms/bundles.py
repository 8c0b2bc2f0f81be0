"""What a bundle holds."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from backoffice.ui.forms import Form, QuantityFormField, ScanField


class PartQuantityForm(Form):
    """How much of a part one bundle holds."""

    quantity = QuantityFormField(label=_("How much"), min_value=0, help_text=_("Of it in one bundle, in its own unit."))
    seen = forms.CharField(required=False, widget=forms.HiddenInput)


class PartField(ScanField):
    """What can lie in a bundle. What cannot, though it is there, is called by its name."""

    default_error_messages = {
        "by_variant": _("%(product)s is sold by variant: choose one of them."),
        "retired": _("%(product)s is retired."),
    }

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except ValidationError as error:
            known = Product.objects.filter(sku__iexact=str(value).partition(" · ")[0].strip()).first()
            if known is None:
                raise
            why = "retired" if not known.is_active else "by_variant"
            raise ValidationError(self.error_messages[why], code=why, params={"product": known.name}) from error


class PartForm(PartQuantityForm):
    """A further part."""

    seen = None  # type: ignore[assignment]

    component = PartField(
        Product.objects.active().exclude(kind=Product.Kind.CONFIGURABLE).order_by("name"), label=_("Part")
    )

    field_order = ("component", "quantity")
    spans = {"component": 4, "quantity": 2}
