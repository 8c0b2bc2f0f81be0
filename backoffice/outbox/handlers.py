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
    `heavy`: it takes minutes. At most `HEAVY_JOBS` of these run at once, so that the others never wait behind them.
    """

    path: str
    mode: Literal["atomic", "long"] = "atomic"
    lease_seconds: int = 120
    heavy: bool = False

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
