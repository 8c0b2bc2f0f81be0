"""What is the same for a whole request is read once: the company, the stock room's rules.

    with remembering():                      # the middleware, around each request
        once("company", read)                # asks the database
        once("company", read)                # does not

Outside of `remembering` every call reads anew. Whoever changes what was read says `forget`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Found = TypeVar("Found")
_memory: ContextVar[dict[str, Any] | None] = ContextVar("memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, each name is read at most once: for a request, or for the making of a document."""
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


def once(name: str, read: Callable[[], Found]) -> Found:
    """What `read` finds, or found before under that name."""
    memory = _memory.get()
    if memory is None:
        return read()
    if name not in memory:
        memory[name] = read()
    found: Found = memory[name]
    return found


def forget(name: str) -> None:
    """The next `once` of that name reads anew."""
    memory = _memory.get()
    if memory is not None:
        memory.pop(name, None)
