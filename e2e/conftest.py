"""Chromium against a real server, with a worker beside it. Any console error fails the test that caused it."""

import contextlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from apps.catalog.models import Unit
from backoffice.testing import browser
from e2e.steps import PASSWORD, sign_in

# A refused form answers 422, a refused rule 409, a missing right 403: Chromium logs what was wanted.
EXPECTED = re.compile(r"status of (403|409|422|429)")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = os.environ.get("CHROMIUM") or browser.find_or_install()
    return {**browser_type_launch_args, "executable_path": path, "args": FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1440, "height": 900},
        "locale": "en-GB",
        "timezone_id": "America/Sao_Paulo",
        "reduced_motion": "reduce",
    }


def _work(stop: threading.Event) -> None:
    from backoffice.outbox import runner

    try:
        while not stop.wait(0.15):
            # Whoever fills the bakery may keep the database longer than anybody waits; the next round comes.
            with contextlib.suppress(OperationalError):
                runner.drain()
    finally:
        connections.close_all()


@pytest.fixture
def worker(transactional_db: None) -> Iterator[None]:
    """The background worker, in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=_work, args=[stop])
    thread.start()
    yield
    stop.set()
    thread.join(timeout=20)


_migrated: list[Any] = []


@pytest.fixture
def as_migrated(transactional_db: None) -> None:
    """What the migrations put into the database (units, virtual places), also after another test was flushed.

    pytest-django keeps its copy on the connection, and while Playwright's loop runs Django has another connection here.
    Content types and permissions come back with the flush itself.
    """
    if not _migrated:
        rows = json.loads(connection.creation.serialize_db_to_string())
        _migrated.extend(row for row in rows if row["model"].split(".")[0] not in ("contenttypes", "auth"))
    elif not Unit.objects.exists():
        connection.creation.deserialize_db_from_string(json.dumps(_migrated))


@pytest.fixture
def bakery(live_server: Any, settings: Any, as_migrated: None, worker: None) -> str:
    """The demo bakery's goods, places, recipes and people, before anything has happened. Returns the address."""
    settings.DEMO = True
    call_command("sync_roles", verbosity=0)
    call_command("seed_demo", "--masters-only", f"--password={PASSWORD}", verbosity=0)
    return str(live_server.url)


@pytest.fixture
def busy_bakery(live_server: Any, settings: Any, as_migrated: None, worker: None) -> str:
    """The demo bakery with its weeks of sales, stock and open work. Returns the address."""
    settings.DEMO = True
    call_command("sync_roles", verbosity=0)
    call_command("seed_demo", f"--password={PASSWORD}", verbosity=0)
    return str(live_server.url)


@pytest.fixture(autouse=True)
def no_console_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing may be written to the console as an error, and nothing may be thrown, in any browser test."""
    if not {"page", "context"} & set(request.fixturenames):
        yield
        return
    context: BrowserContext = request.getfixturevalue("context")
    problems: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            problems.append(f"{message.text} ({message.location.get('url')})")

    context.on("console", heard)
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield
    assert problems == []


@pytest.fixture
def login(page: Page) -> Callable[[str, str], Page]:
    """Log in through the login page: login(address, "baker")."""

    def enter(address: str, username: str) -> Page:
        sign_in(page, address, username)
        return page

    return enter


@pytest.fixture
def plain(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Callable[[str, str], Page]]:
    """The same in a browser of its own that runs no scripts: plain(address, "baker")."""
    opened = []

    def enter(address: str, username: str) -> Page:
        context = browser.new_context(**browser_context_args, java_script_enabled=False)
        opened.append(context)
        page = context.new_page()
        sign_in(page, address, username)
        return page

    yield enter
    for context in opened:
        context.close()
