"""`make chaos KILLS=100`: kill web and worker with SIGKILL while orders are committed over HTTP, then count.

No order that was acknowledged may be lost, none may be there twice, every effect (stock, points, payments) must have
happened once, and the books must agree. Runs on SQLite and on PostgreSQL.
"""

import argparse
import contextlib
import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookiejar import CookieJar
from pathlib import Path
from typing import IO, Any

from e2e.forms import Forms

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "let-me-in-demo"
BUYERS = 3
PATIENCE, STANDSTILL = 90, 5  # seconds
PORTS = range(20_000, 28_000)  # below those that outgoing connections are given: nobody gets ours while it is down
GONE = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, socket.timeout, OSError)


@dataclass
class Buyer:
    """A till that sells without a break, and sends again what was not answered."""

    address: str
    products: list[int]
    customers: list[int]
    urls: Any
    stop: threading.Event
    acknowledged: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unanswered: int = 0

    def __post_init__(self) -> None:
        jar = CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self.jar = jar

    def send(self, path: str, data: dict[str, str] | None = None) -> tuple[str, str]:
        """The page that the request ends on, and its address. Tries until somebody answers."""
        while True:
            token = next((cookie.value for cookie in self.jar if cookie.name == "csrftoken"), "")
            body = (
                urllib.parse.urlencode({**data, "csrfmiddlewaretoken": token or ""}).encode()
                if data is not None
                else None
            )
            request = urllib.request.Request(urllib.parse.urljoin(self.address, path), body)
            try:
                with self.opener.open(request, timeout=20) as answer:
                    return answer.read().decode(), answer.url
            except urllib.error.HTTPError as error:
                if error.code >= 500 and error.code != 503:
                    self.problems.append(f"{path}: HTTP {error.code}")
                return error.read().decode(errors="replace"), f"error:{error.code}"
            except GONE:
                self.unanswered += 1
                if self.stop.wait(0.2):
                    return "", "stopped"

    def login(self) -> None:
        path = self.urls("accounts:login")
        self.send(path)
        _page, url = self.send(path, {"username": "counter", "password": PASSWORD})
        if "login" in url:
            self.problems.append("cannot log in")

    def sell(self, chance: random.Random) -> None:
        """One tab of two products for a customer, paid by card."""
        _page, url = self.send(self.urls("orders:open_tab"), {"product": str(chance.choice(self.products))})
        path = urllib.parse.urlsplit(url).path
        if not path.rstrip("/").rpartition("/")[2].isdigit():
            return
        tab = int(path.rstrip("/").rpartition("/")[2])

        def forms() -> Forms:
            return Forms(self.send(path)[0])

        adding = self.urls("orders:add", tab)
        revision = self._revision(forms())
        self.send(adding, {"product": str(chance.choice(self.products)), "revision": revision})
        page = forms()
        self.send(
            self.urls("orders:set_customer", tab),
            {"customer": str(chance.choice(self.customers)), "revision": self._revision(page)},
        )
        paying = self.urls("orders:pay_card", tab)
        fields = forms().to(paying)
        if not fields:
            return
        _page, url = self.send(paying, fields)
        done = urllib.parse.urlsplit(url).path
        for part in reversed(done.strip("/").split("/")):
            if part.isdigit() and done == self.urls("orders:sale_done", int(part)):
                self.acknowledged.append(int(part))
                return

    @staticmethod
    def _revision(page: Forms) -> str:
        return next((fields["revision"] for _action, fields in page.found if fields.get("revision", "0") != "0"), "1")

    def work(self, number: int) -> None:
        chance = random.Random(number)
        self.login()
        while not self.stop.is_set() and len(self.problems) < 20:
            self.sell(chance)


