"""What is measured, with its budget, in chapters that are run by name: lists, work, sums of it all, many at once."""

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.data import WIDE, Size
from benchmarks.meter import Reading, measure
from benchmarks.report import Result
from benchmarks.yardstick import Laps

FIRST = 1_000
"""Products of the small shop."""
MOVED = 1
"""A product that everybody buys."""
LARGE = 1_000_000
"""Moves of the large shop, whose budgets the sums have."""


IMPORTED = 100_000
"""Rows of a large file."""
UPLOADED = 2_400
"""Lines of the files with all that products have."""
PRODUCTS_SORTED = ("price", "-price", "category", "-category", "-updated_at")
LOTS_SORTED = ("code", "-expires_on", "-received_on")
SEARCH = 100
SEARCHED = {
    "what tens of thousands have": "organic",
    "what thousands have": "rye",
    "what hundreds have": "saffron",
    "what a few have": "kouign",
    "the beginning of a word": "crois",
    "two words": "organic rye bread",
    "a choice of an attribute": "smoked",
    "a barcode": "200000000123",
    "a SKU": "P-000123",
    "the beginning of a SKU": "P-0001",
    "a slip of the fingers": "crossant",
}
MANY_FOUND = {
    "sorted by price": {"sort": "-price"},
    "sorted by category": {"sort": "category"},
    "page 40": {"page": "40"},
}


def took(name: str, reading: Reading, budget: float | None = None, growth_budget: float | None = None) -> Result:
    """The CPU of one operation, the program's and the database's."""
    return Result(name, reading.cpu_ms, "ms", budget, growth_budget=growth_budget, machine=reading.machine)


def a_second(name: str, reading: Reading, budget: float) -> list[Result]:
    """How many of them one client gets done: by the CPU they take, and by the clock of this machine as it is."""
    machine = reading.machine
    return [
        Result(name, 1000 / reading.cpu_ms, "/s", budget, at_least=True, machine=machine),
        Result("    by this machine's clock", 1000 / reading.wall_ms, "/s", machine=machine),
    ]


