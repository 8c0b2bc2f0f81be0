"""The page of one thing: its state, what may be done with it, its tabs, and what other apps know about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from backoffice.ui import htmx
from backoffice.ui import panels as shown_by_others
from backoffice.ui.actions import Action, Button, buttons
from backoffice.ui.permissions import may

from .base import Badge, Fact, Figure, ObjectScreen

BUTTONS = 3
HEAD = {"page-head": "ui/screens/head.html"}


@dataclass(frozen=True)
class Tab:
    """A page of the same thing, at an address of its own. `count` is a function of the thing."""

    key: str
    label: Any
    url_name: str
    permission: str | None = None
    count: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class ShownTab:
    label: Any
    url: str
    count: Any
    current: bool


class DetailScreen(ObjectScreen):
    """One thing. The head (picture, state, buttons, tabs) is shared by all its pages: subclass for a further tab."""

    template_name: ClassVar[str] = "ui/screens/detail.html"
    tabs: ClassVar[Sequence[Tab]] = ()
    tab: ClassVar[str] = "overview"
    actions: ClassVar[Sequence[Action]] = ()
    panels: ClassVar[str] = ""

    def badge(self) -> Badge | None:
        """The thing's state."""
        return None

    def thumb(self) -> tuple[str, str] | None:
        """Icon and colour family of its picture."""
        return (self.icon, "") if self.icon else None

    def meta(self) -> Sequence[Any]:
        """Short texts below the title."""
        return ()

    def figures(self) -> Sequence[Figure]:
        return ()

    def facts(self) -> Sequence[Fact]:
        """Label and value pairs of the overview."""
        return ()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render(self.get_context())

    def render(self, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
        return htmx.render(
            self.request, self.template_name, context, fragments={**HEAD, **self.fragments()}, status=status
        )

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(
            **{"facts": self.facts(), "figures": self.figures(), "panels": self._panels(), **self.head(), **more}
        )

    def head(self) -> dict[str, Any]:
        """What the head of all the thing's pages is drawn from: "ui/screens/head.html"."""
        main, more = _split(buttons(self.actions, self.request, self.object))
        return {
            "heading": str(self.object),
            "head_event": self.event,
            "badge": self.badge(),
            "thumb": self.thumb(),
            "meta": [text for text in self.meta() if text not in (None, "")],
            "buttons": main,
            "more_buttons": more,
            "tabs": [self._tab(tab) for tab in self.tabs if may(self.request.user, tab.permission)],
        }

    def _panels(self) -> list[shown_by_others.Drawn]:
        return shown_by_others.of(self.panels, self.object, self.request.user) if self.panels else []

    def _tab(self, tab: Tab) -> ShownTab:
        count = tab.count(self.object) if tab.count else None
        return ShownTab(tab.label, reverse(tab.url_name, args=[self.object.pk]), count, tab.key == self.tab)


def _split(found: list[Button]) -> tuple[list[Button], list[Button]]:
    """The buttons in the open (the primary one last), and those of the menu: dangerous ones and what is too much."""
    calm = [button for button in found if not button.action.danger]
    shown = sorted(calm, key=lambda button: button.action.primary, reverse=True)[:BUTTONS]
    rest = [button for button in found if button not in shown]
    return sorted(shown, key=lambda button: button.action.primary), rest
