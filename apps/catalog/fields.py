"""A form field of the catalogue's own, for forms and filters alike, here and in the rooms above."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.models import ModelChoiceIterator
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Category, Unit
from apps.catalog.selectors import categories as category_tree
from backoffice.kernel.compiled import Compiled, by_key
from backoffice.ui.pagination import positive


class TreeIterator(ModelChoiceIterator):
    """The whole tree in its order, one query, each entry with its path. No models are made for it."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        if self.field.empty_label is not None:
            yield ("", str(self.field.empty_label))
        yield from category_tree.choices()


class CategoryField(forms.ModelChoiceField):
    """One category, chosen by its path."""

    iterator = TreeIterator

    def __init__(self, queryset: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Category"))
        kwargs.setdefault("empty_label", "–")
        super().__init__(Category.objects.all() if queryset is None else queryset, **kwargs)
        self.any_one = queryset is None

    def to_python(self, value: Any) -> Category | None:
        """One category of all is read by a kept statement; what is no key, or nobody's, is refused as always."""
        key = positive(str(value), 0) if self.any_one else 0
        found: list[Category] = by_key(Category)(key) if key else []
        return found[0] if found else super().to_python(value)


_units: Compiled[tuple[int, str]] = Compiled(lambda: Unit.objects.order_by("pk").values_list("pk", "code"))


class UnitIterator(ModelChoiceIterator):
    """All units by their codes; no models are made for them."""

    def __iter__(self) -> Iterator[tuple[Any, str]]:
        if self.field.empty_label is not None:
            yield ("", str(self.field.empty_label))
        yield from _units()


class UnitField(forms.ModelChoiceField):
    """One of all units: the field of a form that is opened and saved all day."""

    iterator = UnitIterator

    def to_python(self, value: Any) -> Unit | None:
        """Read by a kept statement; what is no key, or no unit's, is refused as always."""
        key = positive(value, 0) if isinstance(value, str) else 0
        found: list[Unit] = by_key(Unit)(key) if key else []
        return found[0] if found else super().to_python(value)
