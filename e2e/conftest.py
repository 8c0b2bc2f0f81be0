"""Chromium against a real server, with a worker beside it. Any console error fails the test that caused it."""

import contextlib
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.db import OperationalError, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from backoffice.kernel import clock
from backoffice.testing import browser, databases
from e2e.steps import PASSWORD, sign_in

PATIENCE = 60  # seconds: a slow machine is no fault of the shop
expect.set_options(timeout=PATIENCE * 1000)
# A refused form answers 422, a refused rule 409, a missing right 403: Chromium logs what was wanted.
# A letter that is typed before the answer to the one before it came takes that request back, and htmx logs this too.
EXPECTED = re.compile(r"status of (403|409|422|429)|^htmx:(sendAbort|afterRequest)\b")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each worker begins with a long walk: the short tests fill up what is left, whoever is free.

    A worker begins at its own part of the list, as long as everybody's, and takes from the end of others' later.
    """
    long = [item for item in items if item.get_closest_marker("long")]
    short = [item for item in items if item not in long]
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    for number, item in enumerate(long[:workers]):
        short.insert(number * (len(items) // workers), item)
    items[:] = [*short, *long[workers:]]


@pytest.fixture(scope="session", autouse=True)
def morning(django_test_environment: None) -> Iterator[None]:
    """The tests begin at ten in the morning of today: none runs across midnight, or while the evening's prices hold.

    E2E_NOW says another moment, like 2028-02-29T10:00.
    """
    asked = os.environ.get("E2E_NOW")
    moment = datetime.fromisoformat(asked) if asked else clock.local(clock.now()).replace(hour=10, minute=0)
    with time_machine.travel(clock.at(moment.date(), moment.hour, moment.minute)):
        yield


@pytest.fixture(scope="session", autouse=True)
def kept_files() -> Iterator[None]:
    """Styles and scripts are fetched once a browser, as in the shop, where their names say what is in them."""
    with pytest.MonkeyPatch.context() as patch:
        serve = StaticFilesHandler.serve

        def kept(self: StaticFilesHandler, request: HttpRequest) -> HttpResponseBase:
            answer = serve(self, request)
            answer["Cache-Control"] = "max-age=31536000, immutable"
            return answer

        patch.setattr(StaticFilesHandler, "serve", kept)
        yield


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


class Worker:
    """The background worker, in a thread."""

    def __init__(self) -> None:
        self._stop, self._round = threading.Event(), threading.Condition()
        self._begun = self._ended = 0
        self._thread = threading.Thread(target=self._work)

    def _work(self) -> None:
        from backoffice.outbox import runner

        try:
            while not self._stop.wait(0.15):
                with self._round:
                    self._begun += 1
                # A test may keep the database longer than anybody waits; the next round comes.
                with contextlib.suppress(OperationalError):
                    runner.drain()
                    with self._round:
                        self._ended = self._begun
                        self._round.notify_all()
        finally:
            connections.close_all()

    def start(self) -> None:
        self._thread.start()

    def caught_up(self) -> None:
        """Wait until everything that is due now has been carried out."""
        with self._round:
            wanted = self._begun + 1
            assert self._round.wait_for(lambda: self._ended >= wanted, timeout=PATIENCE), "The worker is not done."

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident:
            self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "The worker does not end."


@pytest.fixture
def worker(transactional_db: None) -> Iterator[Worker]:
    """The background worker; it begins when the bakery is there."""
    at_work = Worker()
    yield at_work
    at_work.stop()


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., None]:
    """Tell the demo's story, told("masters"): the first time through its services, after that by what was kept of it.

    Rows and pictures are those of the first time, whatever a test before has done with them.
    """
    kept: dict[str, Path] = {}

    def tell(story: str, *options: str) -> None:
        media = Path(settings.MEDIA_ROOT)
        shutil.rmtree(media, ignore_errors=True)
        if story in kept:
            databases.restore(story)
            shutil.copytree(kept[story], media)
            return
        call_command("sync_roles", verbosity=0)
        call_command("seed_demo", *options, f"--password={PASSWORD}", verbosity=0)
        media.mkdir(parents=True, exist_ok=True)
        databases.keep(story)
        folder = tmp_path_factory.mktemp(story) / "media"
        shutil.copytree(media, folder)
        kept[story] = folder

    return tell


@pytest.fixture
def bakery(live_server: Any, settings: Any, worker: Worker, told: Callable[..., None]) -> str:
    """The demo bakery's goods, places, recipes and people, before anything has happened. Returns the address."""
    settings.DEMO = True
    told("masters", "--masters-only")
    worker.start()
    return str(live_server.url)


@pytest.fixture
def busy_bakery(live_server: Any, settings: Any, worker: Worker, told: Callable[..., None]) -> str:
    """The demo bakery with its weeks of sales, stock and open work. Returns the address."""
    settings.DEMO = True
    told("weeks")
    worker.start()
    worker.caught_up()
    return str(live_server.url)


@pytest.fixture
def overhear() -> Iterator[Callable[[BrowserContext], None]]:
    """Listen to what a browser complains about; whatever it is, the policy's own complaints too, fails the test."""
    problems: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error" and not EXPECTED.search(message.text):
            problems.append(f"{message.text} ({message.location.get('url')})")

    def listen(context: BrowserContext) -> None:
        context.set_default_timeout(PATIENCE * 1000)
        context.on("console", heard)
        context.on("weberror", lambda error: problems.append(str(error.error)))

    yield listen
    assert problems == []


@pytest.fixture(autouse=True)
def no_console_errors(request: pytest.FixtureRequest) -> None:
    """Nothing may be written to the console as an error, and nothing may be thrown, in any browser test."""
    if {"page", "context"} & set(request.fixturenames):
        request.getfixturevalue("overhear")(request.getfixturevalue("context"))


@pytest.fixture
def login(page: Page) -> Callable[[str, str], Page]:
    """Log in through the login page: login(address, "baker")."""

    def enter(address: str, username: str) -> Page:
        sign_in(page, address, username)
        return page

    return enter


@pytest.fixture
def plain(
    browser: Browser, browser_context_args: dict[str, Any], overhear: Callable[[BrowserContext], None]
) -> Iterator[Callable[[str, str], Page]]:
    """The same in a browser of its own that runs no scripts: plain(address, "baker")."""
    opened = []

    def enter(address: str, username: str) -> Page:
        context = browser.new_context(**browser_context_args, java_script_enabled=False)
        overhear(context)
        opened.append(context)
        page = context.new_page()
        sign_in(page, address, username)
        return page

    yield enter
    for context in opened:
        context.close()