def screens(size: Size) -> list[Result]:
    """Lists and forms, as a browser asks for them."""
    from benchmarks import flows

    bench = flows.Bench()
    stock = bench.list("inventory:stock_list", "table")
    products = bench.list("catalog:product_list", "table")
    page = bench.list("catalog:product_list", "")
    home = bench.page("home:home")
    last = size.products // 50
    far = bench.list("catalog:product_list", "table", page=str(last))
    falling = bench.list("catalog:product_list", "table", page=str(last), sort="-sku")
    middle = bench.list("catalog:product_list", "table", page=str(last // 2))
    lots = bench.list("inventory:lot_list", "table")
    far_stock = bench.list("inventory:stock_list", "table", page=str(last))
    return [
        took("stock list of 50, fragment", stock, 18, growth_budget=1.1),
        Result("  queries", stock.queries, "", 12),
        Result("  bytes of the fragment", stock.size / 1000, "kB", 20),
        Result("  on the wire", bench.on_the_wire("inventory:stock_list", "table") / 1000, "kB"),
        took("product list of 50, fragment", products, 18),
        Result("  queries", products.queries, "", 12),
        Result("  bytes of the fragment", products.size / 1000, "kB", 20),
        Result("  bytes of the page", page.size / 1000, "kB", 40),
        Result("  on the wire", bench.on_the_wire("catalog:product_list", "") / 1000, "kB"),
        Result(f"  page {last} against the first", far.normal_ms / products.normal_ms, "x", 1.3),
        Result(f"  page {last}, sorted by SKU, falling", falling.normal_ms / products.normal_ms, "x", 1.3),
        Result(f"  page {last // 2}, the farthest from both ends", middle.normal_ms / products.normal_ms, "x"),
        *_sorted(bench, "catalog:product_list", products, PRODUCTS_SORTED),
        took("list of lots, fragment", lots),
        *_sorted(bench, "inventory:lot_list", lots, LOTS_SORTED),
        Result(f"  stock list, page {last} against the first", far_stock.normal_ms / stock.normal_ms, "x", 1.3),
        took("edit of a product, form and save", bench.edit(), 30),
        took("home page, without what it fetches", home, 40),
        Result("  queries", home.queries, "", 12),
    ]


def _sorted(bench: Any, name: str, first: Reading, orders: Sequence[str]) -> list[Result]:
    """The first page and a far one in other orders, against the first page of the list as it opens."""
    found = []
    for order in orders:
        for page in ("1", "100"):
            reading = bench.list(name, "table", sort=order, page=page)
            found.append(Result(f"  sorted {order}, page {page}", reading.normal_ms / first.normal_ms, "x", 1.3))
        cold = bench.list(name, "table", cold=True, sort=order, page=page)
        found.append(Result("    where nobody was within the minute", cold.normal_ms / first.normal_ms, "x"))
    return found


def finding(size: Size) -> list[Result]:
    """What the product list and the palette find, and the facets beside the list."""
    from benchmarks import flows

    bench = flows.Bench()
    facets = bench.list("catalog:product_list", "facet-list")
    narrowed = bench.list("catalog:product_list", "facet-list", q=SEARCHED["what tens of thousands have"])
    results = [
        took("facets of the product list", facets, 18),
        Result("  queries", facets.queries, "", 12),
        took("  of a search", narrowed, SEARCH),
    ]
    for what, words in SEARCHED.items():
        results += [
            took(f"{what}, list", bench.list("catalog:product_list", "table", q=words), SEARCH),
            Result("  found", bench.found(words), ""),
            took("  palette", bench.list("ui:palette", "palette-results", q=words), SEARCH),
        ]
    for what, query in MANY_FOUND.items():
        found = bench.list("catalog:product_list", "table", q=SEARCHED["what tens of thousands have"], **query)
        results.append(took(f"tens of thousands, {what}", found, SEARCH))
    return results


def work(size: Size) -> list[Result]:
    """Orders, work orders, recipes, imports: the services."""
    from benchmarks import flows, trees

    bench = flows.Bench()
    order = bench.orders()
    results = [
        took("order of three lines", order, 40),
        Result("  queries", order.queries, ""),
        *a_second("  orders a second, one client", order, 25),
    ]
    tapped = bench.orders(one_by_one=True)
    results += [took("  tapped one by one", tapped), Result("    queries", tapped.queries, "")]
    made = bench.work_orders()
    results += [
        took("work order of five inputs", made, 60),
        Result("  queries", made.queries, ""),
        *a_second("  work orders a second", made, 16),
    ]
    small, large = trees.plant("T155", width=5, depth=3), trees.plant("T3125", width=5, depth=5)
    roots = [trees.plant(f"G{number}", width=4, depth=3) for number in range(20)]
    rows, machine = bench.imported()
    return [
        *results,
        took("recipe tree of 155 nodes", trees.explode([small], net=False, nodes=155), 10),
        took("recipe tree of 3,125 leaves", trees.explode([large], net=False, nodes=3905), 60),
        took("plan of 20, 420 recipes deep", trees.explode(roots, net=True, nodes=20 * 84), 500),
        Result("import, preview and apply", rows, "row/s", 1500, at_least=True, machine=machine),
        *uploads(bench.user),
    ]


def uploads(user: Any) -> list[Result]:
    """Files with all that products have. Each step has the budget."""
    from benchmarks import uploads

    files = {"products": "own file with everything", "woocommerce": "WooCommerce", "shopify": "Shopify"}
    results = []
    for key, name in files.items():
        for step, pace in zip(("preview", "apply"), uploads.paces(user, key, UPLOADED), strict=True):
            title = f"{name}, {step}"
            results.append(Result(title, pace.lines, "row/s", 1500, at_least=True, machine=pace.machine))
    return results


def stockroom(size: Size) -> list[Result]:
    """Posting, the stock card, a past day, and four at the same stock."""
    from benchmarks import flows, stockroom

    bench = flows.Bench()
    card = bench.page("inventory:product_card", MOVED)
    moves = bench.page("inventory:product_moves", MOVED, fragment="moves")
    before = stockroom.old_page(MOVED)
    older = bench.page("inventory:product_moves", MOVED, fragment="moves", before=before)
    assert stockroom.running_balance(MOVED)
    posting = stockroom.posting(bench.user, bench.shop)
    value = stockroom.past_value()
    contest = stockroom.contended(stockroom.contested(bench.shop, bench.for_sale()))
    return [
        took("stock card of what moves most", card, 18, growth_budget=1.1),
        Result("  queries", card.queries, "", 12),
        took("  its moves", moves, 18, growth_budget=1.1),
        Result("    queries", moves.queries, "", 12),
        took("  a page in the middle of them", older, 18, growth_budget=1.1),
        took("stock operation of three lines", posting, 12, growth_budget=1.1),
        Result("  queries", posting.queries, ""),
        took("value of the stock a year ago", value, 2000),
        Result("four at the same stock, p95 of one", contest.times, "x", 5),
        Result("  alone, by this machine's clock", contest.single_ms, "ms"),
        Result("  together, by this machine's clock", contest.p95_ms, "ms"),
        Result("  failed", sum(contest.found.values()) - contest.found["done"], "", 0),
        Result("  oversold or not in agreement", contest.oversold, "", 0),
    ]


def beginning(size: Size) -> list[Result]:
    """A first start, and what an import weighs."""
    from benchmarks import beginning

    results = [Result(f"memory of an import of {IMPORTED:,} rows", beginning.import_weight(IMPORTED), "MB", 400)]
    if size.products <= FIRST:  # it has nothing to do with the size
        laps = Laps()
        cost, wall = beginning.first_start()
        laps.end(cost)
        results.append(Result("first start, with demo data", laps.cost, "s", 60, machine=laps.machine))
        results.append(Result("  by this machine's clock", wall, "s", machine=laps.machine))
    return results


def sums(size: Size) -> list[Result]:
    """What reads everything there is. The budgets are those of the large shop."""
    from django.core.management import call_command

    from apps.catalog.models import Product
    from apps.inventory.selectors import availability
    from apps.inventory.services import alerts, verify

    many = list(Product.objects.filter(sku__startswith="P-").order_by("pk").values_list("pk", flat=True)[:WIDE])

    def numbers(_number: int) -> int:
        assert len(availability.of(many)) == len(many)
        return 0

    def recount(_number: int) -> int:
        assert verify.differences() == []
        return 0

    def sweep(_number: int) -> int:
        assert alerts.sweep() == 0
        return 0

    def everything(_number: int) -> int:
        call_command("verify_ledgers", verbosity=0)
        return 0

    alerts.sweep()  # the first one raises what the shop was built with
    wide, full = len(many) == WIDE, size.moves >= LARGE
    return [
        took(
            f"stock of {len(many):,} × 5",
            measure(numbers, rounds=4, warm_up=1),
            150 if wide else None,
            growth_budget=1.1,
        ),
        took(f"recount of {size.moves:,} moves", measure(recount, rounds=3, warm_up=0), 600 if full else None),
        took("  with all other books", measure(everything, rounds=2, warm_up=0)),
        took("look at all alerts, nothing new", measure(sweep, rounds=2, warm_up=0), 1000 if full else None),
    ]


def many(size: Size) -> list[Result]:
    """Four clients at once, and what the web processes weigh."""
    from django.urls import reverse

    from benchmarks import flows, many

    bench = flows.Bench()
    lists, weight = many.lists(reverse("inventory:stock_list"), bench.client.cookies["sessionid"].value)
    orders, found = many.orders(list(bench.for_sale().order_by("-pk").values_list("pk", flat=True)[:120]))
    return [
        Result("list, four clients, two cores", lists.on_two_cores, "/s", 70, at_least=True, machine=lists.machine),
        Result("  by this machine's clock", lists.by_the_clock, "/s", machine=lists.machine),
        Result("order, four clients, two cores", orders.on_two_cores, "/s", 40, at_least=True, machine=orders.machine),
        Result("  by this machine's clock", orders.by_the_clock, "/s", machine=orders.machine),
        Result("  refused or failed", sum(found.values()) - found["done"], "", 0),
        Result("memory of 2 web processes × 2", weight, "MB", 180),
    ]


CHAPTERS: dict[str, Callable[[Any], list[Result]]] = {
    "screens": screens,
    "finding": finding,
    "stockroom": stockroom,
    "work": work,
    "sums": sums,
    "many": many,
    "beginning": beginning,
}
