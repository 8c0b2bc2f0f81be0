"""Past sales, step by step: what becomes of a log on its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from apps.catalog.models import PriceList, Product, Unit
from apps.catalog.services import prices, products
from apps.crm.models import Customer
from apps.inventory.models import DailyDemand, Move
from apps.orders.models import Channel, Order, OrderLine, Payment
from apps.orders.services.past_sales import PastSalesImporter, matching, overview
from backoffice.kernel import audit, clock
from backoffice.kernel.errors import DomainError
from backoffice.transfers.importer import Applied, BadCell, Row, RowResult
from backoffice.transfers.models import TransferRun

pytestmark = pytest.mark.django_db

LOG = """\
2016-10-30,09:58:11,1,Bread
2016-10-30,10:05:34,2,Scandinavian
2016-10-30,10:05:34,2,Scandinavian
2016-10-30,10:07:57,3,Hot chocolate
2016-10-30,10:07:57,3,Jam
2016-10-30,10:08:41,4,NONE
2016-10-31,08:00:00,5,Bread
2016-10-31,08:00:00,5,NONE
2016-10-31,08:00:00,5,bread
"""


@pytest.fixture
def channel() -> Channel:
    price_list = PriceList.objects.create(code="counter", name="Counter")
    return Channel.objects.create(code="counter", name="Counter", price_list=price_list)


@pytest.fixture
def bread(channel: Channel) -> Product:
    product = products.create(sku="PA-1", name="Bread", unit=Unit.objects.get(code="un"))
    prices.set_price(product, channel.price_list, amount=Decimal("7.50"))
    return product


def rows(log: str = LOG, columns: Sequence[str] = ("date", "time", "ticket", "item")) -> list[Row]:
    lines = [line.split(",") for line in log.strip().splitlines()]
    return [
        Row(number, dict(zip(columns, cells, strict=True)), values=cells) for number, cells in enumerate(lines, start=2)
    ]


def run(channel: Channel, entries: Sequence[Any] = (), **options: Any) -> Any:
    mapping = {"entries": [{"key": e.key, "action": e.action, "target": e.target} for e in entries]}
    return SimpleNamespace(options={"channel": channel.pk, **options}, mapping=mapping)


def scanned(channel: Channel, found: Sequence[Row], **options: Any) -> PastSalesImporter:
    """An importer for which everything that is proposed was agreed to."""
    entries = PastSalesImporter(run(channel)).scan(iter(found))
    return PastSalesImporter(run(channel, entries, **options))


def check(importer: PastSalesImporter, found: Sequence[Row]) -> list[RowResult]:
    return [result for batch in importer.batches(iter(found)) for result in importer.check(batch)]


def apply(importer: PastSalesImporter, results: Sequence[RowResult]) -> Applied:
    wanted = [result for result in results if result.outcome == "new"]
    with audit.acting(system="import #7"):
        return importer.apply(
            [SimpleNamespace(pk=number, line=row.line, data=row.data) for number, row in enumerate(wanted)]  # type: ignore[misc]
        )


def imported(channel: Channel, log: str = LOG, **options: Any) -> Applied:
    found = rows(log, options.pop("columns", ("date", "time", "ticket", "item")))
    importer = scanned(channel, found, **options)
    return apply(importer, check(importer, found))


def test_names_are_counted_and_matched(channel: Channel, bread: Product) -> None:
    entries = PastSalesImporter(run(channel)).scan(iter(rows()))

    assert [(entry.key, entry.count, entry.action, entry.target) for entry in entries] == [
        ("Bread", 2, "map", "PA-1"),
        ("NONE", 2, "ignore", ""),
        ("Scandinavian", 2, "create", ""),
        ("Hot chocolate", 1, "create", ""),
        ("Jam", 1, "create", ""),
        ("bread", 1, "map", "PA-1"),
    ]


def test_what_was_decided_is_remembered(channel: Channel, bread: Product) -> None:
    entries = [
        {"key": "Jam", "action": "ignore", "target": "", "count": 1},
        {"key": "Scandinavian", "action": "map", "target": "PA-1", "count": 2},
        {"key": "Hot chocolate", "action": "map", "target": "GONE", "count": 2},
    ]
    given = {"importer": "past_sales", "file_name": "a.csv", "file_size": 1, "file_format": "csv"}
    TransferRun.objects.create(**given, status="done", mapping={"entries": entries})

    proposed = {entry.key: (entry.action, entry.target) for entry in matching.propose({"Jam": 1, "Scandinavian": 2, "Hot chocolate": 1}, importer="past_sales")}  # fmt: skip  # noqa: E501

    assert proposed == {"Jam": ("ignore", ""), "Scandinavian": ("map", "PA-1"), "Hot chocolate": ("create", "")}


def test_tickets_become_completed_orders_of_the_past(channel: Channel, bread: Product) -> None:
    found = rows()
    importer = scanned(channel, found)
    results = check(importer, found)
    applied = apply(importer, results)

    assert [(result.line, result.outcome) for result in results] == [
        (2, "new"), (3, "new"), (5, "new"), (7, "unchanged"), (8, "new"),
    ]  # fmt: skip
    assert importer.checked() == {
        "tickets": 5, "orders": 4, "lines": 6, "units": 7, "empty": 1, "there": 0,
    }  # fmt: skip
    assert applied.figures == {"orders": 4, "lines": 6, "units": 7, "estimated": 6, "products": 3}
    order = Order.objects.get(external_id="P-2")
    assert (order.number, order.status, order.is_imported, order.customer) == (None, "completed", True, None)
    assert (order.business_date, clock.local(order.placed_at).replace(tzinfo=None)) == (
        date(2016, 10, 30),
        datetime(2016, 10, 30, 10, 5, 34),
    )
    (line,) = order.lines.all()
    assert (line.name, line.quantity, line.total, line.price_estimated) == ("Scandinavian", 2, 0, True)
    assert order.history.get().history_change_reason == "import #7"


def test_prices_come_from_the_list_and_are_marked(channel: Channel, bread: Product) -> None:
    imported(channel)

    order = Order.objects.get(external_id="P-1")
    (line,) = order.lines.all()
    assert (line.unit_price, line.total, line.price_estimated) == (Decimal("7.50"), Decimal("7.50"), True)
    assert (order.total, order.paid, order.due) == (Decimal("7.50"), Decimal("7.50"), 0)
    last = Order.objects.get(external_id="P-5")
    assert [(line.name, line.note, line.total) for line in last.lines.order_by("position")] == [
        ("Bread", "", Decimal("7.50")),
        ("Bread", "bread", Decimal("7.50")),
    ]


def test_prices_of_the_file_are_kept(channel: Channel, bread: Product) -> None:
    log = (
        "2016-10-30,1,Bread,2,3.335,\n2016-10-30,1,Bread,1,,\n2016-10-30,2,Bread,3,9.99,10.00\n2016-10-30,3,Bread,,4,\n"
    )
    imported(channel, log, columns=("date", "ticket", "item", "quantity", "price", "amount"))

    lines = {line.order.external_id: line for line in OrderLine.objects.select_related("order")}
    mixed, amount, one = lines["P-1"], lines["P-2"], lines["P-3"]
    assert (mixed.quantity, mixed.total, mixed.price_estimated) == (3, Decimal("14.17"), True)
    assert (amount.unit_price, amount.total, amount.price_estimated) == (Decimal("3.3333"), Decimal(10), False)
    assert (one.quantity, one.total, one.price_estimated) == (1, Decimal(4), False)


def test_no_stock_moves_and_demand_is_written_down(channel: Channel, bread: Product) -> None:
    imported(channel)

    assert not Move.objects.exists()
    demand = DailyDemand.objects.filter(product=bread).order_by("day")
    assert [(row.day, row.quantity, row.channel_code, row.is_imported) for row in demand] == [
        (date(2016, 10, 30), 1, "counter", True),
        (date(2016, 10, 31), 2, "counter", True),
    ]


def test_the_same_file_again_doubles_nothing(channel: Channel, bread: Product) -> None:
    imported(channel)
    found = rows()
    importer = scanned(channel, found)
    results = check(importer, found)

    assert {result.outcome for result in results} == {"unchanged"}
    assert importer.checked()["there"] == 4
    assert Product.objects.count() == 4
    # And when somebody else applied it between preview and apply, it is refused late instead of doubled.
    late = PastSalesImporter(importer.run)
    data = {"id": "P-1", "at": "2016-10-30T09:58:11", "items": [["Bread", "1", "0", "1"]]}
    applied = late.apply([SimpleNamespace(pk=9, line=2, data=data)])  # type: ignore[list-item]
    assert (applied.figures["orders"], list(applied.refused)) == (0, [9])
    assert Order.objects.count() == 4


def test_unreadable_lines_are_named_and_their_ticket_stays_out(channel: Channel, bread: Product) -> None:
    log = """\
