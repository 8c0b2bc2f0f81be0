from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.errors import BundleCycle, InvalidProduct
from apps.catalog.models import BundleItem, Product
from apps.catalog.selectors import bundles as reads
from apps.catalog.services import bundles, products

from .factories import make_product

pytestmark = pytest.mark.django_db
D = Decimal


def make_bundle(name: str, *parts: tuple[Product, int | str], **fields: Any) -> Product:
    bundle = make_product(name, kind="bundle", **fields)
    for component, quantity in parts:
        bundles.put(bundle, component, quantity=D(quantity))
    return bundle


def test_leaves_are_counted_through_all_levels(django_assert_num_queries: Any) -> None:
    jam, tea = make_product("Jam"), make_product("Tea", unit="kg")
    small = make_bundle("Small", (jam, 2), (tea, "0.5"))
    large = make_bundle("Large", (small, 3), (jam, 1))

    with django_assert_num_queries(2):
        assert reads.leaves([large.pk]) == {large.pk: {jam.pk: 7, tea.pk: D("1.5")}}
    with django_assert_num_queries(1):
        assert reads.leaves([small.pk, large.pk, jam.pk]) == {
            small.pk: {jam.pk: 2, tea.pk: D("0.5")},
            large.pk: {jam.pk: 7, tea.pk: D("1.5")},
        }
    with django_assert_num_queries(1):
        assert reads.leaves([jam.pk]) == {}


def test_a_circle_is_refused_with_its_path() -> None:
    inner = make_bundle("Inner")
    middle = make_bundle("Middle", (inner, 1))
    outer = make_bundle("Outer", (middle, 1))

    with pytest.raises(BundleCycle, match="Inner → Outer → Middle → Inner"):
        bundles.put(inner, outer, quantity=D(1))
    with pytest.raises((BundleCycle, InvalidProduct)):
        bundles.put(inner, inner, quantity=D(1))

    assert BundleItem.objects.count() == 2


def test_bundles_lie_five_levels_deep_at_most_from_whichever_end_they_grow() -> None:
    good = make_product()
    chain = [make_bundle(f"Level {number}") for number in range(6)]
    bundles.put(chain[4], good, quantity=D(1))
    for upper, lower in pairwise(chain[:5]):
        bundles.put(upper, lower, quantity=D(1))
    assert reads.leaves([chain[0].pk]) == {chain[0].pk: {good.pk: 1}}

    with pytest.raises(InvalidProduct):
        bundles.put(chain[5], chain[0], quantity=D(1))
    bundles.put(chain[5], good, quantity=D(1))
    with pytest.raises(InvalidProduct):
        bundles.put(chain[4], chain[5], quantity=D(1))


def test_many_replaced_at_once_follow_the_same_rules() -> None:
    good = make_product()
    chain = [make_bundle(f"Level {number}") for number in range(4)]
    for upper, lower in pairwise(chain):
        bundles.put(upper, lower, quantity=D(1))
    top, low, free = make_bundle("Top"), make_bundle("Low", (good, 1)), make_bundle("Free")

    # Through those that nobody named: a circle below, and too many levels above and beneath.
    kept = bundles.replace({chain[3].pk: {chain[0].pk: D(1)}})
    assert list(kept) == [chain[3].pk]
    assert "Level 3 → Level 0 → Level 1 → Level 2 → Level 3" in kept[chain[3].pk]
    kept = bundles.replace({chain[3].pk: {low.pk: D(1)}, top.pk: {chain[0].pk: D(1)}, free.pk: {good.pk: D(2)}})
    assert list(kept) == [top.pk]
    assert reads.leaves([chain[0].pk, free.pk]) == {chain[0].pk: {good.pk: 1}, free.pk: {good.pk: 2}}
    # What one of them holds from now on counts for the next.
    assert list(bundles.replace({free.pk: {top.pk: D(1)}, top.pk: {free.pk: D(1)}})) == [top.pk]


def test_replacing_asks_as_much_among_many_bundles(django_assert_max_num_queries: Any) -> None:
    good = make_product()
    wanted = make_bundle("Wanted", (good, 1))
    for number in range(12):
        make_bundle(f"Another {number}", (good, 1))

    with django_assert_max_num_queries(8) as seen:
        assert bundles.replace({wanted.pk: {good.pk: D(2)}}) == {}

    read = [
        query["sql"] for query in seen.captured_queries if "SELECT" in query["sql"] and "bundleitem" in query["sql"]
    ]
    assert read
    assert all("WHERE" in sql for sql in read)


def test_what_can_be_part_of_what() -> None:
    good, cake = make_product("Good"), make_product("Cake", kind="configurable")
    bundle = make_bundle("Bundle", (good, 1))

    for attempt in (
        lambda: bundles.put(good, bundle, quantity=D(1)),
        lambda: bundles.put(bundle, cake, quantity=D(1)),
        lambda: bundles.put(bundle, good, quantity=D(0)),
        lambda: products.update(bundle, kind="simple"),
        lambda: products.update(good, kind="configurable"),
    ):
        with pytest.raises(InvalidProduct):
            attempt()
    item = bundles.put(bundle, good, quantity=D(4))
    assert (item.quantity, bundle.parts.count()) == (4, 1)
    bundles.take_out(item)
    assert products.update(bundle, kind="simple").kind == "simple"


def test_a_bundle_has_no_stock_of_its_own() -> None:
    bundle = make_bundle("Bundle")

    assert (bundle.is_stocked, bundle.is_sellable, bundle.is_purchasable) == (False, True, False)


def test_what_is_there_but_cannot_be_a_part_is_called_by_its_name(as_user: Any) -> None:
    make_product("Cake", sku="CAKE", kind="configurable")
    make_product("Cake, small", sku="CAKE-S")
    make_product("Cake, large", sku="CAKE-L")
    products.retire(make_product("Old jam", sku="OLD"))
    add = reverse("catalog:part_add", args=[make_product("Basket", kind="bundle").pk])
    client = as_user("catalog.view_product", "catalog.change_product")

    for code, sentence in (
        ("cake", "Cake is sold by variant: choose one of them."),
        ("OLD · Old jam", "Old jam is retired."),
        ("NEW", "Nothing here has the code or name"),
    ):
        answer = client.post(add, {"component": code, "quantity": "1"})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()


def test_parts_are_kept_on_the_bundles_page(as_user: Any) -> None:
    good, bundle = make_product("Jam", sku="JAM"), make_product("Basket", kind="bundle")
    client = as_user("catalog.view_product", "catalog.change_product")
    page = reverse("catalog:product_parts", args=[bundle.pk])
    add = reverse("catalog:part_add", args=[bundle.pk])

    assert client.post(add, {"component": "JAM", "quantity": "2"}).status_code == 302
    assert "Jam" in client.get(page).content.decode()
    assert page in client.get(bundle.get_absolute_url()).content.decode()
    assert reverse("catalog:product_parts", args=[good.pk]) not in client.get(good.get_absolute_url()).content.decode()
    refused = client.post(add, {"component": bundle.sku, "quantity": "1"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (409, ["component"])
    item = bundle.parts.get()
    client.post(reverse("catalog:part_change", args=[item.pk]), {"quantity": "3"})
    item.refresh_from_db()
    assert item.quantity == 3
    client.post(reverse("catalog:part_remove", args=[item.pk]))
    assert not bundle.parts.exists()
    assert as_user("catalog.view_product", username="reader").post(add).status_code == 403
