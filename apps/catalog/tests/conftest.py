"""What the tests of the catalogue's pages share."""

from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from apps.catalog.models import Product
from apps.catalog.services import categories, packs
from backoffice.testing.sites import Site, site

from .factories import make_price, make_price_list, make_product


@pytest.fixture
def everything() -> Product:
    """A product with all that pages show of one."""
    bakery = categories.create(name="Bakery", icon="croissant", hue="vien")
    product = make_product("Croissant", sku="PA-12", category=bakery, allergens=["gluten"], tags=["new"], price="9.50")
    packs.add(product, name="box", quantity=Decimal(6))
    make_price(product, "7.20", min_quantity=Decimal(24))
    return product


@pytest.fixture
def _shop_files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.OUTWARD_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    make_price_list("counter")


@pytest.fixture
def web() -> Iterator[Site]:
    out = BytesIO()
    Image.new("RGB", (60, 40), "peru").save(out, "PNG")
    with site() as found:
        names = ("tee", "blue", "cap", "one", "two", "three", "small")
        found.pages |= {f"/{name}.png": out.getvalue() for name in names}
        yield found
