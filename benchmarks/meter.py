"""CPU of the program and of the database together, per operation: wall times on shared machines are noise."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from django.db import connection


@dataclass(frozen=True)
class Reading:
    """Medians over the rounds of one operation."""

    cpu_ms: float
    wall_ms: float
    queries: int
    size: int = 0


def database_seconds() -> float:
    """CPU that our PostgreSQL's processes have used so far, not others on this machine; SQLite runs inside our own."""
    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    server = psutil.Process(connection.connection.info.backend_pid).parent()
    assert server is not None
    total = 0.0
    for process in [server, *server.children()]:
        try:
            times = process.cpu_times()
            total += times.user + times.system
        except psutil.Error:
            continue
    return total


def measure(work: Callable[[int], int], *, rounds: int, warm_up: int = 3) -> Reading:
    """Run `work(round)` and take its CPU and wall time. What it returns is taken as bytes of its answer."""
    from django.test.utils import CaptureQueriesContext

    for number in range(warm_up):
        work(number)
    with CaptureQueriesContext(connection) as captured:
        size = work(warm_up)
    queries = len(captured)
    gc.collect()
    walls = []
    began, database = time.process_time(), database_seconds()
    for number in range(warm_up + 1, warm_up + 1 + rounds):
        at = time.perf_counter()
        work(number)
        walls.append(time.perf_counter() - at)
    cpu = time.process_time() - began + database_seconds() - database
    return Reading(cpu / rounds * 1000, statistics.median(walls) * 1000, queries, size)
