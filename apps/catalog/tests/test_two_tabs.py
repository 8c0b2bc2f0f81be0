"""Two people in one dialog about a part, a pack or an attribute of a category: nobody writes over what nobody saw."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.services import attributes, bundles, categories, packs, schema

from .factories import make_product, make_unit

pytestmark = pytest.mark.django_db
EDIT = ("catalog.view_product", "catalog.change_product")


def opened(client: Any, address: str) -> dict[str, Any]:
    """What the form would send as it was opened."""
    fields = {bound.html_name: bound.value() for bound in client.get(address).context["form"]}
    return {name: value for name, value in fields.items() if value not in (None, False)}


def resent(answer: Any) -> dict[str, Any]:
    """What the form that was refused would send."""
    fields = {bound.html_name: bound.value() for bound in answer.context["form"]}
    return {name: value for name, value in fields.items() if value not in (None, False)}


def test_a_pack_is_not_put_back_by_who_did_not_see_the_change(as_user: Any) -> None:
    syrup = make_product("Syrup", unit=make_unit("kg"))
    can = packs.add(syrup, name="can", quantity=Decimal(5))
    client, address = as_user(*EDIT), reverse("catalog:pack_edit", args=[can.pk])
    mine = opened(client, address)
    packs.change(can, name="can", quantity=Decimal("5.5"))

    refused = client.post(address, mine | {"barcode": "CAN"})

    can.refresh_from_db()
    assert refused.status_code == 409
    assert "now it is: can = 5.5" in refused.content.decode()
    assert (can.quantity, can.barcode) == (Decimal("5.5"), "")
    assert client.post(address, resent(refused)).status_code == 302
    can.refresh_from_db()
    assert (can.quantity, can.barcode) == (5, "CAN"), "saved again it is meant so"


def test_a_part_is_not_put_back_by_who_did_not_see_the_change(as_user: Any) -> None:
    basket, jam = make_product("Basket", kind="bundle"), make_product("Jam", unit=make_unit("un"))
    item = bundles.put(basket, jam, quantity=Decimal(1))
    client, address = as_user(*EDIT), reverse("catalog:part_change", args=[item.pk])
    mine = opened(client, address)
    bundles.put(basket, jam, quantity=Decimal(2))

    refused = client.post(address, mine | {"quantity": "3"})

    item.refresh_from_db()
    assert refused.status_code == 409
    assert "now it is: 2" in refused.content.decode()
    assert item.quantity == 2
    assert client.post(address, resent(refused)).status_code == 302
    item.refresh_from_db()
    assert item.quantity == 3


def test_a_part_that_is_there_is_not_added_over_its_quantity(as_user: Any) -> None:
    basket, jam = make_product("Basket", kind="bundle"), make_product("Jam", sku="JAM", unit=make_unit("un"))
    item = bundles.put(basket, jam, quantity=Decimal(1))

    refused = as_user(*EDIT).post(reverse("catalog:part_add", args=[basket.pk]), {"component": "JAM", "quantity": "3"})

    item.refresh_from_db()
    assert refused.status_code == 409
    assert "The bundle has this part already." in refused.content.decode()
    assert item.quantity == 1


def test_what_a_category_asks_for_is_not_put_back(as_user: Any) -> None:
    size = attributes.create(name="Size", type="select", options=["S", "L"])
    row = schema.add(categories.create(name="Cakes"), size)
    client = as_user("catalog.view_category", "catalog.change_category")
    address = reverse("catalog:schema_change", args=[row.pk])
    mine = opened(client, address)
    schema.change(row, required=True, is_variant_axis=False)

    refused = client.post(address, mine | {"is_variant_axis": "on"})

    row.refresh_from_db()
    assert refused.status_code == 409
    assert "now it is: required" in refused.content.decode()
    assert (row.required, row.is_variant_axis) == (True, False)
    assert client.post(address, resent(refused)).status_code == 302
    row.refresh_from_db()
    assert (row.required, row.is_variant_axis) == (False, True)


def test_what_another_one_removed_is_said_to_be_gone(as_user: Any) -> None:
    syrup = make_product("Syrup", unit=make_unit("kg"))
    can = packs.add(syrup, name="can", quantity=Decimal(5))
    address = reverse("catalog:pack_edit", args=[can.pk])
    packs.remove(can)
    client = as_user(*EDIT)

    answer = client.get(address, headers={"HX-Request": "true", "HX-Target": "dialog"})

    assert answer.status_code == 404
    assert answer["HX-Reswap"] == "none"
    assert "somebody removed it meanwhile" in answer.content.decode()
    assert "(403|404|409|413|422|507)" in client.get(syrup.get_absolute_url()).content.decode(), "the page shows it"
    assert client.get(address).status_code == 404