2016-10-30,09:58:11,1,Bread
2016-13-30,09:58:11,1,Jam
2016-10-30,09:99:11,2,Bread
2016-10-30,09:58:11,,Bread
2016-10-30,09:58:11,4,
2016-10-30,09:58:11,5,Bread
2016-10-31,09:58:11,5,Bread
2016-10-30,09:58:11,6,Bread
"""
    found = rows(log)
    importer = scanned(channel, found)
    refused = [(r.line, r.column) for r in check(importer, found) if r.outcome == "refused"]

    assert sorted(refused) == [(2, ""), (3, "date"), (4, "time"), (5, "ticket"), (6, "item"), (7, ""), (8, "date")]
    assert [r.label for r in check(importer, found) if r.outcome == "new"] == ["Ticket 6"]


def test_a_line_whose_cells_slipped_keeps_its_whole_ticket_out(channel: Channel, bread: Product) -> None:
    found = rows()
    found[2].flaw = BadCell("", "one cell too many")  # Scandinavian, large: the comma was not quoted
    results = {result.line: result for result in check(scanned(channel, found), found)}

    assert [line for line, result in results.items() if result.outcome == "refused"] == [3, 4]
    assert results[4].reason == "one cell too many"
    assert "Line 4 of the same ticket" in results[3].reason


def test_returns_and_nonsense_are_refused(channel: Channel, bread: Product) -> None:
    columns = ("date", "ticket", "item", "quantity", "price")
    quantities = (("-1", "2"), ("0", "2"), ("x", "2"), ("1", "-2"), ("99999999", "2"))
    log = "\n".join(f"2016-10-30,{n},Bread,{quantity},{price}" for n, (quantity, price) in enumerate(quantities, 1))
    found = rows(log, columns)

    results = check(scanned(channel, found), found)

    assert [(r.outcome, r.column) for r in results] == [
        ("refused", "quantity"), ("refused", "quantity"), ("refused", "quantity"), ("refused", "price"),
        ("refused", "quantity"),
    ]  # fmt: skip


def test_lines_of_two_tickets_in_turn_and_one_column_for_date_and_time(channel: Channel, bread: Product) -> None:
    log = "2016-10-30 09:00:00,1,Bread\n2016-10-30 09:01:00,2,Bread\n2016-10-30 09:00:30,1,Bread\n"
    imported(channel, log, columns=("date", "ticket", "item"))

    assert [(o.external_id, o.units, f"{clock.local(o.placed_at):%H:%M:%S}") for o in Order.objects.order_by("pk")] == [
        ("P-1", 2, "09:00:00"),
        ("P-2", 1, "09:01:00"),
    ]


def test_numbers_that_start_again_every_day_or_come_from_two_tills(channel: Channel, bread: Product) -> None:
    log = "2016-10-30,09:00,1,Bread\n2016-10-31,09:00,1,Bread\n"
    imported(channel, log, daily=True)
    imported(channel, "2016-10-30,09:00,1,Bread\n", till="bar")

    assert sorted(Order.objects.values_list("external_id", flat=True)) == ["P-20161030-1", "P-20161031-1", "P-bar-1"]


def test_the_same_number_of_another_day_is_not_taken_for_the_same_ticket(channel: Channel, bread: Product) -> None:
    imported(channel)
    found = rows("2018-01-01,09:58:11,1,Bread\n")

    (result,) = check(scanned(channel, found), found)

    assert (result.outcome, result.column) == ("refused", "ticket")
    assert "till" in result.hint


def test_a_product_is_made_once_with_the_price_that_was_typed(channel: Channel) -> None:
    found = rows("2016-10-30,09:00,1,Jam\n2016-10-30,09:00,2,JAM\n")
    entries = PastSalesImporter(run(channel)).scan(iter(found))
    priced = [SimpleNamespace(key=e.key, action="create", target="12.50") for e in entries]
    importer = PastSalesImporter(run(channel, priced))

    applied = apply(importer, check(importer, found))

    product = Product.objects.get()
    assert (product.sku, applied.figures["products"]) == ("TILL-JAM", 1)
    assert [line.total for line in OrderLine.objects.all()] == [Decimal("12.50"), Decimal("12.50")]


@pytest.mark.parametrize(("text", "kept"), [("", ""), (" ", ""), ("9.50", "9.50"), ("1,234.5", "1234.5"), ("12", "12")])
def test_a_price_is_read_as_the_person_writes_it(channel: Channel, text: str, kept: str) -> None:
    assert PastSalesImporter(run(channel)).created_with(text) == kept


@pytest.mark.parametrize("text", ["abc", "-1", "1.23456", "1,2,3", "99999999"])
def test_what_is_no_price_is_refused(channel: Channel, text: str) -> None:
    with pytest.raises(DomainError):
        PastSalesImporter(run(channel)).created_with(text)


# --- undo ---------------------------------------------------------------------------------------------------------
def written_rows(importer: PastSalesImporter, results: Sequence[RowResult]) -> list[Any]:
    apply(importer, results)
    wanted = [result for result in results if result.outcome == "new"]
    return [SimpleNamespace(pk=number, data=row.data, written={}) for number, row in enumerate(wanted)]


def test_past_sales_are_taken_back_as_a_whole_and_can_come_again(
    channel: Channel, bread: Product, django_assert_max_num_queries: Any
) -> None:
    found = rows()
    importer = scanned(channel, found)
    importer.run.pk = 7
    written = written_rows(importer, check(importer, found))

    with audit.acting(reason="wrong file", system="undo of import #7"), django_assert_max_num_queries(14):
        kept = importer.undo(written)

    assert kept == {}
    assert [order.status for order in Order.objects.all()] == ["cancelled"] * 4
    order = Order.objects.get(external_id="P-2~7")
    assert order.history.latest().history_change_reason == "undo of import #7: wrong file"
    assert OrderLine.objects.count() == 6
    assert sum(row.quantity for row in DailyDemand.objects.all()) == 0
    past = overview.past()
    assert (past.orders, past.lines, past.amount) == (0, 0, 0)
    assert importer.undo(written).keys() == {row.pk for row in written}  # it is gone already

    again = scanned(channel, found)
    assert [row.outcome for row in check(again, found)].count("new") == 4
    apply(again, check(scanned(channel, found), found))
    assert sum(row.quantity for row in DailyDemand.objects.filter(product=bread)) == 3
    assert overview.past().orders == 4


def test_a_past_sale_that_something_was_built_on_stays_and_says_why(channel: Channel, bread: Product) -> None:
    found = rows()
    importer = scanned(channel, found)
    importer.run.pk = 7
    written = written_rows(importer, check(importer, found))
    changed, paid, named = Order.objects.filter(external_id__in=["P-1", "P-2", "P-3"]).order_by("external_id")
    Order.objects.filter(pk=changed.pk).update(revision=2)
    Payment.objects.create(order=paid, method=Payment.Method.CASH, amount=1)
    Order.objects.filter(pk=named.pk).update(customer=Customer.objects.create(code="C-1", name="Ana"))

    kept = importer.undo(written)

    by_ticket = {row.data["id"]: kept.get(row.pk) for row in written}
    assert by_ticket == {
        "P-1": "Somebody changed it since.", "P-2": "Money was booked on it.",
        "P-3": "It belongs to a customer by now.", "P-5": None,
    }  # fmt: skip
    assert set(Order.objects.filter(status="cancelled").values_list("external_id", flat=True)) == {"P-5~7"}
    assert DailyDemand.objects.filter(quantity__gt=0).exists()
