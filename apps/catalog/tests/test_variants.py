from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Category, Product
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import variants as variant_reads
from apps.catalog.selectors.schemas import Schemas
from apps.catalog.services import attributes, categories, products, schema, variants
from apps.catalog.services.variants import Cell
from backoffice.kernel.errors import StaleRevision

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db
KEEP = ("catalog.view_product", "catalog.add_product", "catalog.change_product", "catalog.change_price")


@pytest.fixture
def cakes() -> Category:
    category = categories.create(name="Cakes")
    for name, options in (("Size", ["Small", "Large"]), ("Filling", ["Dulce de leche", "Dark"])):
        row = attributes.create(name=name, type="select", options=options)
        schema.add(category, row, is_variant_axis=True)
    return category


@pytest.fixture
def cake(cakes: Category) -> Product:
    product = make_product(
        "Cake", sku="CAKE", category=cakes, kind="configurable", allergens=["egg"], shelf_life_days=3
    )
    return variants.set_axes(product, ["size", "filling"])


def every(product: Product) -> list[variants.Combination]:
    axes = variant_reads.axes_of(product, Schemas())
    return variants.missing(product, axes, product.variants.values_list("variant_key", flat=True))


def test_what_has_variants_is_never_stocked_or_traded_itself(cake: Product) -> None:
    assert (cake.is_stocked, cake.is_sellable, cake.is_purchasable) == (False, False, False)
    again = products.update(cake, is_sellable=True, sell_policy="stock_only")
    assert (again.is_stocked, again.is_sellable) == (False, False)
    assert cake not in Product.objects.sellable()
    assert cake not in Product.objects.stocked()
    assert cake not in Product.objects.single()
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=cake.pk).update(is_sellable=True)


def test_missing_combinations_are_made_after_a_pattern(cake: Product) -> None:
    made = variants.make(cake, every(cake)[:3], pattern="{sku}-{size:1}-{filling:4}")

    assert [variant.sku for variant in made] == ["CAKE-S-DULC", "CAKE-S-DARK", "CAKE-L-DULC"]
    assert made[0].name == "Cake, Small, Dulce de leche"
    assert (made[0].allergens, made[0].shelf_life_days, made[0].is_stocked) == (["egg"], 3, True)
    assert made[0].attributes == {"size": "small", "filling": "dulce-de-leche"}
    assert every(cake) == [("large", "dark")]
    assert variants.make(cake, [("small", "dark")], pattern="other") == []
    assert list(Product.objects.search("cake dulce large")) == [made[2]]


@pytest.mark.parametrize(
    "pattern", ["{sku}", "{sku}-{size:1}", "{sku}-{colour}", "TAKEN-{size}-{filling}", "ção-{size}-{filling}"]
)
def test_a_pattern_that_does_not_do_is_refused_and_nothing_is_made(cake: Product, pattern: str) -> None:
    make_product(sku="taken-small-dark")

    with pytest.raises(InvalidProduct):
        variants.make(cake, every(cake), pattern=pattern)

    assert not cake.variants.exists()


def test_one_combination_has_one_variant_whatever_happens(cake: Product) -> None:
    [first] = variants.make(cake, [("small", "dark")])

    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.create(
            sku="X", name="X", unit=first.unit, category=cake.category, variant_of=cake, variant_key=first.variant_key
        )
    with pytest.raises(InvalidProduct):
        variants.make(cake, [("small", "pistachio")])


def test_axes_are_offered_by_the_category_and_stay_once_there_are_variants(cake: Product) -> None:
    for codes in ([], ["colour"]):
        with pytest.raises(InvalidProduct):
            variants.set_axes(cake, codes)
    variants.make(cake, every(cake)[:1])

    with pytest.raises(InvalidProduct):
        variants.set_axes(cake, ["size"])
    with pytest.raises(InvalidProduct):
        products.update(cake, kind="simple")
    with pytest.raises(StaleRevision):
        variants.set_axes(cake, ["size"], revision=99)


