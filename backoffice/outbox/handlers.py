"""Which function carries out a topic, and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Literal

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from backoffice.outbox.models import Directive

Effect = Callable[["Directive"], None]


@dataclass(frozen=True)
class Handler:
    """A function by its dotted path.

    `atomic`: the effect and "done" are one transaction, so a database effect happens exactly once.
    `long`: the function opens its own transactions, calls `directives.heartbeat(directive)` in each of them, and must
    be able to start over.
    `heavy`: it takes minutes. At most `HEAVY_JOBS` of these run at once, so that the others never wait behind them; and
    the worker runs it in a process of its own, with limits on memory and CPU (HEAVY_MEMORY_MB, HEAVY_CPU_SECONDS).
    `gave_up`: a function by its dotted path, called with the directive when the process that carried it out died of it,
    so that whoever waits is told.
    """

    path: str
    mode: Literal["atomic", "long"] = "atomic"
    lease_seconds: int = 120
    heavy: bool = False
    gave_up: str = ""

    def effect(self) -> Effect:
        """The function. ImportError when the code no longer has it."""
        function: Effect = import_string(self.path)
        return function


def registry() -> Mapping[str, Handler]:
    """All topics, as the composition names them. Looked up late: the composition imports `Handler` from here."""
    handlers: Mapping[str, Handler] = import_module("backoffice.composition").DIRECTIVE_HANDLERS
    return handlers


def find(topic: str) -> tuple[Handler, Effect] | None:
    """Handler and function of a topic, or None when this version of the code knows no such topic or function."""
    handler = registry().get(topic)
    if handler is None:
        return None
    try:
        return handler, handler.effect()
    except ImportError:
        return None


def heavy_topics() -> list[str]:
    """The topics whose handlers take minutes."""
    return [topic for topic, handler in registry().items() if handler.heavy]


def tell_of_death(directive: "Directive") -> None:
    """Let the room that issued the directive know that it is given up."""
    handler = registry().get(directive.topic)
    if handler is not None and handler.gave_up:
        import_string(handler.gave_up)(directive)
