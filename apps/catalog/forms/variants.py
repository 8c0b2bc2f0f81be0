"""Forms about variants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.catalog.selectors.schemas import Entry
from apps.catalog.services.variants import Combination
from backoffice.ui.forms import Form, PriceFormField

JOINT = "|"


class AxesForm(Form):
    """What a product's variants differ by."""

    axes = forms.MultipleChoiceField(
        label=_("Variants differ by"), widget=forms.CheckboxSelectMultiple,
        help_text=_("Once there are variants it stays as it is."),
    )  # fmt: skip

    def offer(self, entries: Sequence[Entry]) -> AxesForm:
        """The axes to choose from."""
        self.fields["axes"].choices = [(e.code, e.attribute.name) for e in entries]  # type: ignore[attr-defined]
        return self


class MakeVariantsForm(Form):
    """Which of the missing combinations are made, and how they are numbered."""

    combinations = forms.MultipleChoiceField(label=_("Not made yet"), widget=forms.CheckboxSelectMultiple)
    pattern = forms.CharField(
        label=_("SKU pattern"),
        max_length=120,
    )
    price = PriceFormField(
        label=_("Price"), required=False, min_value=0, help_text=_("The same for all; blank: later.")
    )
    sell_policy = forms.ChoiceField(label=_("Sold"), choices=Product.SellPolicy.choices)

    spans = {"pattern": 6, "price": 3, "sell_policy": 3}

    def offer(self, axes: Sequence[Entry], combinations: Sequence[Combination]) -> MakeVariantsForm:
        """The combinations to choose from, all of them chosen."""
        names = [entry.attribute.option_names for entry in axes]
        choices = [
            (JOINT.join(codes), ", ".join(known[code] for known, code in zip(names, codes, strict=True)))
            for codes in combinations
        ]
        if axes:  # as it can be typed: a word that is no axis would be refused
            self.fields["pattern"].help_text = gettext(
                "{%(axis)s} is the whole choice, {%(axis)s:3} its first three signs."
            ) % {"axis": axes[0].code}
        self.fields["combinations"].choices = choices  # type: ignore[attr-defined]
        self.fields["combinations"].initial = [value for value, _label in choices]
        return self

    def chosen(self) -> list[Combination]:
        return [tuple(value.split(JOINT)) for value in self.cleaned_data["combinations"]]


class CombinationForm(Form):
    """What one variant is."""

    def offer(self, axes: Sequence[Entry], now: Sequence[str]) -> CombinationForm:
        """One choice for each axis."""
        for entry, code in zip(axes, now, strict=True):
            self.fields[entry.code] = forms.ChoiceField(
                label=entry.attribute.name, choices=list(entry.attribute.option_names.items()), initial=code,
                widget=forms.Select(attrs={"class": "select"}),
            )  # fmt: skip
        return self

    def chosen(self, axes: Sequence[Entry]) -> Combination:
        return tuple(str(self.cleaned_data[entry.code]) for entry in axes)


def number(text: str) -> Any:
    """A price as it is typed, None for nothing. Raises ValidationError."""
    return PriceFormField(required=False, min_value=0).clean(text)
