"""Forms of products and packs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from apps.catalog import allergens, icons
from apps.catalog.codes import clean_barcode, clean_sku
from apps.catalog.fields import CategoryField, UnitField
from apps.catalog.models import Attribute, Product, ProductUnit
from apps.catalog.selectors.schemas import Schemas
from apps.catalog.services import products
from apps.catalog.values import PREFIX
from backoffice.ui.forms import Form, ModelForm, PriceFormField, QuantityFormField, dress, set_unit
from backoffice.ui.pagination import positive

from . import attributes

ASKED = "asked"  # the part of the form that the category decides on


class TagsField(forms.CharField):
    """Words parted by commas."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return products.clean_tags([value]) if isinstance(value, str) else value or []

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(initial) != self.to_python(data))


class AllergensField(forms.MultipleChoiceField):
    """What a label must name."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=allergens.Allergen.choices, **kwargs)


class ProductForm(ModelForm):
    """Everything about a product but prices and packs."""

    service_checks = True

    category = CategoryField(required=False)
    icon = forms.ChoiceField(label=_("Icon"), required=False)
    allergens = AllergensField(label=_("Allergens"), required=False)
    tags = TagsField(label=_("Tags"), required=False, help_text=_("Words parted by commas."))

    spans = {
        "sku": 2, "name": 4, "kind": 2, "category": 2, "unit": 2, "barcode": 3, "icon": 3, "sell_policy": 2,
        "shelf_life_days": 2, "tax_rate": 2, "is_sellable": 2, "is_purchasable": 2, "lot_tracked": 2, "price": 2,
    }  # fmt: skip
    groups = [
        (
            _("Selling and stock"),
            [
                "price",
                "sell_policy",
                "shelf_life_days",
                "tax_rate",
                "is_sellable",
                "is_purchasable",
                "lot_tracked",
            ],
        ),
        (_("Label"), ["description", "allergens", "tags"]),
    ]

    class Meta:
        model = Product
        fields = (
            "sku", "name", "kind", "category", "unit", "barcode", "icon", "sell_policy", "shelf_life_days", "tax_rate",
            "is_sellable", "is_purchasable", "lot_tracked", "description", "allergens", "tags",
        )  # fmt: skip
        field_classes: ClassVar[dict[str, Any]] = {"unit": UnitField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["icon"].choices = icons.choices(self.instance.icon)  # type: ignore[attr-defined]
        self.fields["tax_rate"].required = False
        self.fields["tax_rate"].label = _("Tax rate")
        set_unit(self, "tax_rate", "%")

        self.attributes = self._attributes()
        self._ask_for_attributes()

    def _attributes(self) -> list[Attribute]:
        """What the category that is chosen asks for."""
        category = self.data.get(self.add_prefix("category")) if self.is_bound else None
        if category is None:
            category = self.initial.get("category") or self.instance.category_id
        asked = Product(
            category_id=getattr(category, "pk", None) or positive(str(category or ""), 0) or None,
            axes=self.instance.axes, variant_of=self.instance.variant_of if self.instance.variant_of_id else None,
        )  # fmt: skip
        self.category_id = asked.category_id
        self.schemas = Schemas.around(self.category_id)
        asked_for = products.editable_attributes(asked, self.schemas)
        if not self.is_bound:
            return asked_for
        # With another category come fields that were not on the page: leaving them out is not clearing them.
        shown = str(self.data.get(self.add_prefix(attributes.SHOWN), "")).split(",")
        return [attribute for attribute in asked_for if attribute.code in shown]

    def _ask_for_attributes(self) -> None:
        required = {entry.code for entry in self.schemas.of(self.category_id) if entry.required}
        self.spans = dict(self.spans)  # type: ignore[misc]
        names = []
        for attribute in self.attributes:
            name = PREFIX + attribute.code
            self.fields[name] = attributes.field_for(attribute, required=attribute.code in required)
            self.spans[name] = 6 if attribute.type == Attribute.Type.MULTISELECT else 3
            names.append(name)
        names.append(attributes.SHOWN)
        self.fields[attributes.SHOWN] = forms.CharField(
            initial=",".join(each.code for each in self.attributes), required=False, widget=forms.HiddenInput
        )
        self.initial.update(self.more_values(self.instance))
        self.groups = [(_("Attributes"), names, ASKED), *self.groups]  # type: ignore[misc]
        dress(self)

    def ask_at(self, address: str) -> None:
        """With another category come its attributes, before anything is saved."""
        self.fields["category"].widget.attrs |= {
            "hx-get": address, "hx-target": f"#{ASKED}", "hx-swap": "innerHTML", "hx-include": f"#{ASKED}",
            "hx-sync": "this:replace",
        }  # fmt: skip

    def keep(self, typed: QueryDict) -> None:
        """Start with what was typed already, where the category that is chosen now asks for it too."""
        shown = typed.get(attributes.SHOWN, "").split(",")
        for attribute in self.attributes:
            name = PREFIX + attribute.code
            if attribute.code in shown:
                self.initial[name] = self.fields[name].widget.value_from_datadict(typed, MultiValueDict(), name)

    def more_values(self, row: Any) -> dict[str, Any]:
        return attributes.initial_of(self.attributes, row.attributes or {})

    def clean_sku(self) -> str:
        return clean_sku(self.cleaned_data["sku"])

    def clean_barcode(self) -> str:
        return clean_barcode(self.cleaned_data["barcode"])

    def clean_tax_rate(self) -> Decimal:
        return self.cleaned_data["tax_rate"] or Decimal(0)

    def columns(self) -> dict[str, Any]:
        """What the person changed, by column; of a new product everything."""
        names = (
            self.changed_columns() if self.instance.pk else [name for name in self.Meta.fields if name in self.fields]
        )
        found = {name: self.cleaned_data[name] for name in names}
        changed = {
            each.code: attributes.from_form(each, self.cleaned_data[PREFIX + each.code])
            for each in self.attributes
            if PREFIX + each.code in self.changed_data
        }
        return found | {"attributes": changed} if changed else found


class NewProductForm(ProductForm):
    """A new product, with its first price."""

    price = PriceFormField(label=_("Price"), required=False, min_value=0)


class ProductNameForm(ModelForm):
    """The name, where it stands."""

    service_checks = True

    class Meta:
        model = Product
        fields = ("name",)


class ProductActiveForm(ModelForm):
    """Whether the product is in use, where it stands."""

    service_checks = True
    is_active = forms.TypedChoiceField(
        label=_("Status"), choices=[(True, _("Active")), (False, _("Retired"))], coerce=lambda value: value == "True"
    )

    class Meta:
        model = Product
        fields = ("is_active",)


class PackForm(Form):
    """In what the product comes, and how much of it that is."""

    name = forms.CharField(
        label=_("Name"),
        max_length=ProductUnit._meta.get_field("name").max_length,
        help_text=_("Sack 25 kg, box, tray."),
    )
    quantity = QuantityFormField(label=_("Contains"), min_value=0)
    barcode = forms.CharField(label=_("Barcode"), max_length=40, required=False)
    is_approximate = forms.BooleanField(
        label=_("Only about"), required=False, help_text=_("The true quantity is weighed when it arrives.")
    )

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    spans = {"name": 4, "quantity": 2, "barcode": 4, "is_approximate": 2}