def test_what_a_variant_is_stays_once_it_was_used(cake: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    small, _large = variants.make(cake, [("small", "dark"), ("large", "dark")])

    small = variants.recombine(small, ("small", "dulce-de-leche"))
    assert (small.name, small.attributes["filling"]) == ("Cake, Small, Dulce de leche", "dulce-de-leche")
    with pytest.raises(InvalidProduct, match="already"):
        variants.recombine(small, ("large", "dark"))
    monkeypatch.setattr(products, "used_among", set)
    with pytest.raises(InvalidProduct, match="moved, used or sold"):
        variants.recombine(small, ("small", "dark"))
    with pytest.raises(InvalidProduct):
        products.update(small, attributes={"size": "large"})


def test_variants_lie_where_their_product_lies(cake: Product, cakes: Category) -> None:
    [variant] = variants.make(cake, every(cake)[:1])
    below = categories.create(name="Party cakes", parent=cakes)

    with pytest.raises(InvalidProduct):
        products.update(variant, category=None)
    products.update(cake, category=below)

    variant.refresh_from_db()
    assert variant.category == below
    assert variant.history.count() == 2


def test_a_variant_is_as_complete_as_its_product_makes_it(cake: Product, cakes: Category) -> None:
    [variant] = variants.make(cake, every(cake)[:1])
    schema.add(cakes, attributes.create(name="Origin", type="text"), required=True)
    variant.refresh_from_db()
    assert variant.missing & 8

    products.update(cake, attributes={"origin": "Serra"})

    variant.refresh_from_db()
    assert not variant.missing & 8


def test_cells_are_written_where_they_can_be(cake: Product) -> None:
    counter = make_price_list()
    one, two, three = variants.make(cake, every(cake)[:3], price=Decimal(50), price_list=counter)
    stranger = make_product("Loaf")

    result = variants.write(
        cake,
        [
            Cell(one.pk, one.revision, barcode="7898912340122", is_active=True, price=Decimal(55), shown=Decimal(50)),
            Cell(two.pk, two.revision, barcode="7898912340121"),
            Cell(three.pk, three.revision, price=Decimal(60), shown=Decimal(49)),
            Cell(stranger.pk, 1, barcode="X"),
        ],
        price_list=counter,
    )

    assert result.changed == 1
    assert {pk: fieldname for pk, (fieldname, _said) in result.refused.items()} == {
        two.pk: "barcode",
        three.pk: "amount",
    }
    assert price_reads.current(counter, [one, two, three]) == {one.pk: 55, two.pk: 50, three.pk: 50}
    stranger.refresh_from_db()
    assert stranger.barcode == ""


def test_the_grid_is_made_and_changed_on_its_page(as_user: Any, cake: Product) -> None:
    make_price_list()
    client = as_user(*KEEP)
    page = reverse("catalog:product_variants", args=[cake.pk])
    data = {
        "combinations": ["small|dark", "large|dulce-de-leche"],
        "pattern": "{sku}-{size:1}-{filling:2}",
        "price": "50",
        "sell_policy": "stock_only",
    }
    assert client.post(reverse("catalog:variants_make", args=[cake.pk]), data).status_code == 302
    shown = client.get(page)
    assert shown.content.decode().count("Not made") == 2
    variant = cake.variants.get(variant_key="size=small;filling=dark")

    cell = {f"rev-{variant.pk}": variant.revision, f"price-{variant.pk}": "52.50", f"shown-{variant.pk}": "50.0000",
            f"barcode-{variant.pk}": "7898912340122", f"active-{variant.pk}": "on"}  # fmt: skip
    save = reverse("catalog:variants_save", args=[cake.pk])
    answer = client.post(save, cell | {"make": "size=large;filling=dark"})

    assert answer.status_code == 302
    variant.refresh_from_db()
    assert variant.barcode == "7898912340122"
    assert price_reads.current(price_reads.default_list(), [variant])[variant.pk] == Decimal("52.5")
    assert cake.variants.count() == 3

    stale = client.post(save, cell | {f"barcode-{variant.pk}": "7898912340139", f"shown-{variant.pk}": "52.5"})
    assert stale.status_code == 409
    assert "7898912340139" in stale.content.decode()
    wrong = client.post(save, cell | {f"price-{variant.pk}": "many"})
    assert wrong.status_code == 409


def test_who_may_not_change_prices_sees_them_only(as_user: Any, cake: Product) -> None:
    counter = make_price_list()
    [variant] = variants.make(cake, every(cake)[:1], price=Decimal(50), price_list=counter)
    client = as_user("catalog.view_product", "catalog.change_product")

    client.post(
        reverse("catalog:variants_save", args=[cake.pk]),
        {f"rev-{variant.pk}": 1, f"price-{variant.pk}": "1", f"shown-{variant.pk}": "50", f"active-{variant.pk}": "on"},
    )

    assert price_reads.current(counter, [variant])[variant.pk] == 50
    assert f"price-{variant.pk}" not in client.get(reverse("catalog:product_variants", args=[cake.pk])).content.decode()
    assert (
        as_user("catalog.view_product", username="reader")
        .post(reverse("catalog:variants_save", args=[cake.pk]))
        .status_code
        == 403
    )


def cells(variant: Product, **typed: Any) -> dict[str, Any]:
    """What the grid sends of one variant: what it showed, and what was typed."""
    shown = {"rev": variant.revision, "was": f"{'on' if variant.is_active else ''};{variant.barcode}",
             "barcode": variant.barcode, "active": "on" if variant.is_active else ""}  # fmt: skip
    return {f"{name}-{variant.pk}": value for name, value in {**shown, **typed}.items()}


def test_what_nobody_touched_is_not_written_over_what_another_one_saved(as_user: Any, cake: Product) -> None:
    one, two = variants.make(cake, every(cake)[:2])
    client, save = as_user(*KEEP), reverse("catalog:variants_save", args=[cake.pk])
    assert f'name="was-{one.pk}" value="on;"' in client.get(variants_page(cake)).content.decode()
    products.retire(one)

    assert client.post(save, cells(one) | cells(two, barcode="NEW")).status_code == 302

    one.refresh_from_db()
    two.refresh_from_db()
    assert (one.is_active, two.barcode) == (False, "NEW")


def test_who_comes_second_sees_theirs_and_keeps_what_was_typed(as_user: Any, cake: Product) -> None:
    [one] = variants.make(cake, every(cake)[:1])
    client, save = as_user(*KEEP), reverse("catalog:variants_save", args=[cake.pk])
    products.update(one, barcode="THEIRS")

    answer = client.post(save, cells(one, barcode="MINE", active=""))

    shown = answer.content.decode()
    assert answer.status_code == 409
    assert "now it is: THEIRS, Active" in shown
    assert 'value="MINE"' in shown
    [switch] = [part for part in shown.split("<input ") if f'name="active-{one.pk}"' in part]
    assert " checked" not in switch
    one.refresh_from_db()
    assert client.post(save, cells(one, barcode="MINE", active="")).status_code == 302
    one.refresh_from_db()
    assert (one.barcode, one.is_active) == ("MINE", False)


def test_a_variant_is_made_in_the_grid_by_those_who_may_add_products(as_user: Any, cake: Product) -> None:
    variants.make(cake, [("small", "dark"), ("large", "dulce-de-leche")])
    save = reverse("catalog:variants_save", args=[cake.pk])
    clerk = as_user("catalog.view_product", "catalog.change_product")
    page = clerk.get(variants_page(cake)).content.decode()
    assert "Not made" in page
    assert "Create it" not in page
    clerk.post(save, {"make": "size=small;filling=dulce-de-leche"})
    assert cake.variants.count() == 2

    keeper = as_user(*KEEP, username="keeper")
    assert "Create it" in keeper.get(variants_page(cake)).content.decode()
    keeper.post(save, {"make": "size=small;filling=dulce-de-leche"})
    assert cake.variants.count() == 3


def test_a_combination_that_cannot_be_made_is_told_and_the_rest_is_written(as_user: Any, cake: Product) -> None:
    [one] = variants.make(cake, [("small", "dark")])
    client, save = as_user(*KEEP), reverse("catalog:variants_save", args=[cake.pk])

    answer = client.post(save, cells(one, barcode="NEW") | {"make": "size=huge;filling=dark"}, follow=True)

    assert "is no choice of Size" in answer.content.decode()
    one.refresh_from_db()
    assert (one.barcode, cake.variants.count()) == ("NEW", 1)


def test_a_pattern_that_was_not_typed_tells_the_choices_apart(cake: Product, cakes: Category) -> None:
    taste = attributes.create(name="Taste", type="select", options=["Strawberry", "Strong berry", "Fig"])
    schema.add(cakes, taste, is_variant_axis=True)
    jam = variants.set_axes(make_product("Jam", sku="JAM", category=cakes, kind="configurable"), ["taste"])
    assert variants.default_pattern(jam, every(jam)) == "{sku}-{taste}"
    assert variants.default_pattern(jam, [("fig",)]) == "{sku}-{taste:3}"

    variants.make(jam, [("strawberry",)])
    [second] = variants.make(jam, [("strong-berry",)])

    assert second.sku == "JAM-STRONGBERRY"


@pytest.mark.parametrize("pattern", ["Brão-{size}-{filling}", "{sku}-{size}-{filling}" + 40 * "x"])
def test_a_sku_that_cannot_be_is_told_beside_the_pattern(cake: Product, pattern: str) -> None:
    with pytest.raises(InvalidProduct, match="The pattern gives the SKU") as refused:
        variants.make(cake, every(cake), pattern=pattern)
    assert refused.value.field == "pattern"


def test_choices_by_the_hundred_offer_what_can_be_made_at_once(cakes: Category) -> None:
    codes = []
    for name in ("Lace", "Ring", "Seal"):
        row = attributes.create(
            name=name, type="select", options=[f"{name} {n}" for n in range(attributes.MOST_OPTIONS)]
        )
        schema.add(cakes, row, is_variant_axis=True)
        codes.append(row.code)
    many = variants.set_axes(make_product("Many", category=cakes, kind="configurable"), codes)

    assert len(every(many)) == variants.MOST_AT_ONCE


def variants_page(product: Product) -> str:
    return reverse("catalog:product_variants", args=[product.pk])


def test_the_page_asks_as_much_for_many_variants_as_for_one(
    as_user: Any, cake: Product, django_assert_max_num_queries: Any
) -> None:
    client = as_user(*KEEP)
    page = reverse("catalog:product_variants", args=[cake.pk])
    variants.make(cake, every(cake)[:1])
    client.get(page)
    with django_assert_max_num_queries(12) as one:
        client.get(page)
    variants.make(cake, every(cake))

    with django_assert_max_num_queries(len(one)):
        client.get(page)


def test_what_is_sold_by_variant_gets_no_price_of_its_own(as_user: Any, cakes: Category) -> None:
    make_price_list("counter", is_default=True)
    unit = make_product("Tart").unit
    client = as_user(*KEEP)
    form = {"sku": "PIE", "name": "Pie", "kind": "configurable", "unit": unit.pk, "category": cakes.pk,
            "sell_policy": "on_demand"}  # fmt: skip

    refused = client.post(reverse("catalog:product_create"), form | {"price": "12"})

    assert (refused.status_code, list(refused.context["form"].errors)) == (409, ["price"])
    assert "each variant has one" in refused.content.decode()
    assert client.post(reverse("catalog:product_create"), form).status_code == 302
    assert not Product.objects.get(sku="PIE").prices.exists()


def test_the_pattern_is_explained_with_what_it_can_name(as_user: Any, cakes: Category) -> None:
    taste = attributes.create(name="Sabor", type="select", options=["Fig"])
    schema.add(cakes, taste, is_variant_axis=True)
    jam = variants.set_axes(make_product("Jam", category=cakes, kind="configurable"), ["sabor"])

    page = as_user(*KEEP).get(reverse("catalog:variants_make", args=[jam.pk])).content.decode()

    assert "{sabor} is the whole choice, {sabor:3} its first" in page
    assert "{size}" not in page
