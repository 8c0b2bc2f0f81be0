"""Four clients at once, against the web server and against the services in processes of their own."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psutil
from django.db import connection

from apps.catalog.models import Product
from apps.orders.models import Channel
from apps.orders.services import commit, sessions
from apps.orders.services.payments import Tender
from backoffice.testing.crowd import Crowd, Visitor, serving
from benchmarks.meter import others_seconds
from benchmarks.yardstick import Laps

CORES = 2
CLIENTS = 4


@dataclass(frozen=True)
class Rate:
    """Done a second: as two cores would at the CPU it took, and by the clock of this machine as it is.

    `machine` is how many times slower than the reference it was.
    """

    on_two_cores: float
    by_the_clock: float
    machine: float


def _rate(work: Callable[[], int], pids: Sequence[int]) -> Rate:
    # What this process does is the clients' part: only the servers' work and the database's counts.
    leaders = [psutil.Process(pid) for pid in pids]
    laps, began, cpu = Laps(), time.perf_counter(), others_seconds(leaders)
    done = work()
    took = time.perf_counter() - began
    laps.end(others_seconds(leaders) - cpu)
    return Rate(CORES * done / laps.cost, done / took, laps.machine)


def lists(path: str, session: str, *, times: int = 200) -> tuple[Rate, float]:
    """A list's fragment asked by four clients of two web processes with two threads; and what those weigh, in MB."""
    name = str(connection.settings_dict["NAME"])
    with serving(name, workers=2, threads=2, settings="backoffice.settings") as served:
        visitor = Visitor(served.address, session)

        def ask(_number: int) -> int:
            answer = visitor.send(path, None, htmx=True, target="table")
            assert answer.status == 200, (answer.status, answer.text[:500])
            return 1

        def all_of_them() -> int:
            with ThreadPoolExecutor(CLIENTS) as pool:
                return sum(pool.map(ask, range(times)))

        for page in (
            "/",
            path,
            "/catalog/products/",
            "/orders/",
            "/orders/sale/",
            "/customers/",
            "/production/orders/",
        ):
            for _ in range(6):
                visitor.send(page, None)
        rate = _rate(all_of_them, [served.pid])
        leader = psutil.Process(served.pid)
        weight = sum(process.memory_full_info().pss for process in [leader, *leader.children(recursive=True)])
    return rate, weight / 1_000_000


def sell(products: list[int]) -> int:
    """One order of these products, paid and handed over."""
    goods = Product.objects.select_related("unit").in_bulk(products)
    wanted = [sessions.Wanted(goods[pk]) for pk in products]
    cart = sessions.open(channel=Channel.objects.get(code="counter"), wanted=wanted)
    order: Any = commit.commit(
        cart.session,
        key=uuid.uuid4().hex,
        revision=cart.session.revision,
        expected_total=cart.total,
        tenders=[Tender("cash", cart.total)],
        hand_over=True,
    )
    return int(order.pk)


def orders(goods: list[int], *, times: int = 120) -> tuple[Rate, Counter[str]]:
    """Orders of three products out of the same few, by four processes. Also what came of them, by name."""
    crowd = Crowd(str(connection.settings_dict["NAME"]), processes=CLIENTS)
    pids = [process.pid for process, _pipe in crowd.members if process.pid]
    found: Counter[str] = Counter()

    def calls(number: int) -> list[tuple[list[int]]]:
        return [([goods[(one * 3 + step) % len(goods)] for step in range(3)],) for one in range(number)]

    def all_of_them() -> int:
        found.update(crowd.do(f"{__name__}:sell", calls(times), threads=1).names)
        return times

    try:
        crowd.do(f"{__name__}:sell", calls(CLIENTS * 3), threads=1)
        return _rate(all_of_them, pids), found
    finally:
        crowd.close()
