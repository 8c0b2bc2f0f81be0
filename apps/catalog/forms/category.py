"""The form of a category."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.catalog import icons
from apps.catalog.fields import CategoryField
from apps.catalog.models import Category
from backoffice.ui.forms import ModelForm


class CategoryForm(ModelForm):
    """A category and its place in the tree."""

    parent = CategoryField(label=_("Inside"), required=False, empty_label=_("nothing: at the top"))
    icon = forms.ChoiceField(label=_("Icon"), required=False)

    spans = {"position": 2, "icon": 2, "hue": 2}

    class Meta:
        model = Category
        fields = ("name", "parent", "icon", "hue", "position")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["icon"].choices = icons.choices(self.instance.icon)  # type: ignore[attr-defined]
        self.fields["position"].required = False
