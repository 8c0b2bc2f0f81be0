"""A pack that has had prices keeps its content: they say what so much of a product costs, then and now."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product, ProductUnit
from apps.catalog.resources import undoing
from apps.catalog.services import packs, prices

from .factories import make_price_list, make_product
from .test_import_wide import applied, previewed, told

pytestmark = pytest.mark.django_db
AsUser = Callable[..., Client]


@pytest.fixture
def sack() -> ProductUnit:
    """A sack of 25 kg that costs 80."""
    flour = make_product(sku="FLOUR", name="Flour", unit="kg")
    found = packs.add(flour, name="sack", quantity=Decimal(25), barcode="X1")
    prices.set_price(flour, make_price_list(), amount=Decimal(80), unit=found, min_quantity=Decimal(1))
    return found


def test_its_content_stays_and_all_else_may_change(sack: ProductUnit) -> None:
    with pytest.raises(InvalidProduct, match="sack has had prices") as refused:
        packs.change(sack, name="sack", quantity=Decimal(20))
    assert refused.value.field == "quantity"

    sack.refresh_from_db()
    packs.change(sack, name="old sack", quantity=Decimal(25), barcode="X2", is_approximate=True)
    packs.add(sack.product, name="sack", quantity=Decimal(20))

    sack.refresh_from_db()
    assert (sack.name, sack.ratio, sack.barcode, sack.is_approximate) == ("old sack", 25, "X2", True)


def test_one_that_never_had_a_price_changes_as_before() -> None:
    box = packs.add(make_product(), name="box", quantity=Decimal(6))
    assert packs.change(box, name="box", quantity=Decimal(8)).ratio == 8


def test_a_third_stays_a_third_when_only_its_name_changes() -> None:
    box = packs.add(make_product(), name="box", quantity=Decimal(6))
    box.numerator, box.denominator = 1, 3
    box.save()
    assert packs.change(box, name="third", quantity=box.quantity).ratio == Fraction(1, 3)


def test_the_screen_says_so_beside_the_field(as_user: AsUser, sack: ProductUnit) -> None:
    client = as_user("catalog.change_product", "catalog.view_product")
    answer = client.post(reverse("catalog:pack_edit", args=[sack.pk]), {"name": "sack", "quantity": "20"})
    assert answer.status_code == 409
    assert "add a new pack" in answer.context["form"].errors["quantity"][0]


@pytest.mark.parametrize("cell", ["sack = 20", "-"])
def test_a_file_is_refused_in_the_preview_with_the_column(sack: ProductUnit, cell: str) -> None:
    run = previewed(f'FLOUR;;"{cell}"', headings="sku;name;packs")
    assert [column for _line, column, _why in told(run)] == ["packs"]
    assert "sack has had prices" in told(run)[0][2]


@pytest.mark.parametrize("cell", ["sack = 20", "-"])
def test_a_price_given_after_the_preview_keeps_the_pack(cell: str) -> None:
    flour = make_product(sku="FLOUR", name="Flour", unit="kg")
    sack = packs.add(flour, name="sack", quantity=Decimal(25))
    run = previewed(f'FLOUR;Wheat;"{cell}"', headings="sku;name;packs")
    prices.set_price(flour, make_price_list(), amount=Decimal(80), unit=sack, min_quantity=Decimal(1))

    run = applied(run)

    sack.refresh_from_db()
    assert sack.ratio == 25
    assert Product.objects.get().name == "Flour"
    assert run.refused_late == 1
    assert "sack has had prices" in run.rows.get().reason


def test_an_import_whose_pack_was_priced_since_is_not_undone() -> None:
    flour = make_product(sku="FLOUR", name="Flour", unit="kg")
    sack = packs.add(flour, name="sack", quantity=Decimal(25))
    run = applied(previewed('FLOUR;;"sack = 20"', headings="sku;name;packs"))
    assert undoing.obstacles(list(run.rows.all())) == {}
    prices.set_price(flour, make_price_list(), amount=Decimal(80), unit=sack, min_quantity=Decimal(1))

    assert "sack has had prices" in next(iter(undoing.obstacles(list(run.rows.all())).values()))
