"""Past sales through every step of an import, and on the log of a real bakery when it is beside the project."""

from __future__ import annotations

import time
import warnings
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db.models import Count, Sum

from apps.catalog.models import PriceList
from apps.inventory.models import DailyDemand, Move
from apps.orders.models import Channel, Order, OrderLine
from apps.orders.services.past_sales import PastSalesImporter
from backoffice import composition
from backoffice.outbox import runner
from backoffice.outbox.models import Directive
from backoffice.transfers.models import TransferRow, TransferRun
from backoffice.transfers.services import runs

REAL = Path(settings.BASE_DIR).parent / "shared" / "data" / "bakery_sales_log.csv"
HEAD = "Date,Time,Transaction,Item\n"
SMALL = HEAD + "".join(
    f"2016-10-{30 + day},10:0{ticket}:00,{day * 4 + ticket},{item}\n"
    for day in (0, 1)
    for ticket, items in enumerate(("Bread", "Bread Bread Tea", "NONE", "Tea NONE"), start=1)
    for item in items.split()
)


@pytest.fixture(autouse=True)
def _past_sales(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setitem(composition.IMPORTS, "past_sales", "apps.orders.services.past_sales.PastSalesImporter")


@pytest.fixture
def channel(db: None) -> Channel:
    price_list = PriceList.objects.create(code="counter", name="Counter")
    return Channel.objects.create(code="counter", name="Counter", price_list=price_list)


def work() -> None:
    """Do what the worker would do, until nothing waits."""
    runner.drain()
    assert not Directive.objects.exclude(status="done").exists()


def imported(content: str, channel: Channel) -> TransferRun:
    """The way of a file through all steps, every proposal agreed to."""
    file = ContentFile(content.encode(), name="log.csv")
    run = runs.start(PastSalesImporter, file=file, decimal_style="dot", options={"channel": channel.pk})
    work()
    run.refresh_from_db()
    runs.decide(run, entries={})
    work()
    run.refresh_from_db()
    if run.new:
        runs.apply(run)
        work()
        run.refresh_from_db()
    return run


def counted(channel: Channel) -> dict[str, Any]:
    lines = OrderLine.objects.filter(order__channel=channel)
    return {
        "orders": Order.objects.filter(channel=channel, is_imported=True, status="completed").count(),
        "lines": lines.count(),
        "units": lines.aggregate(units=Sum("quantity"))["units"],
    }


def expected(content: str) -> dict[str, Any]:
    """What the file says, counted in another way than the importer does."""
    sold = Counter((line.split(",")[2], line.split(",")[3]) for line in content.splitlines()[1:])
    kept = {key: count for key, count in sold.items() if key[1].strip() != "NONE"}
    return {
        "orders": len({ticket for ticket, _item in kept}),
        "lines": len({(ticket, item.strip()) for ticket, item in kept}),
        "units": Decimal(sum(kept.values())),
    }


@pytest.mark.django_db
def test_a_log_becomes_past_orders_and_a_second_time_nothing(channel: Channel) -> None:
    run = imported(SMALL, channel)

    assert counted(channel) == expected(SMALL) == {"orders": 6, "lines": 8, "units": Decimal(10)}
    assert (run.status, run.new, run.unchanged, run.refused, run.figures["orders"]) == ("done", 6, 2, 0, 6)
    again = imported(SMALL, channel)
    assert (again.new, again.unchanged, again.mapping["entries"][0]["action"]) == (0, 8, "map")
    assert counted(channel) == expected(SMALL)


@pytest.mark.django_db
def test_the_log_of_a_real_bakery(channel: Channel) -> None:
    if not REAL.exists():
        # Said aloud rather than skipped: without the file this test holds what the small log holds.
        warnings.warn(f"{REAL.name} is not beside the project; counted on the small log instead.", stacklevel=1)
    content = REAL.read_text() if REAL.exists() else SMALL
    began = time.process_time()

    run = imported(content, channel)

    assert counted(channel) == expected(content)
    if REAL.exists():
        assert counted(channel) == {"orders": 9465, "lines": 18887, "units": Decimal(20507)}
        assert run.checked_figures["tickets"] == 9531
        assert run.checked_figures["empty"] == 66
        assert time.process_time() - began < 120
        by_day = Order.objects.values("business_date").annotate(orders=Count("pk")).order_by("business_date")
        assert (str(by_day.first()["business_date"]), str(by_day.last()["business_date"])) == (
            "2016-10-30",
            "2017-04-09",
        )
    assert (
        DailyDemand.objects.filter(is_imported=True).aggregate(all=Sum("quantity"))["all"] == expected(content)["units"]
    )
    assert not Move.objects.exists()
    assert not TransferRow.objects.filter(outcome="refused").exists()
    assert run.figures["orders"] == expected(content)["orders"]
