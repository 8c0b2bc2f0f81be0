"""Filters of a list: a search box, drop-downs, facets, and a chip to take each one off again."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters import (
    BooleanFilter,
    CharFilter,
    ChoiceFilter,
    ModelChoiceFilter,
    MultipleChoiceFilter,
)
from django_filters.fields import ModelMultipleChoiceField
from django_filters.widgets import BooleanWidget

from backoffice.kernel import clock
from backoffice.kernel.text import fold

from .facets import Facet, facets
from .fields import DateField
from .forms import Renderer
from .pagination import Count

__all__ = [
    "BooleanFilter",
    "CharFilter",
    "Chip",
    "ChoiceFilter",
    "DateRangeFilter",
    "FilterSet",
    "ModelChoiceFilter",
    "ModelMultipleChoiceFilter",
    "MultipleChoiceFilter",
]

FOLDED = "search_text"
MAX_WORDS = 8
MAX_LENGTH = 100
LONGEST_KEY = 18


class _Keys(ModelMultipleChoiceField):
    """What is too long for a key is none: SQLite takes no such number."""

    def clean(self, value: Any) -> Any:
        return super().clean([one for one in value or () if len(str(one)) <= LONGEST_KEY])


class ModelMultipleChoiceFilter(django_filters.ModelMultipleChoiceFilter):
    """Several rows of a model."""

    field_class = _Keys


class _Apart(dict[str, Any]):
    """The filters of a class. Every request takes them apart from it, and that is all it has to copy."""

    def __deepcopy__(self, memo: Any) -> dict[str, Any]:
        own = {name: copy(one) for name, one in self.items()}
        for one in own.values():
            one.method = one.method  # a filter by a method finds its set through itself
        return own


@dataclass(frozen=True)
class Chip:
    """One filter that is on, and the query string without it."""

    label: str
    query: str


@dataclass(frozen=True)
class Instead:
    """Other words were searched for than those that were asked for, which find nothing; the query string takes them as
    they are."""

    asked: str
    shown: str
    query: str


class DateRangeWidget(forms.MultiWidget):
    """From and to, as two days."""

    template_name = "ui/widgets/range.html"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        day = {"type": "date", "class": "input"}
        super().__init__(
            {
                "from": forms.DateInput(attrs={**day, "aria-label": _("From")}, format="%Y-%m-%d"),
                "to": forms.DateInput(attrs={**day, "aria-label": _("To")}, format="%Y-%m-%d"),
            },
            attrs,
        )

    def decompress(self, value: Any) -> list[Any]:
        return list(value) if value else [None, None]


class DateRangeField(forms.MultiValueField):
    widget = DateRangeWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__((DateField(required=False), DateField(required=False)), require_all_fields=False, **kwargs)

    def compress(self, data_list: list[Any]) -> tuple[Any, Any] | None:
        if any(day is not None and not 1900 <= day.year < 2200 for day in data_list):
            raise forms.ValidationError(_("Enter a day of our time."), code="invalid")
        return (data_list[0], data_list[1]) if any(data_list) else None


class DateRangeFilter(django_filters.Filter):
    """Rows of the days from … to …, both included. On an instant it means business days."""

    field_class = DateRangeField

    def __init__(self, field_name: str, *, instant: bool = False, **kwargs: Any) -> None:
        self.instant = instant
        super().__init__(field_name=field_name, **kwargs)

    def filter(self, qs: QuerySet[Any], value: Any) -> QuerySet[Any]:
        if not value:
            return qs
        first, last = value
        name = self.field_name
        if first:
            qs = qs.filter(**{f"{name}__gte": clock.day_bounds(first)[0] if self.instant else first})
        if last and self.instant:
            return qs.filter(**{f"{name}__lt": clock.day_bounds(last)[1]})
        return qs.filter(**{f"{name}__lte": last}) if last else qs


class FilterSet(django_filters.FilterSet):
    """Filters of one list. What the query string says wrongly is ignored, and so is what it says about nothing here.

    `search_fields` names what `q` looks in: a folded column ("search_text": every word must occur) or plain ones.
    `facets` are drawn as checkboxes beside the list; all others stand above it. Where `counted` is true the boxes
    say how many rows each would leave, once the page is there: from `counts()`, by facet and value.
    """

    search_fields: ClassVar[Sequence[str]] = (FOLDED,)
    facets: ClassVar[Sequence[str]] = ()
    counted: ClassVar[bool] = False
    instead: Instead | None = None

    q = CharFilter(method="search", label=_("Search"))

    @classmethod
    def get_filters(cls) -> Any:
        return _Apart(super().get_filters())

    @cached_property
    def asked(self) -> bool:
        """Whether the query string names one of the filters at all: when it does not, there is nothing to read."""
        names = (key.removesuffix("_from").removesuffix("_to") for key in self.data if any(self.data.getlist(key)))
        return self.is_bound and any(name in self.filters for name in names)

    @property
    def qs(self) -> QuerySet[Any]:
        return super().qs if self.asked else self.queryset

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        for word in value[:MAX_LENGTH].replace("\x00", "").split()[:MAX_WORDS]:
            anywhere = Q()
            for field in self.search_fields:
                folded = field.rsplit("__", 1)[-1] == FOLDED
                anywhere |= Q(**{f"{field}__contains": fold(word)}) if folded else Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(anywhere)
        return queryset

    def said_instead(self, asked: str, shown: str) -> Instead:
        """What the list says above its rows where `search` took other words: the way back puts quotation marks around
        what was typed."""
        query = self.data.copy()
        query["q"] = f'"{asked}"'
        query.pop("page", None)
        return Instead(asked, shown, query.urlencode())

    def get_form_class(self) -> type[forms.Form]:
        kind = super().get_form_class()
        kind.default_renderer = Renderer
        for name, field in kind.base_fields.items():
            field.label = capfirst(str(field.label or name))
            if name in self.facets:
                _as_boxes(field)
            elif name != "q":
                _as_bar(field)
        return kind

    @cached_property
    def values(self) -> dict[str, Any]:
        """What is filtered by: the valid, given values only."""
        if not self.asked:
            return {}
        self.errors  # noqa: B018 - validates
        return {name: value for name, value in self.form.cleaned_data.items() if _given(value)}

    def chips(self) -> Iterator[Chip]:
        """One for every value that is on, in the order of the filters."""
        for name, value in self.values.items():
            label = str(self.form.fields[name].label or name)
            if name == "q":
                yield Chip(f"“{value}”", self._without(name))
            elif isinstance(value, list | QuerySet):
                for one in value:
                    raw = str(getattr(one, "pk", one))
                    yield Chip(self._says(name, one), self._without(name, raw))
            elif isinstance(value, tuple):
                yield Chip(f"{label}: {' – '.join(str(part or '…') for part in value)}", self._without(name))
            else:
                said = self._says(name, value)
                bare = isinstance(self.form.fields[name].widget, forms.Select) and not isinstance(value, bool)
                yield Chip(said if bare else f"{label}: {said}", self._without(name))

    def above(self) -> list[forms.BoundField]:
        """The filters that stand above the list, without the search box."""
        return [bound for bound in self.form if bound.name != "q" and bound.name not in self.facets]

    def shown_facets(self) -> Sequence[str]:
        """The facets that whoever asks may see."""
        return self.facets

    def beside(self) -> list[Facet]:
        """The filters that stand beside the list."""
        return list(facets(self.form, self.shown_facets(), {}, {}))

    def beside_counted(self) -> list[Facet]:
        """The same, each value with its count."""
        return list(facets(self.form, self.shown_facets(), self.counts(), self.shares()))

    def counts(self) -> Mapping[str, Mapping[str, Count]]:
        """How many rows each value of a facet would leave beside the other filters."""
        return {}

    def shares(self) -> Mapping[str, int]:
        """Percentages that facets show as a bar; asked after `counts`."""
        return {}

    def _says(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return gettext("Yes") if value else gettext("No")
        choices = getattr(self.form.fields[name], "choices", None)
        if choices is not None and not hasattr(value, "pk"):
            for key, label in choices:
                if isinstance(label, list | tuple):
                    for inner, text in label:
                        if str(inner) == str(value):
                            return str(text)
                elif str(key) == str(value):
                    return str(label)
        return str(value)

    def _without(self, name: str, one: str | None = None) -> str:
        data = self.data.copy()
        for key in ("page", "export"):
            data.pop(key, None)
        kept = [raw for raw in data.getlist(name) if one is not None and raw != one]
        for key in (name, f"{name}_from", f"{name}_to"):
            data.pop(key, None)
        if kept:
            data.setlist(name, kept)
        return str(data.urlencode())


def _as_boxes(field: forms.Field) -> None:
    """A facet: boxes to tick, or one of several; in the list's form although they stand outside it."""
    many = isinstance(field.widget, forms.SelectMultiple | forms.CheckboxSelectMultiple)
    field.widget = (forms.CheckboxSelectMultiple if many else forms.RadioSelect)(choices=field.widget.choices)
    field.widget.attrs["form"] = "filters"


def _as_bar(field: forms.Field) -> None:
    """A filter above the list: what it filters by is what it says while nothing is chosen."""
    widget = field.widget
    if isinstance(widget, DateRangeWidget):
        return
    if isinstance(widget, forms.Select) and not isinstance(widget, forms.SelectMultiple):
        widget.attrs |= {"class": "select", "aria-label": field.label}
        widget.template_name = "ui/widgets/select.html"
        if isinstance(widget, BooleanWidget):
            widget.choices = [("", field.label), ("true", _("Yes")), ("false", _("No"))]
        elif hasattr(field, "empty_label"):
            field.empty_label = field.label
    else:
        widget.attrs |= {"class": "input", "aria-label": field.label, "placeholder": field.label}


def _given(value: Any) -> bool:
    return value not in (None, "", [], ()) and not (isinstance(value, QuerySet) and not value)
