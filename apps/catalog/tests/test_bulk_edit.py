from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.resources import bulk_rule
from apps.catalog.services import attributes, bulk_edit, categories, schema
from backoffice.outbox import runner
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs, undoing
from backoffice.ui.screens import bulk

from .factories import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_of_the_test(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


def test_only_what_is_given_changes() -> None:
    product = make_product("Loaf", shelf_life_days=3, tax_rate=Decimal(5))

    same = bulk_edit.set_fields(product, sell_policy="", shelf_life_days=None, is_sellable=None)
    changed = bulk_edit.set_fields(product, tax_rate=Decimal(0), is_sellable=False, shelf_life_days=0)

    assert same.revision == product.revision
    assert (changed.tax_rate, changed.is_sellable, changed.shelf_life_days) == (0, False, 0)
    assert changed.sell_policy == "stock_only"


def test_tags_are_added_once_and_taken_away_whatever_their_case() -> None:
    product = make_product("Loaf", tags=["New", "Summer"])

    product = bulk_edit.retag(product, add=["summer", "Bread"], remove=["new"])

    assert product.tags == ["Summer", "Bread"]


def test_what_was_so_already_is_not_said_to_be_changed(as_user: Any) -> None:
    make_product("Loaf", tags=["Summer"])
    make_product("Roll")
    client = as_user("catalog.view_product", "catalog.change_product")
    url = reverse("catalog:product_list")
    asked = {"action": "tags", "scope": "all", "confirm": "1", "add": "summer"}

    first = client.post(url, asked, follow=True).content.decode()
    second = client.post(url, asked, follow=True).content.decode()

    assert "Tags: 1 row." in first
    assert "1 row was so already." in first
    assert "2 rows were so already." in second
    assert "Tags: 2 rows." not in second


def test_all_that_match_are_changed_and_refusals_are_said(as_user: Any) -> None:
    loaves = [make_product(f"Loaf {number}") for number in range(3)]
    other, cake = make_product("Roll"), make_product("Loaf cake", kind="configurable")
    client = as_user("catalog.view_product", "catalog.change_product")
    url = f"{reverse('catalog:product_list')}?q=loaf"

    shown = client.post(url, {"action": "fields", "scope": "all"})
    assert shown.status_code == 200, "it asks first"
    assert not Product.objects.filter(tax_rate=7).exists()
    empty = client.post(url, {"action": "fields", "scope": "all", "confirm": "1"})
    assert empty.status_code == 422
    client.post(url, {"action": "fields", "scope": "all", "confirm": "1", "tax_rate": "7", "is_sellable": "1"})

    assert set(Product.objects.filter(tax_rate=7)) == {*loaves, cake}
    cake.refresh_from_db()
    assert not cake.is_sellable, "what stands for its variants is not sold itself"
    client.post(
        reverse("catalog:product_list"), {"action": "tags", "ids": [other.pk], "confirm": "1", "add": "warm, round"}
    )
    other.refresh_from_db()
    assert other.tags == ["warm", "round"]


def test_attributes_of_many_products_change_at_once_and_who_cannot_have_one_is_named(as_user: Any) -> None:
    breads, shop = categories.create(name="Breads"), categories.create(name="Shop")
    for attribute in (
        attributes.create(name="Origin", type="text"), attributes.create(name="Organic", type="boolean"),
        attributes.create(name="Crust", type="select", options=["Thin", "Thick"]),
    ):  # fmt: skip
        schema.add(breads, attribute)
    loaf = make_product("Loaf", category=breads, attributes={"origin": "Minas", "organic": True})
    rye = make_product("Rye", category=breads)
    mug = make_product("Mug", category=shop)
    client = as_user("catalog.view_product", "catalog.change_product")
    url = reverse("catalog:product_list")
    data = {"action": "attributes", "ids": [loaf.pk, rye.pk, mug.pk]}

    assert "Crust" in client.post(url, data).content.decode()
    assert client.post(url, data | {"confirm": "1"}).status_code == 422, "nothing chosen"
    both = client.post(url, data | {"confirm": "1", "attr_origin": "Bahia", "clear": ["origin"]})
    assert both.status_code == 422
    done = client.post(url, data | {"confirm": "1", "attr_crust": "thick", "attr_organic": "no", "clear": ["origin"]})

    assert done.status_code == 200
    assert "Mug" in done.content.decode(), "refused, with its reason"
    for product in (loaf, rye, mug):
        product.refresh_from_db()
    assert loaf.attributes == rye.attributes == {"crust": "thick", "organic": False}
    assert mug.attributes == {}
    assert loaf.history.count() == 2


MANY = ("catalog.view_product", "catalog.change_product", *bulk_rule.RIGHTS, "transfers.undo_transferrun")


def handed_over(client: Any, **data: Any) -> TransferRun:
    """All loaves, which are more than can be done at once; the import that it became, checked."""
    url = f"{reverse('catalog:product_list')}?q=loaf"
    response = client.post(url, {"scope": "all", "confirm": "1", **data})
    run = TransferRun.objects.latest("pk")
    assert (response.status_code, response["location"]) == (302, run.get_absolute_url())
    runner.drain()
    run.refresh_from_db()
    assert run.status == "ready", run.error
    return run


def test_more_than_can_be_done_at_once_become_an_import(as_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LIMIT", 2)
    shop = categories.create(name="Shop, odd")
    schema.add(shop, attributes.create(name="Weight", type="number"))
    schema.add(shop, attributes.create(name="Suits", type="multiselect", options=["Tea, black", "Rum"]))
    loaves = [make_product(f"Loaf {number}", sku=f"={number}", tags=["new", "old"]) for number in range(3)]
    make_product("Roll")
    client = as_user(*MANY)
    url = f"{reverse('catalog:product_list')}?q=loaf"
    assert "can be undone as a whole" in client.post(url, {"action": "tags", "scope": "all"}).content.decode()

    wanted: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"action": "category", "category": shop.pk}, {"category_id": shop.pk}),
        ({"action": "fields", "tax_rate": "7.25", "lot_tracked": "0", "shelf_life_days": "0"},
         {"tax_rate": Decimal("7.25"), "lot_tracked": False, "shelf_life_days": 0}),
        ({"action": "tags", "add": "summer, Old", "remove": "new"}, {"tags": ["old", "summer"]}),
        ({"action": "tags", "remove": "old, summer"}, {"tags": []}),
        ({"action": "attributes", "attr_weight": "1.5", "attr_suits": ["tea-black"]},
         {"attributes": {"weight": "1.5", "suits": ["tea-black"]}}),
        ({"action": "attributes", "clear": ["weight"]}, {"attributes": {"suits": ["tea-black"]}}),
        ({"action": "retire"}, {"is_active": False}),
    ]  # fmt: skip
    for data, after in wanted:
        run = handed_over(client, **data)
        assert (run.changed, run.new, run.refused) == (3, 0, 0), list(run.rows.values_list("reason", flat=True))
        runs.apply(run)
        runner.drain()
        for loaf in Product.objects.filter(pk__in=[loaf.pk for loaf in loaves]):
            assert {name: getattr(loaf, name) for name in after} == after
    undoing.undo(TransferRun.objects.latest("pk"), reason="no")
    runner.drain()
    assert Product.objects.filter(is_active=True).count() == 4


def test_who_may_not_import_is_told_that_it_is_too_much(as_user: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LIMIT", 2)
    for number in range(3):
        make_product(f"Loaf {number}")
    response = as_user("catalog.view_product", "catalog.change_product").post(
        reverse("catalog:product_list"), {"action": "retire", "scope": "all", "confirm": "1"}
    )
    assert response.status_code == 422
    assert "3 rows are too many at once" in response.content.decode()
    assert Product.objects.filter(is_active=True).count() == 3


def test_a_tag_that_somebody_gave_meanwhile_stays() -> None:
    product = make_product(tags=["new"])
    Product.objects.filter(pk=product.pk).update(tags=["new", "theirs"])
    assert bulk_edit.retag(product, add=["mine"]).tags == ["new", "theirs", "mine"]
