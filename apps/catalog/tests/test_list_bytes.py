"""What the product list weighs, as the program sends it: a full page of long names stays within its budget."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.catalog.services import categories
from apps.catalog.tests.factories import make_price_list, make_product
from backoffice import composition

pytestmark = pytest.mark.django_db

FRAGMENT, PAGE = 20_000, 40_000


def test_fifty_rows_with_long_names_stay_light_and_each_says_its_names(as_user):
    client = as_user(*composition.ROLES["manager"])
    make_price_list("counter", is_default=True)
    places = [
        categories.create(name=f"Twig {number}-0", icon="wheat", hue=hue)
        for number, hue in enumerate(("bread", "coff", "cake", "shop"))
    ]
    for number in range(51):
        make_product(
            f"Pumpkin croissant {number:06d}", sku=f"P-{number:06d}", kind="ingredient", is_sellable=False,
            category=places[number % 4], price=Decimal("97.74"),
        )  # fmt: skip
    url = reverse("catalog:product_list")

    rows = client.get(url, headers={"HX-Request": "true", "HX-Target": "table", "Accept-Encoding": "identity"}).content
    page = client.get(url, headers={"Accept-Encoding": "identity"}).content

    assert rows.count(b"<tr>") == 51
    assert len(rows) <= FRAGMENT
    assert len(page) <= PAGE
    # What was shortened still says what it is: the menu by its word, the box by its label, the state by its word.
    assert rows.count(b">Actions</a>") == rows.count(b"aria-label=Select ") == rows.count(b"<b>Internal</b>") == 50
    assert page.count(b"<label><input") >= 20
    assert b"<label for" not in page.split(b'id="facet-list"')[1].split(b"</aside>")[0]
