"""CPU of the program and of the database together, per operation, and how slow the machine was meanwhile.

Wall times on shared machines are noise, and CPU times swing with the other tenants too: see `yardstick`.
"""

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil
from django.db import connection

from benchmarks.yardstick import Laps

# The machine is looked at anew after so long.
LAP_SECONDS = 0.1


@dataclass(frozen=True)
class Reading:
    """What one operation took: CPU the mean of all rounds, wall time the median and the worst but one in twenty.

    `machine` is how many times slower than the reference the machine was.
    """

    cpu_ms: float
    wall_ms: float
    queries: int
    size: int = 0
    machine: float = 1.0
    p95_ms: float = 0.0

    @property
    def normal_ms(self) -> float:
        """CPU at the reference speed."""
        return self.cpu_ms / self.machine


def database_seconds() -> float:
    """CPU that our PostgreSQL's processes have used so far, not others on this machine; SQLite runs inside our own."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    server = psutil.Process(connection.connection.info.backend_pid).parent()
    assert server is not None
    return family_seconds(server)


def family_seconds(leader: psutil.Process) -> float:
    """CPU of a process, of those it started and of those of them that have ended."""
    total = 0.0
    for process in [leader, *leader.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.Error:
            continue
        # Without the ended ones a connection that closes would take its share of the bill with it.
        total += times.user + times.system + times.children_user + times.children_system
    return total


def others_seconds(leaders: Sequence[psutil.Process]) -> float:
    """CPU so far of the database and of these processes with their children."""
    return database_seconds() + sum(family_seconds(leader) for leader in leaders)


class Spent:
    """CPU seconds of this process, of the database and of other processes with their children, since `again()`.

    Asking the others costs some milliseconds of our own; they are outside of what is counted.
    """

    def __init__(self, leaders: Sequence[psutil.Process] = ()) -> None:
        self._leaders = leaders
        self.again()

    def again(self) -> None:
        self._others = others_seconds(self._leaders)
        self._own = time.process_time()

    def seconds(self) -> float:
        own = time.process_time() - self._own
        return own + others_seconds(self._leaders) - self._others


def p95(seconds: Sequence[float]) -> float:
    """The time that nineteen in twenty keep."""
    ranked = sorted(seconds)
    return ranked[min(len(ranked) - 1, int(len(ranked) * 0.95))]


def measure(work: Callable[[int], int], *, rounds: int, warm_up: int = 3) -> Reading:
    """Run `work(round)` and take its CPU and wall time. What it returns is taken as bytes of its answer."""
    from django.test.utils import CaptureQueriesContext

    for number in range(warm_up):
        work(number)
    with CaptureQueriesContext(connection) as captured:
        size = work(warm_up)
    queries = len(captured)
    gc.collect()
    walls: list[float] = []
    laps = Laps()
    spent, lap_began = Spent(), time.perf_counter()
    for number in range(warm_up + 1, warm_up + 1 + rounds):
        at = time.perf_counter()
        work(number)
        walls.append(time.perf_counter() - at)
        if len(walls) == rounds or time.perf_counter() - lap_began > LAP_SECONDS:
            laps.end(spent.seconds())
            spent.again()
            lap_began = time.perf_counter()
    return Reading(
        laps.cost / rounds * 1000,
        statistics.median(walls) * 1000,
        queries,
        size,
        laps.machine,
        p95(walls) * 1000,
    )
