"""What the tests of the catalogue's pages share."""

from decimal import Decimal

import pytest

from apps.catalog.models import Product
from apps.catalog.services import categories, packs

from .factories import make_price, make_product


@pytest.fixture
def everything() -> Product:
    """A product with all that pages show of one."""
    bakery = categories.create(name="Bakery", icon="croissant", hue="vien")
    product = make_product("Croissant", sku="PA-12", category=bakery, allergens=["gluten"], tags=["new"], price="9.50")
    packs.add(product, name="box", quantity=Decimal(6))
    make_price(product, "7.20", min_quantity=Decimal(24))
    return product
