"""One size on one database: `python -m benchmarks.once small results.json`. Started by `benchmarks.__main__`."""

import json
import sys
import time
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import django


def main(size: str, target: str) -> None:
    django.setup()
    from django.core.management import call_command

    from benchmarks import data, flows
    from benchmarks.report import Result

    call_command("migrate", verbosity=0, interactive=False)
    began = time.perf_counter()
    data.build(data.SIZES[size])
    sys.stdout.write(f"built {size} in {time.perf_counter() - began:.0f} s\n")
    call_command("sync_roles", verbosity=0)
    bench = flows.Bench()
    results: list[Result] = []

    stock = bench.list("inventory:stock_list", "table")
    results += [
        Result("stock list of 50, fragment", stock.cpu_ms, "ms", 18, growth_budget=1.1),
        Result("  queries", stock.queries, "", 12),
        Result("  bytes of the fragment", stock.size / 1000, "kB", 20),
        Result("  on the wire", bench.list("inventory:stock_list", "table", on_the_wire=True).size / 1000, "kB"),
    ]
    products = bench.list("catalog:product_list", "table")
    page = bench.list("catalog:product_list", "")
    results += [
        Result("product list of 50, fragment", products.cpu_ms, "ms", 18),
        Result("  queries", products.queries, "", 12),
        Result("  bytes of the fragment", products.size / 1000, "kB", 20),
        Result("  bytes of the page", page.size / 1000, "kB", 40),
        Result("  on the wire", bench.list("catalog:product_list", "", on_the_wire=True).size / 1000, "kB"),
    ]
    search = bench.list("catalog:product_list", "table", q="croissant rye")
    results.append(Result("product list, searched", search.cpu_ms, "ms"))
    order = bench.orders()
    results += [
        Result("order of three lines", order.cpu_ms, "ms", 40),
        Result("  queries", order.queries, ""),
        Result("  orders a second, one client", 1000 / order.wall_ms, "/s", 25, at_least=True),
    ]
    tapped = bench.orders(one_by_one=True)
    results += [Result("  tapped one by one", tapped.cpu_ms, "ms"), Result("    queries", tapped.queries, "")]
    work = bench.work_orders()
    results += [
        Result("work order of five inputs", work.cpu_ms, "ms", 60),
        Result("  queries", work.queries, ""),
        Result("  work orders a second", 1000 / work.wall_ms, "/s", 16, at_least=True),
    ]
    edit = bench.edit()
    results += [Result("edit of a product, form and save", edit.cpu_ms, "ms", 30)]
    results.append(Result("import, preview and apply", bench.imported(), "row/s", 1500, at_least=True))
    began = time.perf_counter()
    call_command("verify_ledgers", verbosity=0)
    results.append(Result("verify_ledgers", (time.perf_counter() - began) * 1000, "ms"))

    def plain(value: Any) -> Any:
        return int(value) if isinstance(value, Decimal) else value

    Path(target).write_text(
        json.dumps([{name: plain(value) for name, value in asdict(row).items()} for row in results]), encoding="utf-8"
    )


if __name__ == "__main__":
    main(*sys.argv[1:3])
