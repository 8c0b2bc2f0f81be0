"""What stands beside a list to narrow it by: groups of boxes, each with how many rows it would leave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.safestring import SafeString

from .pagination import Count


@dataclass(frozen=True, slots=True)
class Box:
    """One value to tick. `count` is nothing where nobody counted."""

    tag: SafeString
    label: str
    count: Count | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one filter. `share` is a percentage to show as a bar above them."""

    label: str
    boxes: list[Box]
    share: int | None = None


def facets(
    form: forms.BaseForm, names: Sequence[str], counts: Mapping[str, Mapping[str, Count]], shares: Mapping[str, int]
) -> Iterator[Facet]:
    """The facets of a filter's form, with what was counted of them by name and value."""
    for name in names:
        bound, found = form[name], counts.get(name, {})
        boxes = [Box(box.tag(), str(box.choice_label), found.get(_raw(box.data["value"]))) for box in bound]
        yield Facet(str(bound.label), boxes, shares.get(name))


def _raw(value: Any) -> str:
    return str(getattr(value, "value", value))
