"""Forms of buying: suppliers, their items, orders and their lines."""

from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product, ProductUnit
from apps.inventory.forms import PlaceField
from apps.inventory.models import PurchaseOrder, Supplier, SupplierItem
from backoffice.ui.forms import (
    DateField,
    Form,
    ModelForm,
    MoneyFormField,
    PriceFormField,
    QuantityFormField,
    ScanField,
)


def buyable() -> Any:
    """What can be bought: active products that have stock."""
    return Product.objects.active().stocked().select_related("unit").order_by("-is_purchasable", "name")


class SupplierForm(ModelForm):
    class Meta:
        model = Supplier
        fields = ["code", "name", "email", "phone", "document", "lead_days", "minimum_order", "note", "is_active"]

    spans = {"code": 2, "name": 4, "email": 3, "phone": 3, "document": 2, "lead_days": 2, "minimum_order": 2}


def find_pack(form: Any) -> ProductUnit | None:
    """The pack that the form names, of the product that it chooses. An unknown one is an error beside the field."""
    product, name = form.cleaned_data.get("product"), (form.cleaned_data.get("pack_name") or "").strip()
    if product is None or not name or name.casefold() == product.unit.code.casefold():
        return None
    packs = list(product.packs.all())
    for pack in packs:
        if pack.name.casefold() == name.casefold():
            return pack
    names = ", ".join([product.unit.code, *(pack.name for pack in packs)])
    form.add_error(
        "pack_name",
        ValidationError(
            _("%(product)s has no pack “%(pack)s”. There are: %(names)s."),
            params={"product": product.name, "pack": name, "names": names},
            code="unknown",
        ),
    )
    return None


class ItemForm(ModelForm):
    """A product of a supplier."""

    product = ScanField(Product.objects.none(), label=_("Product"))
    pack_name = django_forms.CharField(
        label=_("Pack"), required=False, max_length=40, help_text=_("As in the catalogue. Blank: the product's unit.")
    )

    class Meta:
        model = SupplierItem
        fields = ["product", "price", "code", "minimum", "lead_days", "is_preferred"]

    field_order = ["product", "pack_name", "price", "code", "minimum", "lead_days", "is_preferred"]
    spans = {"product": 4, "pack_name": 2, "price": 2, "code": 2, "minimum": 2, "lead_days": 2, "is_preferred": 6}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = buyable()  # type: ignore[attr-defined]
        if self.instance.pk and self.instance.pack:
            self.initial["pack_name"] = self.instance.pack.name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        self.instance.pack = pack = find_pack(self)
        product, price, least = data.get("product"), data.get("price"), data.get("minimum")
        others = SupplierItem.objects.filter(supplier_id=self.instance.supplier_id).exclude(pk=self.instance.pk)
        if product is not None and others.filter(product=product, pack=pack).exists():
            name = f"{product.name}, {pack.name}" if pack else product.name
            names = {"supplier": self.instance.supplier.name, "product": name}
            text = _("%(supplier)s has %(product)s already. Change that line instead.")
            self.add_error("product", ValidationError(text, params=names, code="taken"))
        if price is not None and price < 0:
            self.add_error("price", _("Not below zero."))
        if least is not None and least <= 0:
            self.add_error("minimum", _("Above zero."))
        return data

    def changed_columns(self) -> list[str]:
        return [*super().changed_columns(), "pack"]


class PurchaseForm(Form):
    """A new draft."""

    supplier = django_forms.ModelChoiceField(queryset=Supplier.objects.none(), label=_("Supplier"))
    location = PlaceField(label=_("Deliver to"))
    expected_on = DateField(label=_("Expected on"), required=False, help_text=_("Blank: after the supplier's days."))
    note = django_forms.CharField(label=_("Note to the supplier"), required=False, max_length=300)
    spans = {"location": 3, "expected_on": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["supplier"].queryset = Supplier.objects.filter(is_active=True).order_by("name")  # type: ignore[attr-defined]


class PurchaseEditForm(ModelForm):
    location = PlaceField(label=_("Deliver to"))

    class Meta:
        model = PurchaseOrder
        fields = ["location", "expected_on", "note"]

    spans = {"location": 3, "expected_on": 3}


class LineForm(Form):
    """One line of a draft."""

    product = ScanField(Product.objects.none(), label=_("Product"))
    pack_name = django_forms.CharField(
        label=_("Pack"), required=False, max_length=40, help_text=_("As in the catalogue. Blank: the product's unit.")
    )
    quantity = QuantityFormField(label=_("Quantity"))
    price = PriceFormField(label=_("Price of one"), required=False, help_text=_("Blank: as agreed with the supplier."))
    seen = django_forms.CharField(required=False, max_length=40, widget=django_forms.HiddenInput)
    spans = {"product": 4, "pack_name": 2, "quantity": 3, "price": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = buyable()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["pack"] = find_pack(self)
        return data


class SendForm(Form):
    mail = django_forms.BooleanField(label=_("E-mail it to the supplier"), required=False)
    below_minimum = django_forms.BooleanField(label=_("They agreed to less than they usually deliver"), required=False)
    seen_worth = MoneyFormField(required=False, widget=django_forms.HiddenInput)
