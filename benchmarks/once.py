"""One size on one database: `python -m benchmarks.once small results.json`. Started by `benchmarks.__main__`.

What SQLite was given for a size is kept in `var/bench/` and copied the next time.
"""

import hashlib
import json
import shutil
import sys
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

KEPT = Path(__file__).resolve().parent.parent / "var" / "bench"


def main(size: str, target: str) -> None:
    django.setup()
    from django.core.management import call_command

    from benchmarks import data

    _build(size)
    # Budgets are of CPU: the clock of a shared machine says more about its other tenants.
    call_command("sync_roles", verbosity=0)
    results = [*_screens(), *_work(), *_sums(data.SIZES[size]), *_many()]

    def plain(value: Any) -> Any:
        return int(value) if isinstance(value, Decimal) else value

    Path(target).write_text(
        json.dumps([{name: plain(value) for name, value in asdict(row).items()} for row in results]), encoding="utf-8"
    )


def _build(size: str) -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from backoffice.testing import databases
    from benchmarks import data

    began, name = time.perf_counter(), str(connection.settings_dict["NAME"])
    sources = "".join((Path(__file__).parent / part).read_text("utf-8") for part in ("data.py", "load.py"))
    said = hashlib.sha256(f"{databases.fingerprint()}{sources}{timezone.localdate()}".encode()).hexdigest()[:12]
    kept = KEPT / f"{size}-{said}.sqlite3"
    if connection.vendor != "sqlite":
        call_command("migrate", verbosity=0, interactive=False)
        data.build(data.SIZES[size])
    elif kept.exists():
        shutil.copyfile(kept, name)
    else:
        shutil.copyfile(databases.sqlite_template(), name)
        data.build(data.SIZES[size])
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        KEPT.mkdir(parents=True, exist_ok=True)
        for old in KEPT.glob(f"{size}-*"):
            old.unlink()
        shutil.copyfile(name, kept)
    sys.stdout.write(f"built {size} in {time.perf_counter() - began:.0f} s\n")


def _screens() -> list[Any]:
    """Lists and forms, as a browser asks for them."""
    from apps.catalog.models import Product
    from benchmarks import flows
    from benchmarks.report import Result

    bench = flows.Bench()
    stock = bench.list("inventory:stock_list", "table")
    results = [
        Result("stock list of 50, fragment", stock.cpu_ms, "ms", 18, growth_budget=1.1),
        Result("  queries", stock.queries, "", 12),
        Result("  bytes of the fragment", stock.size / 1000, "kB", 20),
        Result("  on the wire", bench.list("inventory:stock_list", "table", on_the_wire=True).size / 1000, "kB"),
    ]
    products = bench.list("catalog:product_list", "table")
    page = bench.list("catalog:product_list", "")
    last = Product.objects.count() // 50
    results += [
        Result("product list of 50, fragment", products.cpu_ms, "ms", 18),
        Result("  queries", products.queries, "", 12),
        Result("  bytes of the fragment", products.size / 1000, "kB", 20),
        Result("  bytes of the page", page.size / 1000, "kB", 40),
        Result("  on the wire", bench.list("catalog:product_list", "", on_the_wire=True).size / 1000, "kB"),
        Result(
            f"  page {last} against the first",
            bench.list("catalog:product_list", "table", page=str(last)).cpu_ms / products.cpu_ms,
            "x",
            1.3,
        ),
    ]
    search = bench.list("catalog:product_list", "table", q="croissant rye")
    results.append(Result("product list, searched", search.cpu_ms, "ms"))
    results += [Result("edit of a product, form and save", bench.edit().cpu_ms, "ms", 30)]
    return results


