"""The part of a product's form that its category decides on, and the form of an attribute itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Attribute, CategoryAttribute, Unit
from apps.catalog.values import LONGEST_TEXT, PREFIX
from backoffice.ui.forms import DateField, DecimalField, Form, ModelForm

SHOWN = "shown_attributes"
YES, NO = "yes", "no"


def field_for(attribute: Attribute, *, required: bool) -> forms.Field:
    """The form field in which people give the attribute's value. Nothing is forced: what is required is asked for."""
    kinds = Attribute.Type
    said: dict[str, Any] = {"label": attribute.name, "required": False}
    if required:
        said["help_text"] = gettext("Counts for completeness.")
    if attribute.type == kinds.NUMBER:
        return DecimalField(places=6, affix=attribute.unit.code if attribute.unit else "", **said)
    if attribute.type == kinds.BOOLEAN:
        return forms.ChoiceField(choices=[("", "–"), (YES, _("Yes")), (NO, _("No"))], **said)
    if attribute.type == kinds.DATE:
        return DateField(**said)
    if attribute.type == kinds.SELECT:
        return forms.ChoiceField(choices=[("", "–"), *attribute.option_names.items()], **said)
    if attribute.type == kinds.MULTISELECT:
        choices = list(attribute.option_names.items())
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **said)
    return forms.CharField(max_length=LONGEST_TEXT, **said)


def to_form(attribute: Attribute, value: Any) -> Any:
    """A kept value as its form field starts with it."""
    if value is None:
        return [] if attribute.type == Attribute.Type.MULTISELECT else None
    if attribute.type == Attribute.Type.BOOLEAN:
        return YES if value else NO
    return Decimal(value) if attribute.type == Attribute.Type.NUMBER else value


def from_form(attribute: Attribute, value: Any) -> Any:
    """What a form field says, as the service takes it."""
    if attribute.type == Attribute.Type.BOOLEAN:
        return {YES: True, NO: False}.get(value)
    return value


def initial_of(attributes: Iterable[Attribute], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields' first values by name."""
    return {PREFIX + each.code: to_form(each, values.get(each.code)) for each in attributes}


class AttributeForm(ModelForm):
    """An attribute. Its choices stand one to a field, so that one of them can be renamed and keep what has it."""

    added = forms.CharField(
        label=_("Choices"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line; for the two kinds of choice only."),
    )

    spans = {"name": 6, "type": 3, "unit": 3}

    class Meta:
        model = Attribute
        fields = ("name", "type", "unit")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = Unit.objects.order_by("dimension", "numerator", "code")  # type: ignore[attr-defined]
        self.fields["unit"].help_text = _("For a number only.")
        self.spans = dict(self.spans)  # type: ignore[misc]
        if self.instance.pk and self.instance.options:
            for option in self.instance.options:
                name = f"option_{option['code']}"
                self.fields[name] = forms.CharField(
                    label=gettext("Choice “%(code)s”") % {"code": option["code"]}, initial=option["name"],
                    required=False, max_length=60, widget=forms.TextInput(attrs={"class": "input"}),
                )  # fmt: skip
                self.spans[name] = 3
            self.fields["added"].label = _("Further choices")
            self.fields["added"].help_text = _("One a line. A choice above whose field is emptied goes away.")
            self.order_fields(["name", "type", "unit", *(n for n in self.fields if n.startswith("option_")), "added"])

    def _post_clean(self) -> None:
        """Whether unit and type fit together is the service's to say."""

    def said(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.cleaned_data
        return {"name": data["name"], "type": data["type"], "unit": data["unit"]}

    def lines(self) -> list[str]:
        return str(self.cleaned_data["added"]).splitlines()

    def renamed(self) -> dict[str, str]:
        """The names of the choices there are, by their codes."""
        start = "option_"
        return {n.removeprefix(start): value for n, value in self.cleaned_data.items() if n.startswith(start)}


class SchemaForm(Form):
    """How a category has an attribute."""

    required = forms.BooleanField(
        label=_("Required"), required=False, help_text=_("A product without it is not complete.")
    )
    is_variant_axis = forms.BooleanField(
        label=_("Tells variants apart"), required=False, help_text=_("For one of several choices: size, flavour.")
    )

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    spans = {"required": 3, "is_variant_axis": 3}


class SchemaAddForm(SchemaForm):
    """An attribute for a category that does not have it yet."""

    attribute = forms.ModelChoiceField(Attribute.objects.order_by("name"), label=_("Attribute"))

    seen = None  # type: ignore[assignment]

    field_order = ("attribute", "required", "is_variant_axis")

    def without(self, category_id: int) -> SchemaAddForm:
        """Only what the category does not have itself."""
        own = CategoryAttribute.objects.filter(category=category_id).values("attribute")
        self.fields["attribute"].queryset = Attribute.objects.exclude(pk__in=own).order_by("name")  # type: ignore[attr-defined]
        return self