class House:
    """Web and worker as processes that can be killed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.commands = {
            "web": [
                sys.executable, "-m", "gunicorn", "backoffice.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
                "--worker-class", "gthread", "--threads", "4", "--preload", "--no-control-socket",
                "--log-level", "critical",
            ],
            "worker": [sys.executable, "manage.py", "run_huey", "--quiet"],
        }  # fmt: skip
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        self.running[name] = subprocess.Popen(self.commands[name], cwd=ROOT, start_new_session=True)

    def kill(self, name: str, with_signal: int = signal.SIGKILL) -> None:
        process = self.running[name]
        try:
            os.killpg(process.pid, with_signal)
        except ProcessLookupError:
            pass
        process.wait()

    def wait(self, seconds: float = 40) -> bool:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2) as answer:
                    return bool(answer.status == 200)
            except GONE:
                time.sleep(0.1)
        return False


def free_port() -> int:
    for port in random.SystemRandom().sample(PORTS, 50):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port is free.")


def migrated() -> None:
    """A database with everything but rows, and DATABASE_URL names it: a copy of the tests' template."""
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    name = url.path.removeprefix("/") if url.scheme == "sqlite" else "chaos"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "backoffice.settings_test"}
    copying = [sys.executable, "-W", "ignore", "-m", "backoffice.testing.databases", name]
    subprocess.run(copying, cwd=ROOT, env=environment, check=True)
    if url.scheme != "sqlite":
        os.environ["DATABASE_URL"] = url._replace(path=f"/{name}").geturl()


def prepare() -> tuple[list[int], list[int]]:
    """The demo's goods with plenty of stock. Returns products and customers."""
    from decimal import Decimal

    from django.core.management import call_command

    from apps.catalog.models import Product
    from apps.crm.models import Customer
    from apps.inventory.models import Location
    from apps.inventory.services import stock
    from apps.inventory.services.stock import ReceiptLine

    call_command("sync_roles", verbosity=0)
    call_command("seed_demo", "--masters-only", f"--password={PASSWORD}", verbosity=0, stdout=open(os.devnull, "w"))
    goods = list(Product.objects.sellable().stocked().select_related("unit").order_by("pk")[:6])
    stock.receive(
        Location.objects.get(code="SHOP"),
        [ReceiptLine(product, Decimal(5000), unit_cost=Decimal("2.5")) for product in goods],
    )
    return [product.pk for product in goods], list(
        Customer.objects.filter(kind="individual").values_list("pk", flat=True)
    )


def count(acknowledged: list[int]) -> list[str]:
    """What is wrong after all of it; empty when nothing is."""
    from django.core.management import call_command
    from django.db.models import Count

    from apps.crm.models import PointTransaction
    from apps.inventory.models import StockOperation
    from apps.orders.models import Order, Payment
    from backoffice.outbox.models import Directive

    wrong = []
    there = set(Order.objects.values_list("pk", flat=True))
    if lost := set(acknowledged) - there:
        wrong.append(f"{len(lost)} acknowledged orders are lost")
    numbers = sorted(int(number.rpartition("-")[2]) for number in Order.objects.values_list("number", flat=True))
    if numbers != list(range(1, len(numbers) + 1)):
        wrong.append("order numbers have a gap or a double")
    per_order = {
        "payments": Payment.objects.values("order"),
        "sales of stock": StockOperation.objects.filter(kind="sale").values("origin_type", "origin_id"),
        "points": PointTransaction.objects.filter(kind="earn").values("origin_type", "origin_id"),
    }
    doubled = {name: rows.annotate(times=Count("pk")).filter(times__gt=1).count() for name, rows in per_order.items()}
    wrong += [f"{name} doubled: {times}" for name, times in doubled.items() if times]
    earned = PointTransaction.objects.filter(kind="earn").count()
    owed = Order.objects.filter(customer__isnull=False, status=Order.Status.COMPLETED).count()
    if earned != owed:
        wrong.append(f"{owed} orders of customers, {earned} of them earned points")
    if left := Directive.objects.exclude(status=Directive.Status.DONE).count():
        wrong.append(f"{left} directives are not done")
    try:
        call_command("verify_ledgers", verbosity=0)
    except SystemExit as end:
        if end.code:
            wrong.append("verify_ledgers found differences")
    return wrong


