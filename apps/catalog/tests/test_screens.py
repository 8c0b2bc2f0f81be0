from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Category, Price, PriceList, Product, ProductUnit
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import bundles, categories, products
from backoffice import composition

from .factories import make_price_list, make_product, make_unit

pytestmark = pytest.mark.django_db
AsUser = Callable[..., Client]
HTMX = {"HX-Request": "true"}


def page(name: str, *args: Any) -> str:
    return reverse(f"catalog:{name}", args=args)


def into(target: str) -> dict[str, str]:
    return {**HTMX, "HX-Target": target}


LISTS = [
    ("product_list", "catalog.view_product"),
    ("price_list_list", "catalog.view_pricelist"),
    ("category_list", "catalog.view_category"),
    ("unit_list", "catalog.view_unit"),
]


@pytest.mark.parametrize(("name", "permission"), LISTS)
def test_lists_are_for_those_who_may_see_them(as_user: AsUser, everything: Product, name: str, permission: str) -> None:
    stranger, other, reader = Client(), as_user(username="other"), as_user(permission, username="reader")

    assert stranger.get(page(name)).status_code == 302
    assert other.get(page(name)).status_code == 403
    assert reader.get(page(name)).status_code == 200


@pytest.mark.parametrize(("name", "permission"), LISTS)
def test_the_fragment_is_part_of_the_page(as_user: AsUser, everything: Product, name: str, permission: str) -> None:
    client = as_user(permission)

    whole = client.get(page(name)).content.decode()
    part = client.get(page(name), headers=into("table")).content.decode()

    assert 'id="table"' in part.strip().partition(">")[0]
    assert part.strip() in whole


@pytest.mark.parametrize("name", ["product_list", "price_list_list"])
def test_lists_ask_as_much_for_three_rows_as_for_one(
    as_user: AsUser, django_assert_num_queries: Any, django_assert_max_num_queries: Any, name: str
) -> None:
    make_product("One", price="1", category=categories.create(name="Bakery"))
    client = as_user("catalog.view_product", "catalog.view_pricelist", "catalog.change_product", "catalog.change_price")
    client.get(page(name))
    with django_assert_max_num_queries(30) as first:
        client.get(page(name))
    for number in range(2):
        make_product(price=number + 2, category=categories.create(name=f"C{number}"))
        make_price_list(f"list-{number}")

    with django_assert_num_queries(len(first)):
        client.get(page(name))


