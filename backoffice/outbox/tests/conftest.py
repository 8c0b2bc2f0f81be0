from collections.abc import Iterator

import pytest

from backoffice import composition
from backoffice.outbox import wake
from backoffice.outbox.handlers import Handler

EFFECTS = "backoffice.outbox.tests.effects"


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Handler]:
    """Only the handlers of the tests; a test may take one away or put one in."""
    topics = {
        "count": Handler(f"{EFFECTS}.count"),
        "poison": Handler(f"{EFFECTS}.count_then_fail"),
        "refuse": Handler(f"{EFFECTS}.refuse"),
        "later": Handler(f"{EFFECTS}.later"),
        "who": Handler(f"{EFFECTS}.say_who"),
        "long": Handler(f"{EFFECTS}.long_steps", mode="long", heavy=True),
        "lose": Handler(f"{EFFECTS}.lose_the_lease"),
    }
    monkeypatch.setattr(composition, "DIRECTIVE_HANDLERS", topics)
    return topics


@pytest.fixture(autouse=True)
def _fresh_wake() -> Iterator[None]:
    wake.forget()
    yield
    wake.forget()