def finish() -> None:
    """Wait until every directive is done, or until nothing has moved for a minute and a half.

    A killed worker's lease has to run out before another takes over; here nobody waits for minutes. What a living
    worker is at is left to it: only what has stood still for a while is taken from whoever is gone.
    """
    from django.utils import timezone

    from backoffice.outbox.models import Directive

    waiting = Directive.objects.exclude(status=Directive.Status.DONE)
    left, moved = waiting.count(), time.monotonic()
    while left and time.monotonic() < moved + PATIENCE:
        time.sleep(1)
        if waiting.count() != left:
            left, moved = waiting.count(), time.monotonic()
        elif time.monotonic() > moved + STANDSTILL:
            past = "2000-01-01T00:00:00Z"
            before = timezone.now() - timedelta(seconds=STANDSTILL)
            Directive.objects.filter(status=Directive.Status.RUNNING, started_at__lt=before).update(
                lease_until=past, available_at=past
            )


def run(kills: int) -> int:
    """One run against the database that DATABASE_URL names. Returns the exit status."""
    import django

    migrated()
    django.setup()
    from django.db import connection
    from django.urls import reverse

    products, customers = prepare()
    connection.close()
    house = House(free_port())
    house.start("web")
    house.start("worker")
    stop = threading.Event()
    address = f"http://127.0.0.1:{house.port}"

    def urls(name: str, *args: int) -> str:
        return reverse(name, args=args)

    def total() -> list[int]:
        return [pk for buyer in buyers for pk in buyer.acknowledged]

    buyers = [Buyer(address, products, customers, urls, stop) for _ in range(BUYERS)]
    chance = random.Random(11)
    try:
        if not house.wait():
            print("The web process did not come up.")
            return 1
        threads = [threading.Thread(target=buyer.work, args=[number]) for number, buyer in enumerate(buyers)]
        for thread in threads:
            thread.start()
        for number in range(kills):
            # At least one order between two kills, however slow the machine is; then at any moment of the next ones.
            sold, patience = len(total()), time.monotonic() + 30
            while len(total()) == sold and time.monotonic() < patience:
                time.sleep(0.05)
            time.sleep(chance.uniform(0, 0.8))
            name = "worker" if number % 2 else "web"
            house.kill(name)
            house.start(name)
            if name == "web" and not house.wait():
                print("The web process did not come back.")
                return 1
        time.sleep(1)
        stop.set()
        for thread in threads:
            thread.join(timeout=60)
        finish()
    finally:
        stop.set()
        for name in house.running:
            house.kill(name)
    acknowledged = total()
    wrong = count(acknowledged) + [problem for buyer in buyers for problem in buyer.problems]
    if len(acknowledged) < kills:
        wrong.append(f"only {len(acknowledged)} orders were sold: too few to show anything")
    lost = sum(buyer.unanswered for buyer in buyers)
    print(f"{connection.vendor}: {kills} kills, {len(acknowledged)} orders acknowledged, {lost} requests unanswered")
    for line in wrong:
        print(f"  ✗ {line}")
    connection.close()
    return 1 if wrong else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--db", choices=("sqlite", "postgres", "both", "this"), default="both")
    asked = parser.parse_args()
    if asked.db == "this":
        return run(asked.kills)
    databases = ("sqlite", "postgres") if asked.db == "both" else (asked.db,)
    with tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as folder:
        # Side by side: most of the time each waits for a process to come up again.
        started = [(database, *start(database, asked.kills, f"{folder}/{database}")) for database in databases]
        status = 0
        for database, process, output in started:
            ended = process.wait()
            output.seek(0)
            print(f"{database}:\n{output.read()}", end="", flush=True)
            status |= ended
    return status


def start(database: str, kills: int, folder: str) -> tuple["subprocess.Popen[str]", IO[str]]:
    """A run on one database, with everything of its own. Returns it and the file that it writes to."""
    Path(folder).mkdir()
    environment = {
        **os.environ,
        "DATA_DIR": folder,
        "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
        "SECRET_KEY": "only-for-the-crash-test-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "LOG_LEVEL": "ERROR",
        "EMAIL": "locmem",
    }
    command = [sys.executable, "-m", "e2e.chaos", "--kills", str(kills), "--db", "this"]
    if database == "postgres":
        command = [sys.executable, "-W", "ignore", "-m", "backoffice.testing.postgres", *command]
    output = open(f"{folder}/output", "w+")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True)
    return process, output


if __name__ == "__main__":
    sys.exit(main())