def test_the_history_of_a_bundle_asks_twelve_times_at_most_whatever_it_holds(
    as_user: AsUser, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    parts = [make_product(f"Part {number}", price="1") for number in range(3)]
    box = make_product("Box", price="5", kind=Product.Kind.BUNDLE, category=categories.create(name="Boxes"))
    bundles.put(box, parts[0], quantity=Decimal(1))
    client = as_user(*composition.ROLES["manager"])
    client.get(page("product_history", box.pk))
    with django_assert_max_num_queries(12) as first:
        client.get(page("product_history", box.pk))
    for part in parts:
        bundles.put(box, part, quantity=Decimal(2))

    with django_assert_num_queries(len(first)):
        text = client.get(page("product_history", box.pk)).content.decode()
    assert "Part 2" in text
    assert "Boxes" in text
    assert ">5.00" in text or ">5,00" in text


def test_the_price_page_asks_as_much_for_three_rows_as_for_one(
    as_user: AsUser, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    make_product(price="1")
    client = as_user("catalog.view_price", "catalog.change_price")
    address = page("price_list_prices", make_price_list().pk)
    client.get(address)
    with django_assert_max_num_queries(30) as first:
        client.get(address)
    make_product(price="2")
    make_product()

    with django_assert_num_queries(len(first)):
        client.get(address)


def test_the_list_searches_filters_and_shows_the_price(as_user: AsUser, everything: Product) -> None:
    drinks = categories.create(name="Drinks")
    make_product("Água", category=drinks)
    make_product("Old bread", is_active=False)
    client = as_user("catalog.view_product")

    def shown(**query: Any) -> list[str]:
        table = client.get(page("product_list"), query).context["table"]
        return [row.name for row in table.shown]

    assert shown() == ["Croissant", "Old bread", "Água"]
    assert shown(q="agua") == ["Água"]
    assert shown(q="pa-12 crois") == ["Croissant"]
    assert shown(category=drinks.pk) == ["Água"]
    assert shown(view="retired") == ["Old bread"]
    assert shown(view="unpriced") == ["Água"]
    assert shown(price_list=make_price_list().pk) == ["Croissant"]
    assert shown(kind="nonsense", category="x", page="-1") == shown()
    assert shown(sort="-name")[0] == "Água"
    assert "9.50" in client.get(page("product_list")).content.decode()


@pytest.mark.parametrize("name", ["product_detail", "product_prices", "product_history"])
def test_the_pages_of_a_product(as_user: AsUser, everything: Product, name: str) -> None:
    client = as_user("catalog.view_product", "catalog.change_product", "catalog.change_price")

    answer = client.get(page(name, everything.pk))

    assert answer.status_code == 200
    assert "Croissant" in answer.content.decode()


@pytest.mark.parametrize("part", ["panel-prices", "panel-packs", "panel-facts"])
def test_the_regions_of_a_product_refresh_alone(as_user: AsUser, everything: Product, part: str) -> None:
    client = as_user("catalog.view_product")
    address = page("product_detail", everything.pk)

    piece = client.get(address, headers=into(part)).content.decode().strip()

    assert f'id="{part}"' in piece
    assert piece in client.get(address).content.decode()


def form_of(product: Product, **changes: Any) -> dict[str, Any]:
    data = {
        "sku": product.sku, "name": product.name, "kind": product.kind, "category": product.category_id or "",
        "unit": product.unit_id, "barcode": product.barcode, "icon": "", "sell_policy": product.sell_policy,
        "shelf_life_days": "", "tax_rate": "0", "is_sellable": "on", "lot_tracked": "on", "description": "",
        "allergens": product.allergens, "tags": ", ".join(product.tags), "revision": product.revision,
    }  # fmt: skip
    return data | changes


def test_a_product_is_created_with_its_price(as_user: AsUser) -> None:
    counter = make_price_list()
    client = as_user("catalog.add_product", "catalog.view_product")
    data = {
        "sku": "BAG-1", "name": "Baguette", "kind": "simple", "unit": make_unit().pk, "sell_policy": "stock_only",
        "is_sellable": "on", "lot_tracked": "on", "allergens": ["gluten"], "tags": "new, long", "price": "12.50",
    }  # fmt: skip

    answer = client.post(page("product_create"), data)

    product = Product.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == product.get_absolute_url()
    assert (product.name, product.allergens, product.tags) == ("Baguette", ["gluten"], ["new", "long"])
    assert price_reads.current(counter, [product]) == {product.pk: Decimal("12.50")}
    assert product.history.get().history_user is not None


def test_a_taken_sku_is_said_beside_the_field(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.add_product")
    data = {"sku": "pa-12", "name": "Other", "kind": "simple", "unit": make_unit().pk, "sell_policy": "stock_only"}

    answer = client.post(page("product_create"), data, headers=into("dialog"))

    assert answer.status_code == 409
    assert "sku" in answer.context["form"].errors


def test_a_lost_update_is_a_conflict(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")
    stale = form_of(everything, name="Mine")
    products.set_name(everything, "Theirs")

    answer = client.post(page("product_edit", everything.pk), stale)

    everything.refresh_from_db()
    assert answer.status_code == 409
    assert everything.name == "Theirs"
    assert "Theirs" in answer.content.decode()
    assert "Mine" in answer.content.decode()


def test_a_lost_rename_is_a_conflict_in_its_cell(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")
    products.set_name(everything, "Theirs")
    cell = f"inline-name-{everything.pk}"

    answer = client.post(page("product_name", everything.pk), {"name": "Mine", "revision": 1}, headers=into(cell))

    everything.refresh_from_db()
    assert answer.status_code == 409
    assert everything.name == "Theirs"
    said = answer.content.decode()
    assert "<html" not in said
    assert "Theirs" in said
    assert 'value="Mine"' in said
    again = client.post(page("product_name", everything.pk), {"name": "Mine", "revision": 2}, headers=into(cell))
    assert (again.status_code, Product.objects.get().name) == (200, "Mine")


def test_an_edit_saves_what_changed(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")

    answer = client.post(page("product_edit", everything.pk), form_of(everything, name="Big croissant", tags=""))

    everything.refresh_from_db()
    assert answer.status_code == 302
    assert (everything.name, everything.tags, everything.allergens) == ("Big croissant", [], ["gluten"])


def test_the_name_is_edited_where_it_stands(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")
    cell = f"inline-name-{everything.pk}"

    form = client.get(page("product_name", everything.pk), headers=into(cell))
    saved = client.post(page("product_name", everything.pk), {"name": "Crescent", "revision": 1}, headers=into(cell))

    everything.refresh_from_db()
    assert cell in form.content.decode()
    assert "Crescent" in saved.content.decode()
    assert everything.name == "Crescent"


def test_a_price_is_edited_where_it_stands_and_a_stale_one_refused(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_price", "catalog.view_product")
    cell = f"inline-price-{everything.pk}"

    saved = client.post(page("product_price", everything.pk), {"price": "9.90", "shown": "9.50"}, headers=into(cell))
    stale = client.post(page("product_price", everything.pk), {"price": "8", "shown": "9.50"}, headers=into(cell))

    assert saved.status_code == 200
    assert "9.90" in saved.content.decode()
    assert stale.status_code == 409
    assert "9.9" in stale.content.decode()
    assert price_reads.current(make_price_list(), [everything]) == {everything.pk: Decimal("9.90")}


def test_a_price_is_typed_as_the_person_writes_numbers(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_price", "catalog.view_product", language="pt-br")
    cell = f"inline-price-{everything.pk}"

    form = client.get(page("product_price", everything.pk), headers=into(cell)).content.decode()
    assert 'value="9,50"' in form
    shown = next(
        field.value() for field in client.get(page("product_price", everything.pk)).context["form"].hidden_fields()
    )
    saved = client.post(page("product_price", everything.pk), {"price": "9,90", "shown": shown}, headers=into(cell))

    assert "9,90" in saved.content.decode()
    assert price_reads.current(make_price_list(), [everything]) == {everything.pk: Decimal("9.90")}


def test_a_price_list_has_a_page_to_edit_prices(as_user: AsUser, everything: Product) -> None:
    wholesale = make_price_list("wholesale")
    client = as_user("catalog.view_price", "catalog.change_price")
    address = page("list_price", wholesale.pk, everything.pk)

    answer = client.post(address, {"price": "7", "shown": ""}, headers=into(f"inline-price-{everything.pk}"))

    assert answer.status_code == 200
    assert f"<a href={address}>7.00</a>" in answer.content.decode()
    assert price_reads.current(wholesale, [everything]) == {everything.pk: Decimal(7)}
    assert "Croissant" in client.get(wholesale.get_absolute_url()).content.decode()


def test_a_price_is_scheduled_and_cancelled(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_price", "catalog.view_product")
    data = {"price_list": make_price_list().pk, "amount": "11", "valid_from": "2099-01-01", "reason": "new year"}

    answer = client.post(page("price_set", everything.pk), data)

    scheduled = Price.objects.get(amount=11)
    assert answer.status_code == 302
    assert scheduled.history.latest().history_change_reason == "new year"
    assert "2099" in client.get(page("product_prices", everything.pk)).content.decode()
    assert client.post(page("price_cancel", scheduled.pk)).status_code == 302
    assert not Price.objects.filter(amount=11).exists()


def test_a_price_does_not_begin_in_the_past(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_price")
    data = {"price_list": make_price_list().pk, "amount": "11", "valid_from": "2020-01-01"}

    assert client.post(page("price_set", everything.pk), data).status_code == 422


def test_packs_are_added_changed_and_removed(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")

    client.post(page("pack_create", everything.pk), {"name": "tray", "quantity": "24"})
    tray = ProductUnit.objects.get(name="tray")
    client.post(page("pack_edit", tray.pk), {"name": "tray", "quantity": "20", "is_approximate": "on"})
    tray.refresh_from_db()
    assert (tray.numerator, tray.is_approximate) == (20, True)
    client.post(page("pack_delete", tray.pk))

    assert list(everything.packs.values_list("name", flat=True)) == ["box"]


def test_many_products_are_moved_and_retired(as_user: AsUser, everything: Product) -> None:
    other = make_product()
    drinks = categories.create(name="Drinks")
    client = as_user("catalog.change_product", "catalog.view_product")
    data = {"action": "category", "ids": [everything.pk, other.pk]}

    ask = client.post(page("product_list"), data)
    client.post(page("product_list"), data | {"confirm": "1", "category": drinks.pk})
    early = client.post(page("product_list"), data | {"confirm": "1"})
    assert (early.status_code, Product.objects.filter(category=drinks).count()) == (422, 2), "nothing was chosen"
    client.post(page("product_list"), data | {"confirm": "1", "none": "on", "ids": [other.pk]})
    assert list(Product.objects.filter(category=None)) == [other]
    client.post(page("product_list"), data | {"confirm": "1", "category": drinks.pk})
    client.post(page("product_list"), {"action": "retire", "scope": "all", "confirm": "1"})

    assert ask.status_code == 200
    assert set(Product.objects.values_list("category", "is_active")) == {(drinks.pk, False)}


def test_retire_and_restore_ask_first(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")

    assert client.get(page("product_retire", everything.pk)).status_code == 200
    everything.refresh_from_db()
    assert everything.is_active
    client.post(page("product_retire", everything.pk))
    everything.refresh_from_db()
    assert not everything.is_active
    client.post(page("product_restore", everything.pk))
    everything.refresh_from_db()
    assert everything.is_active


def test_categories_are_made_moved_and_removed(as_user: AsUser) -> None:
    client = as_user(*(f"catalog.{verb}_category" for verb in ("view", "add", "change", "delete")))
    bakery = categories.create(name="Bakery")

    assert client.get(page("category_create"), {"inside": bakery.pk}).status_code == 200
    client.post(page("category_create"), {"name": "Bread", "parent": bakery.pk, "hue": "bread", "icon": "wheat"})
    bread = Category.objects.get(name="Bread")
    circle = {"name": "Bakery", "parent": bread.pk, "hue": "bread", "revision": 1, "position": 0}
    refused = client.post(page("category_edit", bakery.pk), circle)
    kept = client.post(page("category_delete", bakery.pk))
    client.post(page("category_delete", bread.pk))

    assert bread.parent == bakery
    assert 'data-c="acts"' in client.get(page("category_list")).content.decode(), "what can be done is there on a phone"
    assert refused.status_code == 409
    assert "Bakery → Bread → Bakery" in refused.content.decode()
    assert kept.status_code == 409
    assert list(Category.objects.all()) == [bakery]


def test_price_lists_are_made_and_the_default_moves(as_user: AsUser) -> None:
    client = as_user("catalog.view_pricelist", "catalog.add_pricelist", "catalog.change_pricelist")
    client.post(page("price_list_create"), {"name": "Counter", "is_active": "on", "is_default": "on"})
    client.post(page("price_list_create"), {"name": "Web shop", "is_active": "on", "is_default": "on"})

    assert list(PriceList.objects.order_by("pk").values_list("code", "is_default")) == [
        ("counter", False), ("web-shop", True),
    ]  # fmt: skip


def test_a_price_list_that_had_prices_is_closed_not_deleted(as_user: AsUser, everything: Product) -> None:
    client = as_user("catalog.view_pricelist", "catalog.delete_pricelist")
    counter, empty = make_price_list(), make_price_list("empty")

    kept = client.post(page("price_list_delete", counter.pk))
    gone = client.post(page("price_list_delete", empty.pk))

    assert (kept.status_code, gone.status_code) == (409, 302)
    assert list(PriceList.objects.all()) == [counter]
    assert client.get(page("price_list_history", counter.pk)).status_code == 200
