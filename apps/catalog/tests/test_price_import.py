"""Prices as files: what is exported is read back without a change; what is wrong is told with its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Price, PriceList
from apps.catalog.resources import prices as price_files
from apps.catalog.resources.prices import PriceImporter
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import packs, price_lists, prices
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.transfers.importer import Applied, Row, RowResult
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs, undoing

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db
D = Decimal


def importer() -> PriceImporter:
    return PriceImporter(SimpleNamespace(options={}, mapping={}))


def check(*rows: dict[str, str]) -> list[RowResult]:
    return list(
        importer().check([Row(number, cells, values=list(cells.values())) for number, cells in enumerate(rows, 2)])
    )


def apply(results: list[RowResult]) -> Applied:
    wanted = [one for one in results if one.outcome in ("new", "changed")]
    return importer().apply([SimpleNamespace(pk=n, line=r.line, data=r.data) for n, r in enumerate(wanted)])  # type: ignore[misc]


def line(**cells: str) -> dict[str, str]:
    return {"list": "counter", "sku": "A", "pack": "", "from_quantity": "", "price": "9.90", "valid_from": "", **cells}


def cells_of(price_list: PriceList) -> list[dict[str, str]]:
    names = [column.name for column in price_files.COLUMNS]
    lines = price_files.lines([price_list])
    return [{name: str("" if cell is None else cell) for name, cell in zip(names, row, strict=True)} for row in lines]


def test_what_is_exported_is_read_back_without_a_change() -> None:
    counter, bread = make_price_list(), make_product("Bread", sku="A", price="9.50")
    box = packs.add(bread, name="box of 6", quantity=D(6))
    make_price(bread, "7.1255", min_quantity=D(24))
    make_price(bread, "50", unit=box)
    make_price(bread, "10", valid_from=clock.day_bounds(clock.today() + timedelta(days=9))[0])
    market = price_lists.create(name="Market", base=counter, percentage=D(18))

    for price_list, rows in ((counter, 4), (market, 4)):
        results = check(*cells_of(price_list))
        assert [one.outcome for one in results] == ["unchanged"] * rows


def test_a_price_to_come_within_a_minute_is_read_back_without_a_change() -> None:
    counter, bread = make_price_list(), make_product("Bread", sku="A", price="9.50")
    begins = clock.day_bounds(clock.today())[1] + timedelta(days=3, hours=9, minutes=58, seconds=31, microseconds=250)
    prices.set_price(bread, counter, amount=D("9.95"), valid_from=begins)
    rows = cells_of(counter)

    assert rows[1]["valid_from"].endswith(" 09:58:31.000250")
    assert [result.outcome for result in check(*rows)] == ["unchanged", "unchanged"]

    [moved] = check(rows[1] | {"sku": "A", "price": "8.00"})
    apply([moved])
    assert Price.objects.get(amount=D("8.00")).valid_from == begins, "the very price, not one a moment before it"


def test_prices_are_set_now_later_by_tier_by_pack_and_taken_away() -> None:
    counter, bread = make_price_list(), make_product("Bread", sku="A", price="9.50")
    gone = make_product("Cake", sku="B", price="30")
    packs.add(bread, name="Box", quantity=D(6))
    later = clock.today() + timedelta(days=9)

    results = check(
        line(price="9.90"), line(price="11", valid_from=later.isoformat()), line(price="8", from_quantity="24"),
        line(price="50", pack="box"), line(sku="b", price="-"), line(sku="B", price="", from_quantity="3"),
    )  # fmt: skip
    assert [one.outcome for one in results] == ["changed"] * 5 + ["unchanged"]
    assert apply(results).figures == {"prices": 5}

    assert price_reads.current(counter, [bread, gone]) == {bread.pk: D("9.90")}
    assert price_reads.current(counter, [bread], clock.at(later, 12)) == {bread.pk: D(11)}
    held = Price.objects.at(clock.now()).filter(product=bread)
    assert sorted((row.min_quantity, row.amount) for row in held) == [(0, D("9.90")), (0, D(50)), (24, D(8))]
    assert all(one.outcome == "unchanged" for one in check(*cells_of(counter)))


def test_a_list_and_the_one_that_follows_it_are_set_by_one_file() -> None:
    counter, bread = make_price_list(), make_product("Bread", sku="A", price="10")
    market = price_lists.create(name="Market", base=counter, percentage=D(10))

    applied = apply(check(line(list="market", price="15"), line(price="20")))

    assert (applied.figures, applied.refused) == ({"prices": 2}, {})
    assert [price_reads.current(one, [bread])[bread.pk] for one in (counter, market)] == [D(20), D(15)]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"list": "moon"}, "price list"), ({"sku": "?"}, "no product"), ({"pack": "crate"}, "no such pack"),
        ({"price": "-1"}, ""), ({"price": "much"}, ""), ({"from_quantity": "-3"}, ""), ({"valid_from": "soon"}, ""),
        ({"list": ""}, ""), ({"price": "9" * 14}, "large"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_reason(cells: dict[str, str], reason: str) -> None:
    make_price_list()
    make_product("Bread", sku="A")

    (result,) = check(line(**cells))

    assert result.outcome == "refused"
    assert reason in str(vars(result) if hasattr(result, "__dict__") else result)


def test_the_second_row_about_one_price_is_refused_and_one_that_moved_is_too() -> None:
    bread = make_product("Bread", sku="A", price="9.50")
    first, second = check(line(), line(sku="a", price="9.95"))
    assert (first.outcome, second.outcome) == ("changed", "refused")
    make_price(bread, "12")

    applied = apply([first])

    assert list(applied.refused) == [0]
    assert price_reads.current(make_price_list(), [bread]) == {bread.pk: D(12)}


def test_a_file_goes_through_the_screens(as_user: Callable[..., Client], settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    counter, bread = make_price_list(), make_product("Bread", sku="A", price="9.50")
    client = as_user(
        "catalog.view_price", "catalog.change_price", "transfers.view_transferrun", "transfers.add_transferrun",
        "transfers.change_transferrun",
    )  # fmt: skip
    exported = client.get(reverse("catalog:price_list_prices", args=[counter.pk]), {"export": "csv"})
    own = b"".join(exported)
    assert b"counter,A,,,9.50" in own

    for content, outcome in ((own, (0, 1)), (own.replace(b"9.50", b"9.90"), (1, 0))):
        data = {"file": ContentFile(content, name="prices.csv"), "decimal_style": "dot"}
        assert client.post(reverse("transfers:upload", args=["prices"]), data).status_code == 302
        runner.drain()
        run = TransferRun.objects.latest("pk")
        assert (run.changed, run.unchanged) == outcome
    client.post(reverse("transfers:run_apply", args=[run.pk]))
    runner.drain()
    assert price_reads.current(counter, [bread]) == {bread.pk: D("9.90")}
    assert client.get(reverse("catalog:price_list_prices", args=[counter.pk]), {"export": "xlsx"}).content[:2] == b"PK"


# --- undo ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def imported(*lines: str) -> TransferRun:
    content = "\n".join(["list;sku;pack;from_quantity;price;valid_from", *lines]).encode()
    run = runs.start(PriceImporter, file=ContentFile(content, name="prices.csv"), decimal_style="dot")
    runner.drain()
    runs.apply(run)
    runner.drain()
    run.refresh_from_db()
    assert (run.status, run.refused + run.refused_late) == ("done", 0), list(run.rows.values_list("reason", flat=True))
    return run


def undone(run: TransferRun, **more: Any) -> TransferRun:
    undoing.undo(run, reason="wrong file", **more)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "undone", run.error
    return run


def costs(price_list: PriceList, days: int = 0, **more: Any) -> dict[str, Decimal]:
    rows = Price.objects.at(clock.now() + timedelta(days=days)).filter(price_list=price_list, **more)
    return {f"{row.product.sku}{row.unit or ''}{row.min_quantity or ''}": row.amount for row in rows}


def test_former_prices_begin_anew_and_what_has_not_begun_is_forgotten(files: None) -> None:
    counter = make_price_list()
    market = price_lists.create(name="Market", base=counter, percentage=D(10))
    bread, cake = make_product("Bread", sku="A", price="10"), make_product("Cake", sku="B", price="30")
    make_product("Bun", sku="C")
    packs.add(bread, name="Box", quantity=D(6))
    later = clock.today() + timedelta(days=9)
    make_price(cake, "33", valid_from=clock.at(later))
    before = [costs(one, days) for one in (counter, market) for days in (0, 20)]

    run = imported(
        "counter;A;;;12;", f"counter;A;;;14;{later}", "counter;B;;;-;", f"counter;B;;;35;{later}", "counter;C;;;5;",
        "counter;A;Box;;50;", "counter;A;;24;9;", "market;A;;;20;",
    )  # fmt: skip
    assert costs(counter, 20) == {"A": 14, "B": 35, "C": 5, "ABox": 50, "A24.000000": 9}
    assert costs(market)["A"] == 20
    run = undone(run)

    assert (run.undone, run.kept) == (8, 0)
    assert [costs(one, days) for one in (counter, market) for days in (0, 20)] == before
    assert costs(market, is_derived=True)["A"] == 11, "it follows its base list again"
    assert "wrong file" in Price.history.latest().history_change_reason
    assert imported("counter;A;;;12;").applied == 1


def test_a_price_that_somebody_set_since_stays(files: None) -> None:
    counter = make_price_list()
    bread = make_product("Bread", sku="A", price="10")
    make_product("Bun", sku="B", price="1")
    run = imported("counter;A;;;12;", "counter;B;;;2;")
    make_price(bread, "13")
    assert [(row.line, why) for row, why in undoing.prospect(run).obstacles] == [(2, "The price was changed since.")]
    run = undone(run, keep=True)
    assert (run.undone, run.kept, costs(counter)) == (1, 1, {"A": 13, "B": 1})


def test_undoing_prices_asks_a_constant_number_of_questions(files: None, django_assert_max_num_queries: Any) -> None:
    make_price_list()
    for number in range(40):
        make_product(sku=f"P{number}", price="1")
    run = imported(*(f"counter;P{number};;;2;" for number in range(40)))
    with django_assert_max_num_queries(40):
        assert PriceImporter(run).undo(list(run.rows.all())) == {}


def test_every_wrong_cell_of_a_row_is_told_with_its_column() -> None:
    make_price_list()
    (result,) = check(line(list="nope", sku="NONE", price="x", from_quantity="-1", valid_from="31/31/2026"))
    assert [column for column, _why, _hint in result.data["wrong"]] == [
        "list", "sku", "from_quantity", "price", "valid_from"
    ]  # fmt: skip
