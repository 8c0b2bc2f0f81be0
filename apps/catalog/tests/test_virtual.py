"""Products that are no thing: a decoration course, a voucher, gift wrapping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product
from apps.catalog.services import bundles, completeness, products
from apps.catalog.services.prices import set_price

from .factories import make_price_list, make_product

pytestmark = pytest.mark.django_db


def course(**fields: Any) -> Product:
    return make_product("Cake course", kind=Product.Kind.VIRTUAL, **fields)


def test_it_has_no_stock_and_is_no_goods() -> None:
    product = course(sell_policy="stock_only", is_purchasable=True)

    assert (product.sell_policy, product.is_purchasable, product.lot_tracked) == ("on_demand", False, False)
    assert not product.is_stocked
    assert not product.is_single
    assert product not in Product.objects.single()
    assert product in Product.objects.sellable()
    with pytest.raises(IntegrityError, match="product_that_is_no_goods_has_no_stock"), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(sell_policy="stock_only")


def test_it_stays_what_it_is_once_it_was_sold(monkeypatch: pytest.MonkeyPatch) -> None:
    product, bread = course(), make_product("Bread")
    products.update(product, kind="simple", sell_policy="stock_only")
    products.update(product, kind="virtual")
    product.refresh_from_db()
    assert product.sell_policy == "on_demand"

    monkeypatch.setattr(products, "is_used", lambda product: True)
    for one, kind in ((product, "simple"), (bread, "virtual")):
        with pytest.raises(InvalidProduct, match="stays"):
            products.update(one, kind=kind)


def test_no_barcode_is_missed_and_it_may_be_part_of_a_bundle() -> None:
    product, bread = course(), make_product("Bread")
    for one in (product, bread):
        set_price(one, make_price_list(), amount=Decimal(5))
        one.refresh_from_db()
    assert (product.completeness, bread.completeness) == (50, 33)
    assert completeness.Lack.BARCODE not in completeness.Lack(product.missing)

    basket = make_product("Course with apron", kind=Product.Kind.BUNDLE)
    item = bundles.put(basket, product, quantity=Decimal(1))
    assert item.component == product


def test_words_are_still_found_after_its_migration() -> None:
    """SQLite made the table anew: its triggers must be there."""
    product = make_product("Weihnachtsstollen")
    product.name = "Panettone"
    product.save()

    assert list(Product.objects.search("panett")) == [product]
    assert not Product.objects.search("weihnacht")
    product.delete()
    assert not Product.objects.search("panett")


def test_it_is_made_by_its_form(as_user: Any) -> None:
    client = as_user("catalog.view_product", "catalog.add_product")
    page = client.get(reverse("catalog:product_create"))
    assert "service or voucher" in page.content.decode()
    unit = make_product().unit_id
    data = {"sku": "V-1", "name": "Voucher 50", "kind": "virtual", "unit": unit, "sell_policy": "stock_only",
            "is_sellable": "on", "lot_tracked": "on"}  # fmt: skip

    assert client.post(reverse("catalog:product_create"), data).status_code == 302
    assert Product.objects.get(sku="V-1").sell_policy == "on_demand"
