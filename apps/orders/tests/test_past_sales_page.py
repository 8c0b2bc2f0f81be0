from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse

from apps.catalog.models import PriceList, Product, Unit
from apps.catalog.services import products
from apps.orders.models import Channel, Order
from apps.orders.services.past_sales import PastSalesImporter, overview, writing
from apps.orders.services.past_sales.reading import Item, Ticket
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs

pytestmark = pytest.mark.django_db
MAY = "orders.import_past_sales"


@pytest.fixture
def bread() -> Product:
    return products.create(sku="PA-1", name="Bread", unit=Unit.objects.get(code="un"))


def ticket(number: str) -> Ticket:
    item = Item("Bread")
    item.quantity = item.unpriced = Decimal(1)
    return Ticket(number, clock.local(clock.at(clock.today(), 9)).replace(tzinfo=None), {"Bread": item})


def test_the_page_is_for_who_may_import(as_user: Any) -> None:
    address = reverse("orders:past_sales")

    assert as_user("orders.view_order").get(address).status_code == 403
    page = as_user(MAY, username="owner").get(address).content.decode()
    assert reverse("transfers:upload", args=["past_sales"]) in page


def test_figures_names_and_files(as_user: Any, bread: Product) -> None:
    price_list = PriceList.objects.create(code="counter", name="Counter")
    channel = Channel.objects.create(code="counter", name="Counter", price_list=price_list)
    writing.write(channel, [ticket("P-1"), ticket("P-2")], {"Bread": bread})
    entries = [
        {"key": "Bread", "action": "map", "target": "PA-1"},
        {"key": "NONE", "action": "ignore", "target": ""},
        {"key": "Gone", "action": "map", "target": "GONE"},
    ]
    given = {"importer": "past_sales", "file_name": "log.csv", "file_size": 1, "file_format": "csv", "status": "done"}
    TransferRun.objects.create(**given, mapping={"entries": entries})

    past = overview.past()
    assert (past.orders, past.lines, past.units, past.estimated_percent) == (2, 2, 2, 100)
    assert [(name.name, name.product) for name in overview.names("past_sales")] == [
        ("Bread", bread),
        ("Gone", None),
        ("NONE", None),
    ]
    page = as_user(MAY).get(reverse("orders:past_sales")).content.decode()
    for words in ("log.csv", "Bread", "ignored", "not there any more"):
        assert words in page


def test_a_wrong_log_is_taken_back_on_its_page(as_user: Any, bread: Product, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    price_list = PriceList.objects.create(code="counter", name="Counter")
    channel = Channel.objects.create(code="counter", name="Counter", price_list=price_list)
    log = ContentFile(b"date,ticket,item,amount\n2020-02-03,1,Bread,9.90\n2020-02-03,2,Bread,9.90\n", name="log.csv")
    run = runs.start(PastSalesImporter, file=log, decimal_style="dot", options={"channel": channel.pk})
    runner.drain()
    runs.decide(run, entries={})
    runner.drain()
    runs.apply(run)
    runner.drain()
    client = as_user(MAY, *(f"transfers.{verb}_transferrun" for verb in ("view", "change", "undo")))
    address = reverse("transfers:run_undo", args=[run.pk])

    page = client.get(address).content.decode()
    assert "made by it: cancelled" in page
    assert "Their tickets can be imported again" in page
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "wrong year"}).status_code == 302
    runner.drain()

    run.refresh_from_db()
    assert (run.status, run.undone, run.kept) == ("undone", 2, 0)
    assert overview.past().orders == 0
    order = Order.objects.order_by("pk")[0]
    assert order.status == "cancelled"
    assert "wrong year" in order.history.latest().history_change_reason
