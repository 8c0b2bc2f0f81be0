"""Panels: what one app's page shows of another app, fetched by itself and a plain link without scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from .permissions import may


@dataclass(frozen=True)
class Panel:
    """An entry of `composition.PANELS`. The URL takes the object's pk and serves the fragment "panel-<key>"."""

    key: str
    title: Any
    url_name: str
    permission: str | None = None
    refresh: str = ""  # events of which it draws itself again: "orders-order"
    wanted: Callable[[Any], bool] | None = None  # whether there is something to show, where the object itself knows

    @property
    def id(self) -> str:
        return f"panel-{self.key}"


@dataclass(frozen=True)
class Drawn:
    """A panel for one object."""

    panel: Panel
    url: str

    def __getattr__(self, name: str) -> Any:
        return getattr(self.panel, name)


def of(place: str, thing: Any, user: Any) -> list[Drawn]:
    """The panels that others show on the page of this thing, as far as the person may see them."""
    from backoffice.composition import PANELS

    return [
        Drawn(panel, reverse(panel.url_name, args=[thing.pk]))
        for panel in PANELS.get(place, [])
        if may(user, panel.permission) and (panel.wanted is None or panel.wanted(thing))
    ]
