"""Forms that change many products at once: what is left blank stays as it is on each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.fields import CategoryField
from apps.catalog.models import Attribute, Product
from apps.catalog.selectors.schemas import Schemas
from apps.catalog.values import EMPTY, PREFIX
from backoffice.ui.forms import DecimalField, Form, dress

from . import attributes
from .product import TagsField

LEAVE = ("", _("as it is"))


def _yes_or_no(label: Any) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, choices=[LEAVE, ("1", _("Yes")), ("0", _("No"))],
        coerce=lambda text: text == "1", empty_value=None,
    )  # fmt: skip


class BulkCategoryForm(Form):
    """Where the chosen products go. Nothing chosen is not "none": a click too early would empty the categories."""

    category = CategoryField(required=False, empty_label=_("choose one"))
    none = forms.BooleanField(label=_("Take them out of their category"), required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and bool(found.get("category")) == found["none"]:
            self.add_error("category", gettext("Choose a category, or take them out of theirs."))
        return {"category": found.get("category")}


class BulkFieldsForm(Form):
    """Fields of many products."""

    sell_policy = forms.ChoiceField(label=_("Sold"), required=False, choices=[LEAVE, *Product.SellPolicy.choices])
    shelf_life_days = forms.IntegerField(label=_("Shelf life in days"), required=False, min_value=0, max_value=32767)
    tax_rate = DecimalField(label=_("Tax rate"), places=4, affix="%", required=False, min_value=0, max_value=99)
    is_sellable = _yes_or_no(_("Can be sold"))
    is_purchasable = _yes_or_no(_("Can be bought"))
    lot_tracked = _yes_or_no(_("Kept by lot"))

    spans = dict.fromkeys(
        ("sell_policy", "shelf_life_days", "tax_rate", "is_sellable", "is_purchasable", "lot_tracked"), 2
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and all(value in (None, "") for value in found.values()):
            raise ValidationError(gettext("Choose at least one thing to change."))
        return found


class BulkTagsForm(Form):
    """Tags of many products."""

    add = TagsField(label=_("Add"), required=False, help_text=_("Words parted by commas."))
    remove = TagsField(label=_("Take away"), required=False, help_text=_("Words parted by commas."))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and not any(found.values()):
            raise ValidationError(gettext("Choose at least one thing to change."))
        return found


class BulkAttributesForm(Form):
    """Attributes of many products: what is left blank stays as it is on each."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.attributes = sorted(Schemas().attributes.values(), key=lambda attribute: attribute.name.casefold())
        self.spans = {}  # type: ignore[misc]
        for attribute in self.attributes:
            name = PREFIX + attribute.code
            self.fields[name] = attributes.field_for(attribute, required=False)
            self.spans[name] = 6 if attribute.type == Attribute.Type.MULTISELECT else 3
            choices: Any = getattr(self.fields[name], "choices", None)
            if choices and attribute.type != Attribute.Type.MULTISELECT:
                self.fields[name].choices = [LEAVE, *list(choices)[1:]]  # type: ignore[attr-defined]
        if not self.attributes:
            return
        self.fields["clear"] = forms.MultipleChoiceField(
            label=_("Take the value away"), required=False, widget=forms.CheckboxSelectMultiple,
            choices=[(attribute.code, attribute.name) for attribute in self.attributes],
        )  # fmt: skip
        dress(self)

    def clean(self) -> dict[str, Any]:
        """The values by code as the service takes them: None for what is taken away."""
        found = super().clean() or {}
        values: dict[str, Any] = dict.fromkeys(found.get("clear", ()))
        for attribute in self.attributes:
            value = attributes.from_form(attribute, found.get(PREFIX + attribute.code))
            if value in EMPTY:
                continue
            if attribute.code in values:
                self.add_error(PREFIX + attribute.code, gettext("Either a value, or take it away."))
            values[attribute.code] = value
        if not self.errors and not values:
            raise ValidationError(gettext("Choose at least one thing to change."))
        return {"values": values}
