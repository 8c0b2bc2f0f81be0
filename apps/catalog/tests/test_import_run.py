"""The import through its screens and jobs, as a person meets it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Price, Product
from apps.catalog.services import categories, packs
from backoffice.outbox import runner
from backoffice.transfers.models import TransferRun

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db
IMPORTING = (
    "catalog.import_product",
    "catalog.view_product",
    *(f"transfers.{verb}_transferrun" for verb in ("view", "add", "change")),
)


@pytest.fixture(autouse=True)
def _files_of_the_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def upload(client: Client, name: str, content: bytes) -> TransferRun:
    data = {"file": ContentFile(content, name=name), "decimal_style": "dot", "options-new_categories": "on"}
    answer = client.post(reverse("transfers:upload", args=["products"]), data)
    assert answer.status_code == 302, answer.content.decode()
    runner.drain()
    return TransferRun.objects.latest("pk")


def test_a_file_is_previewed_and_applied_in_the_background(as_user: Callable[..., Client]) -> None:
    make_price_list()
    bread = make_product("Bread", sku="A", price="5")
    client = as_user(*IMPORTING)
    lines = ["SKU,Name,Price,Category", "A,Loaf,5.50,Bakery", "B,Bun,1.20,Bakery", "C,,1,", "B,Again,1,"]

    run = upload(client, "goods.csv", "\n".join(lines).encode())
    assert (run.status, run.new, run.changed, run.refused) == ("ready", 1, 1, 2)
    assert Product.objects.get().name == "Bread"
    shown = client.get(run.get_absolute_url()).content.decode()
    assert "Loaf" in shown

    assert client.post(reverse("transfers:run_apply", args=[run.pk])).status_code == 302
    runner.drain()

    run.refresh_from_db()
    bread.refresh_from_db()
    assert (run.status, run.applied) == ("done", 2)
    assert run.figures == {"created": 1, "updated": 1, "prices": 2, "categories": 1}
    assert (bread.name, str(bread.category)) == ("Loaf", "Bakery")
    assert Product.objects.get(sku="B").name == "Bun"
    entry = bread.history.latest()
    assert entry.history_user is not None
    assert f"#{run.pk}" in entry.history_change_reason
    assert Price.objects.count() == 3


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_exported_file_imports_without_a_change(as_user: Callable[..., Client], kind: str) -> None:
    make_price_list("wholesale")
    bakery = categories.create(name="Bakery")
    flour = make_product("=Flour, “00”", sku="-F 1", unit="kg", price="4.2567", category=bakery, description="'quoted'")
    packs.add(flour, name="sack 25 kg", quantity=flour.tax_rate + 25)
    make_product("Água", sku="0012", barcode="7898912340122", shelf_life_days=3, allergens=["egg"], tags=["a"])
    client = as_user(*IMPORTING, "catalog.export_product")

    content = b"".join(client.get(reverse("catalog:product_list"), {"export": kind}))
    run = upload(client, f"products.{kind}", content)

    assert run.status == "ready", run.status
    assert (run.new, run.changed, run.unchanged, run.refused) == (0, 0, 2, 0), list(
        run.rows.values("changes", "reason")
    )


def test_the_same_file_in_two_tabs_is_written_once(as_user: Callable[..., Client]) -> None:
    make_price_list()
    bread = make_product("Bread", sku="A", price="5")
    client = as_user(*IMPORTING)
    content = b"sku,name,price\nA,Loaf,5.50\nB,Bun,1.20\n"
    first, second = upload(client, "goods.csv", content), upload(client, "goods.csv", content)
    assert (second.new, second.changed) == (1, 1)

    for run in (first, second):
        client.post(reverse("transfers:run_apply", args=[run.pk]))
    runner.drain()

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.applied, second.status, second.applied, second.refused_late) == (
        "done",
        2,
        "done",
        0,
        2,
    )
    assert Product.objects.filter(sku="B").count() == 1
    assert (Price.objects.filter(product=bread).count(), bread.history.count()) == (2, 2)
    reasons = {row.reason for row in second.rows.all()}
    assert reasons == {
        "Somebody changed this product since the preview.", "A product with this SKU was added since the preview.",
    }  # fmt: skip


def test_a_file_in_which_every_line_is_wrong_is_told_line_by_line(as_user: Callable[..., Client]) -> None:
    make_price_list()
    client = as_user(*IMPORTING)
    content = "sku,name,unit,price\n" + "".join(f"NO GOOD {n},,parsecs,1,5\n" for n in range(2500))

    run = upload(client, "goods.csv", content.encode())

    assert (run.status, run.refused, run.new) == ("ready", 2500, 0)
    page = client.get(run.get_absolute_url(), {"tab": "refused", "page": "50"}).content.decode()
    assert page.count("NO GOOD") >= 50
    assert "Apply" not in page.partition("savebar")[2]
    answer = client.get(reverse("transfers:run_refused", args=[run.pk]))
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2501
    assert not Product.objects.exists()