def _work() -> list[Any]:
    """Orders, work orders, recipes, imports: the services."""
    from benchmarks import flows, trees
    from benchmarks.report import Result

    bench = flows.Bench()
    order = bench.orders()
    results = [
        Result("order of three lines", order.cpu_ms, "ms", 40),
        Result("  queries", order.queries, ""),
        Result("  orders a second, one client", 1000 / order.cpu_ms, "/s", 25, at_least=True),
        Result("    by this machine's clock", 1000 / order.wall_ms, "/s"),
    ]
    tapped = bench.orders(one_by_one=True)
    results += [Result("  tapped one by one", tapped.cpu_ms, "ms"), Result("    queries", tapped.queries, "")]
    work = bench.work_orders()
    results += [
        Result("work order of five inputs", work.cpu_ms, "ms", 60),
        Result("  queries", work.queries, ""),
        Result("  work orders a second", 1000 / work.cpu_ms, "/s", 16, at_least=True),
        Result("    by this machine's clock", 1000 / work.wall_ms, "/s"),
    ]
    small, large = trees.plant("T155", width=5, depth=3), trees.plant("T3125", width=5, depth=5)
    roots = [trees.plant(f"G{number}", width=4, depth=3) for number in range(20)]
    results += [
        Result("recipe tree of 155 nodes", trees.explode([small], net=False, nodes=155).cpu_ms, "ms", 10),
        Result("recipe tree of 3,125 leaves", trees.explode([large], net=False, nodes=3905).cpu_ms, "ms", 60),
        Result("plan of 20, 420 recipes deep", trees.explode(roots, net=True, nodes=20 * 84).cpu_ms, "ms", 500),
        Result("import, preview and apply", bench.imported(), "row/s", 1500, at_least=True),
    ]
    return results


def _sums(size: Any) -> list[Any]:
    """What reads everything there is. The budgets are those of the large shop."""
    from django.core.management import call_command

    from apps.catalog.models import Product
    from apps.inventory.selectors import availability
    from apps.inventory.services import verify
    from benchmarks import data
    from benchmarks.meter import measure
    from benchmarks.report import Result

    many = list(Product.objects.filter(sku__startswith="P-").order_by("pk").values_list("pk", flat=True)[: data.WIDE])

    def numbers(_number: int) -> int:
        assert len(availability.of(many)) == len(many)
        return 0

    def recount(_number: int) -> int:
        assert verify.differences() == []
        return 0

    wide, full = len(many) == data.WIDE, size.moves >= 1_000_000
    everything = measure(lambda _number: call_command("verify_ledgers", verbosity=0) or 0, rounds=2, warm_up=0)
    return [
        Result(
            f"stock of {len(many):,} × 5", measure(numbers, rounds=4, warm_up=1).cpu_ms, "ms", 150 if wide else None
        ),
        Result(
            f"recount of {size.moves:,} moves",
            measure(recount, rounds=3, warm_up=0).cpu_ms,
            "ms",
            600 if full else None,
        ),
        Result("  with all other books", everything.cpu_ms, "ms"),
    ]


def _many() -> list[Any]:
    """Four clients at once, and what the web processes weigh."""
    from django.urls import reverse

    from apps.catalog.models import Product
    from benchmarks import flows, many
    from benchmarks.report import Result

    bench = flows.Bench()
    lists, weight = many.lists(reverse("inventory:stock_list"), bench.client.cookies["sessionid"].value)
    goods = Product.objects.filter(balances__location=bench.shop, balances__quantity__gte=5, sku__startswith="P-")
    orders, found = many.orders(list(goods.order_by("-pk").values_list("pk", flat=True)[:120]))
    return [
        Result("list, four clients, two cores", lists.on_two_cores, "/s", 70, at_least=True),
        Result("  by this machine's clock", lists.by_the_clock, "/s"),
        Result("order, four clients, two cores", orders.on_two_cores, "/s", 40, at_least=True),
        Result("  by this machine's clock", orders.by_the_clock, "/s"),
        Result("  refused or failed", sum(found.values()) - found["done"], "", 0),
        Result("memory of 2 web processes × 2", weight, "MB", 180),
    ]


if __name__ == "__main__":
    main(*sys.argv[1:3])
