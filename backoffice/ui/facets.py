"""What stands beside a list to narrow it by: groups of boxes, each with how many rows it would leave.

Drawn as strings: a template and a widget for each of forty boxes took longer than counting a hundred thousand rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.safestring import SafeString

from .pagination import Count
from .widgets import tag, text


@dataclass(frozen=True, slots=True)
class Box:
    """One value to tick. `count` is nothing where nobody counted."""

    tag: SafeString
    label: str
    count: Count | None = None

    def __str__(self) -> str:
        count = "" if self.count is None else f"<span>{self.count}</span>"
        return f"<label>{self.tag}{text(self.label)}{count}</label>"


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one filter. `share` is a percentage to show as a bar above them."""

    label: str
    boxes: list[Box]
    share: int | None = None

    @property
    def html(self) -> SafeString:
        """All of it, as it stands beside the list."""
        name, bar = text(self.label), ""
        if self.share is not None:
            bar = (
                f'<div class="hrow n xs"><progress class="meter" max="100" value="{self.share}" aria-label="{name}">'
                f'</progress><span class="nw">{self.share} %</span></div>'
            )
        boxes = "".join(map(str, self.boxes))
        return SafeString(f'<fieldset class="facet"><legend class="sub">{name}</legend>{bar}{boxes}</fieldset>')


def facets(
    form: forms.BaseForm, names: Sequence[str], counts: Mapping[str, Mapping[str, Count]], shares: Mapping[str, int]
) -> Iterator[Facet]:
    """The facets of a filter's form, with what was counted of them by name and value."""
    for name in names:
        bound, found = form[name], counts.get(name, {})
        boxes = [
            Box(SafeString(tag(box.data)), str(box.choice_label), found.get(_raw(box.data["value"]))) for box in bound
        ]
        yield Facet(str(bound.label), boxes, shares.get(name))


def _raw(value: Any) -> str:
    return str(getattr(value, "value", value))
