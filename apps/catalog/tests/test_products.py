from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.catalog.errors import InvalidProduct, NoPack
from apps.catalog.models import Product, ProductUnit, Unit
from apps.catalog.services import packs, products, units
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import StaleRevision

from .factories import make_product, make_unit

pytestmark = pytest.mark.django_db


def test_standard_units_are_exact() -> None:
    ratios = {unit.code: unit.ratio for unit in Unit.objects.all()}

    assert set(ratios) == {"g", "kg", "mg", "t", "ml", "l", "un", "dz", "m", "cm", "min", "h"}
    assert ratios["kg"] / ratios["mg"] == 1_000_000
    assert ratios["dz"] == 12 * ratios["un"]


def test_create_cleans_codes_allergens_and_search_text() -> None:
    product = make_product(
        "Pão  de Açúcar",
        sku=" PA-1 ",
        barcode="789 8912340 122",
        allergens=["milk", "Gluten", "leite"],
        tags=[" new ", "new"],
    )

    assert (product.sku, product.name, product.barcode) == ("PA-1", "Pão de Açúcar", "7898912340122")
    assert product.allergens == ["gluten", "milk"]
    assert product.tags == ["new"]
    assert product.search_text == "pa-1 pao de acucar 7898912340122"
    assert list(Product.objects.search("ACUCAR pa-1")) == [product]
    assert not Product.objects.search("acucar pa-2").exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"sku": "PÃO"}, "sku"),
        ({"sku": ""}, "sku"),
        ({"name": " "}, "name"),
        ({"barcode": "7898912340121"}, "barcode"),
        ({"allergens": ["chalk"]}, "allergens"),
        ({"tax_rate": Decimal(100)}, "tax_rate"),
        ({"kind": "spaceship"}, "kind"),
    ],
)
def test_create_refuses_with_the_field(fields: dict[str, object], field: str | None) -> None:
    with pytest.raises(InvalidProduct) as refused:
        make_product(**{"name": "Bread", **fields})  # type: ignore[arg-type]

    assert refused.value.field == field
    assert refused.value.message


def test_a_code_of_the_house_needs_no_check_digit() -> None:
    assert make_product(barcode="TRAY-7").barcode == "TRAY-7"
    assert make_product(barcode="12345").barcode == "12345"


def test_sku_is_unique_whatever_the_case_by_service_and_by_database() -> None:
    make_product(sku="ab-1")

    with pytest.raises(InvalidProduct):
        make_product(sku="AB-1")
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.create(sku="Ab-1", name="x", unit=make_unit())


def test_a_barcode_belongs_to_one_product_or_pack() -> None:
    flour = make_product(unit="kg", barcode="A1")
    packs.add(flour, name="sack 25 kg", quantity=Decimal(25), barcode="B1")

    for barcode in ("A1", "B1"):
        with pytest.raises(InvalidProduct):
            make_product(barcode=barcode)
    with pytest.raises(InvalidProduct):
        packs.add(flour, name="sack 5 kg", quantity=Decimal(5), barcode="A1")


def test_update_keeps_history_with_who_and_why() -> None:
    product = make_product("Bread")

    with acting(reason="new sign"):
        products.set_name(product, "Country bread", revision=1)

    product.refresh_from_db()
    assert (product.name, product.revision, "country" in product.search_text) == ("Country bread", 2, True)
    assert [row.name for row in product.history.order_by("history_id")] == ["Bread", "Country bread"]
    assert product.history.latest().history_change_reason == "new sign"


def test_a_stale_update_changes_nothing() -> None:
    product = make_product("Bread")
    products.set_name(product, "Loaf", revision=1)

    with pytest.raises(StaleRevision):
        products.set_name(product, "Bun", revision=1)

    product.refresh_from_db()
    assert product.name == "Loaf"


def test_retire_and_restore() -> None:
    product = products.retire(make_product())
    assert not Product.objects.sellable().exists()

    products.restore(product)
    assert Product.objects.sellable().exists()


def test_what_changes_nothing_writes_nothing() -> None:
    product = products.retire(make_product("Bread"))

    products.update(product, is_active=False, name=" Bread ", category=None)

    product.refresh_from_db()
    assert (product.revision, product.history.count()) == (2, 2)


def test_the_unit_of_a_product_in_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    product = products.update(make_product("Bread"), unit=make_unit("kg"))
    monkeypatch.setattr(products, "used_among", lambda ids: set(ids))

    with pytest.raises(InvalidProduct) as refused:
        products.update(product, unit=make_unit("g"))

    assert refused.value.field == "unit"
    product.refresh_from_db()
    assert product.unit == make_unit("kg")


def test_packs_and_units_convert_exactly() -> None:
    flour = make_product(unit="kg")
    sack = packs.add(flour, name="sack 25 kg", quantity=Decimal("25"))
    third = ProductUnit.objects.create(product=flour, name="third", numerator=1, denominator=3)

    assert units.to_stock_unit(flour, Decimal(3), sack) == Decimal(75)
    assert units.to_stock_unit(flour, Decimal(500), make_unit("g")) == Decimal("0.5")
    assert units.to_stock_unit(flour, Decimal("2.5")) == Decimal("2.5")
    assert units.to_stock_unit(flour, Decimal(2), third) == Decimal("0.666667")


def test_another_dimension_needs_a_pack_named_after_a_unit_of_it() -> None:
    syrup = make_product("Syrup", unit="kg")

    with pytest.raises(NoPack, match="Syrup is kept in kg"):
        units.to_stock_unit(syrup, Decimal(500), make_unit("ml"))

    packs.add(syrup, name="l", quantity=Decimal("1.32"), is_approximate=True)
    assert units.to_stock_unit(syrup, Decimal(500), make_unit("ml")) == Decimal("0.66")


def test_the_pack_of_another_product_is_no_pack() -> None:
    sack = packs.add(make_product(unit="kg"), name="sack", quantity=Decimal(25))

    with pytest.raises(NoPack):
        units.to_stock_unit(make_product(unit="kg"), Decimal(1), sack)


def test_a_pack_holds_something() -> None:
    with pytest.raises(InvalidProduct):
        packs.add(make_product(), name="box", quantity=Decimal(0))
