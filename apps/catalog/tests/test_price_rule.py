"""More prices than a page holds are changed as an import: all of them are shown first, and it survives being killed."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Price, Product
from apps.catalog.resources import price_rule
from apps.catalog.resources.prices import PriceImporter
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import price_changes
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.outbox.models import Directive
from backoffice.transfers.models import TransferRow, TransferRun
from backoffice.transfers.services import runs

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db
D = Decimal
PRICES = ("catalog.view_price", "catalog.change_price", "catalog.view_pricelist")
IMPORTS = tuple(f"transfers.{verb}_transferrun" for verb in ("view", "add", "change"))


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    monkeypatch.setattr(price_changes, "MOST", 3)
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def goods() -> list[Product]:
    return [make_product(f"Thing {n}", sku=f"=T-{n}", price=str(10 * n)) for n in range(1, 6)]


def now(goods: list[Product]) -> list[Decimal | None]:
    found = price_reads.current(make_price_list(), goods)
    return [found.get(product.pk) for product in goods]


def began(client: Client, **asked: str) -> TransferRun:
    counter = make_price_list()
    page = client.get(reverse("catalog:price_rule", args=[counter.pk]), asked)
    text = page.content.decode()
    assert page.status_code == 200
    found = re.search(r'name="asked" value="([^"]*)"', text)
    assert found, "the page offers to prepare it"
    answer = client.post(
        reverse("catalog:price_rule_prepare", args=[counter.pk]), {"asked": unescape(found[1]), "reason": "autumn"}
    )
    assert answer.status_code == 302
    run = TransferRun.objects.latest("pk")
    assert answer["Location"] == run.get_absolute_url()
    runner.drain()
    run.refresh_from_db()
    return run


def test_all_are_shown_before_and_after_and_then_set(as_user: Any, goods: list[Product]) -> None:
    client = as_user(*PRICES, *IMPORTS)
    run = began(client, percentage="10", rounding="ninety")

    assert (run.status, run.changed, run.refused) == ("ready", 5, 0)
    assert now(goods) == [D(10), D(20), D(30), D(40), D(50)], "nothing is set yet"
    page = client.get(run.get_absolute_url()).content.decode()
    for before, after in (("10.00", "10.90"), ("20.00", "21.90"), ("50.00", "54.90")):
        assert before in page
        assert after in page

    left = run.rows.get(meta__startswith=goods[1].sku)
    client.post(reverse("transfers:row_leave_out", args=[run.pk, left.pk]), {})
    client.post(reverse("transfers:run_apply", args=[run.pk]))
    runner.drain()
    assert now(goods) == [D("10.90"), D(20), D("32.90"), D("43.90"), D("54.90")]
    entry = Price.history.filter(product=goods[0]).latest()  # type: ignore[attr-defined]
    assert "autumn" in entry.history_change_reason
    assert f"#{run.pk}" in entry.history_change_reason


def test_killed_half_way_it_goes_on_and_sets_each_price_once(
    as_user: Any, goods: list[Product], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = as_user(*PRICES, *IMPORTS)
    run = began(client, amount="1")
    monkeypatch.setattr(PriceImporter, "apply_size", 2)
    real, calls = PriceImporter.apply, []

    def dies(self: PriceImporter, rows: Any) -> Any:
        calls.append(len(rows))
        done = real(self, rows)
        if len(calls) == 2:
            raise OperationalError("the power is gone")
        return done

    monkeypatch.setattr(PriceImporter, "apply", dies)
    runs.apply(run)
    runner.drain(limit=1)  # what failed waits a while, and then goes on by itself
    run.refresh_from_db()
    assert (run.status, run.applied) == ("applying", 2)
    assert sorted(filter(None, now(goods))) == [D(11), D(21), D(30), D(40), D(50)], "whole portions, or nothing"

    Directive.objects.filter(status=Directive.Status.FAILED).update(available_at=clock.now())
    runner.drain()
    run.refresh_from_db()
    assert (run.status, run.applied) == ("done", 5)
    assert now(goods) == [D(11), D(21), D(31), D(41), D(51)]
    assert Price.objects.filter(product=goods[0]).count() == 2
    assert run.rows.filter(state=TransferRow.State.APPLIED).count() == 5


def test_a_price_that_moved_since_is_left_as_it_is_and_told(as_user: Any, goods: list[Product]) -> None:
    run = began(as_user(*PRICES, *IMPORTS), percentage="-10")
    make_price(goods[2], "99")
    runs.apply(run)
    runner.drain()
    run.refresh_from_db()
    assert now(goods) == [D(9), D(18), D(99), D(36), D(45)]
    assert run.refused_late == 1


def test_it_may_begin_later(as_user: Any, goods: list[Product]) -> None:
    client, counter = as_user(*PRICES, *IMPORTS), make_price_list()
    day = clock.today() + timedelta(days=3)
    make_price(goods[1], "40", valid_from=clock.at(day - timedelta(days=1)))
    make_price(goods[0], "8", min_quantity=D(12))
    data = {"asked": f"percentage=50&valid_from={day.isoformat()}"}
    assert client.post(reverse("catalog:price_rule_prepare", args=[counter.pk]), data).status_code == 302
    runner.drain()
    runs.apply(TransferRun.objects.latest("pk"))
    runner.drain()
    assert now(goods)[0] == D(10)
    assert price_reads.current(counter, goods, clock.at(day))[goods[0].pk] == D(15)
    assert price_reads.current(counter, goods, clock.at(day))[goods[1].pk] == D(60), "of what holds on that day"
    assert Price.objects.at(clock.at(day)).get(product=goods[0], min_quantity=12).amount == D(12)


def test_prices_below_nothing_are_refused_with_their_line(as_user: Any, goods: list[Product]) -> None:
    run = began(as_user(*PRICES, *IMPORTS), amount="-15")
    assert (run.changed, run.refused) == (4, 1)


def test_what_changes_nothing_begins_nothing(as_user: Any, goods: list[Product]) -> None:
    client = as_user(*PRICES, *IMPORTS)
    url = reverse("catalog:price_rule_prepare", args=[make_price_list().pk])
    assert client.post(url, {"asked": "percentage=0"}).status_code == 302
    for asked in ("", "percentage=5&amount=1", "percentage=x", "\x00", "category=99999&percentage=1"):
        assert client.post(url, {"asked": asked}).status_code == 422
    assert client.post(url, {"asked": "percentage=5", "valid_from": "2001-01-01"}).status_code == 422
    assert not TransferRun.objects.exists()


def test_who_may_not_import_is_told_to_narrow_it_down(as_user: Any, goods: list[Product]) -> None:
    client, counter = as_user(*PRICES), make_price_list()
    page = client.get(reverse("catalog:price_rule", args=[counter.pk]), {"percentage": "5"})
    assert page.status_code == 409
    assert "narrow" in page.content.decode()
    url = reverse("catalog:price_rule_prepare", args=[counter.pk])
    assert client.post(url, {"asked": "percentage=5"}).status_code == 403
    assert client.get(url).status_code == 405


def test_the_file_of_a_hundred_thousand_is_written_in_few_queries(
    goods: list[Product], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(12):
        price_rule.start(make_price_list(), Product.objects.active(), percentage=D(5), amount=None, kind="cent")


def test_chosen_products_change_their_prices_from_their_list(as_user: Any, goods: list[Product]) -> None:
    client = as_user(*PRICES, *IMPORTS, "catalog.view_product")
    url, counter = reverse("catalog:product_list"), make_price_list()
    asked = {"action": "prices", "ids": [goods[0].pk, goods[2].pk], "price_list": counter.pk, "rounding": "cent"}
    assert "Prices" in client.post(url, asked).content.decode()
    assert client.post(url, {**asked, "confirm": "1"}).status_code == 422, "by how much?"
    answer = client.post(url, {**asked, "confirm": "1", "percentage": "0"})
    assert answer.status_code == 409
    assert "No price would change" in answer.content.decode()

    answer = client.post(url, {**asked, "confirm": "1", "percentage": "10", "reason": "autumn"})
    run = TransferRun.objects.latest("pk")
    assert (answer.status_code, answer["Location"]) == (302, run.get_absolute_url())
    runner.drain()
    assert now(goods) == [D(10), D(20), D(30), D(40), D(50)], "nothing is set before it was looked at"
    run.refresh_from_db()
    runs.apply(run)
    runner.drain()
    assert now(goods) == [D(11), D(20), D(33), D(40), D(50)]


def test_changing_prices_of_many_needs_every_right_of_it(as_user: Any, goods: list[Product]) -> None:
    client = as_user(*PRICES, "catalog.view_product")
    url = reverse("catalog:product_list")
    assert 'value="prices"' not in client.get(url).content.decode()
    assert client.post(url, {"action": "prices", "ids": [goods[0].pk]}).status_code == 403
