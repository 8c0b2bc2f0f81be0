"""Many hands at once, in processes of their own: no lock of one interpreter stands between them.

`Crowd` runs a function by its dotted name in several processes with several threads each, all let go together.
`serving()` is the real web server on the test database, and `Visitor` somebody who sends forms to it.
"""

import contextlib
import http.client
import importlib
import multiprocessing
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import psutil

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240
TOKEN = "crowd" + "0" * 27


@dataclass
class Outcome:
    """What came of the calls: how many by name ("done", a rule's name, or what went wrong), and what they returned."""

    names: Counter[str] = field(default_factory=Counter)
    results: list[Any] = field(default_factory=list)


class Crowd:
    """Processes × threads against the test database of this process. Started once, used by many tests."""

    def __init__(self, database: str, *, processes: int = 4) -> None:
        context = multiprocessing.get_context("spawn")
        self.start = context.Barrier(processes)
        self.members = []
        for _ in range(processes):
            ours, theirs = context.Pipe()
            process = context.Process(target=_member, args=(theirs, self.start, database), daemon=True)
            process.start()
            self.members.append((process, ours))

    def do(self, verb: str, calls: Sequence[tuple[Any, ...]], *, threads: int = 10) -> Outcome:
        """Call "package.module:function" with each of the arguments; neighbours go to different processes.

        A refusal counts by its class, anything else that is raised by its text: "locked" cannot hide.
        """
        outcome = Outcome()
        for number, (_process, pipe) in enumerate(self.members):
            pipe.send((verb, list(calls[number :: len(self.members)]), threads))
        for process, pipe in self.members:
            if not pipe.poll(PATIENCE):
                self.close(now=True)
                raise TimeoutError(f"{verb}: process {process.pid} does not answer")
            names, results = pipe.recv()
            outcome.names += names
            outcome.results += results
        return outcome

    def close(self, *, now: bool = False) -> None:
        """Send them home; or away at once, whatever they are at."""
        for process, pipe in self.members:
            with contextlib.suppress(OSError):
                pipe.send(None)
            process.join(0 if now else 10)
            if process.is_alive():
                process.kill()
                process.join()


def _member(pipe: Any, start: Any, database: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from backoffice.kernel.errors import DomainError

    settings.DATABASES["default"]["NAME"] = database
    connection.settings_dict["NAME"] = database
    while (work := pipe.recv()) is not None:
        verb, calls, threads = work
        module, _, name = verb.partition(":")
        function = getattr(importlib.import_module(module), name)
        pipe.send(_all(function, calls, threads, start, DomainError))


def _all(
    function: Callable[..., Any], calls: list[tuple[Any, ...]], threads: int, start: Any, refusal: type[Exception]
) -> tuple[Counter[str], list[Any]]:
    from django.db import connections

    names, results = Counter[str](), list[Any]()
    queue, guard, gate = list(reversed(calls)), threading.Lock(), threading.Barrier(threads + 1)

    def one() -> None:
        gate.wait(PATIENCE)
        try:
            while True:
                with guard:
                    if not queue:
                        return
                    arguments = queue.pop()
                try:
                    result, name = function(*arguments), "done"
                except refusal as error:
                    result, name = None, type(error).__name__
                except Exception as error:  # noqa: BLE001 - counted, and compared by the test
                    result, name = None, repr(error)
                with guard:
                    names[name] += 1
                    results.append(result)
        finally:
            connections.close_all()

    hands = [threading.Thread(target=one) for _ in range(threads)]
    for hand in hands:
        hand.start()
    start.wait(PATIENCE)
    gate.wait(PATIENCE)
    for hand in hands:
        hand.join()
    return names, results


@dataclass(frozen=True)
class Served:
    """Where the web server is, and the process that leads it."""

    address: str
    pid: int


@contextlib.contextmanager
def serving(
    database: str,
    *,
    workers: int = 4,
    threads: int = 10,
    settings: str = "backoffice.settings_test",
    options: Sequence[str] = ("--preload",),
) -> Iterator[Served]:
    """The web server as it runs in the shop, on that database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"sqlite:///{database}"
    if "postgres" in os.environ.get("DATABASE_URL", ""):
        url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{quote(database)}").geturl()
    command = [sys.executable, "-W", "ignore", "-m", "gunicorn", "backoffice.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads), *options]
    command += ["--no-control-socket", "--log-level", "error", "--timeout", "120"]
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + PATIENCE
        while Visitor(f"127.0.0.1:{port}", "").send("/healthz", None).status != 200:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError("The web server does not come up.")
            time.sleep(0.1)
        yield Served(f"127.0.0.1:{port}", server.pid)
    finally:
        # Nothing of it is wanted any more; a polite end would wait for idle threads.
        for process in [*psutil.Process(server.pid).children(recursive=True), server]:
            process.kill()
        server.wait()


@dataclass(frozen=True)
class Answer:
    """Its status (0: nobody answered), where it leads to, and its text."""

    status: int
    location: str = ""
    text: str = ""


@dataclass(frozen=True)
class Visitor:
    """Somebody with a session, who sends forms the way a page with htmx does, or one without."""

    address: str
    session: str

    def send(self, path: str, data: Mapping[str, Any] | None, *, htmx: bool = False, target: str = "") -> Answer:
        """One request: a POST of the form, or a GET for None. `target` names the part of the page that htmx wants."""
        headers = {"Cookie": f"sessionid={self.session}; csrftoken={TOKEN}", "Connection": "close"}
        body = None
        if data is not None:
            body = urlencode({**data, "csrfmiddlewaretoken": TOKEN})
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
        if htmx:
            headers |= {"HX-Request": "true", "HX-Target": target} if target else {"HX-Request": "true"}
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("GET" if data is None else "POST", path, body, headers)
            answer = connection.getresponse()
            leads = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
            return Answer(answer.status, leads, answer.read().decode(errors="replace"))
        except OSError as error:
            return Answer(0, text=repr(error))
        finally:
            connection.close()

    def send_all(self, requests: Sequence[tuple[str, Mapping[str, Any]]], *, htmx: bool = False) -> list[Answer]:
        """All of them, forty at a time. The answers are in the order of the requests."""
        with ThreadPoolExecutor(40) as pool:
            return list(pool.map(lambda one: self.send(*one, htmx=htmx), requests))
