"""The log of another till, from the file to the orders list, by clicking."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.catalog.models import Product
from apps.orders.models import Order
from e2e.steps import press, settled

pytestmark = pytest.mark.django_db(transaction=True)
LOG = b"""Date,Time,Transaction,Item
2016-10-30,09:58:11,1,Sourdough slice
2016-10-30,10:05:34,2,Sourdough slice
2016-10-30,10:05:34,2,Sourdough slice
2016-10-30,10:05:34,2,NONE
2016-10-30,10:07:57,3,NONE
2016-13-30,10:08:41,4,Sourdough slice
"""


def test_past_sales_come_through_the_screens(bakery: str, login: Callable[[str, str], Page]) -> None:
    page = login(bakery, "manager")
    page.goto(f"{bakery}/orders/past-sales/")
    press(page.get_by_role("link", name="Import a log"))
    page.locator("input[type=file]").set_input_files({"name": "till.csv", "mimeType": "text/csv", "buffer": LOG})
    press(page.get_by_role("button", name="Upload and check"))

    expect(page.get_by_text("2 names in the file")).to_be_visible()
    settled(page)
    page.get_by_label("Price, when created: Sourdough slice").fill("6.50")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_role("button", name="Apply 2 rows")).to_be_visible()
    expect(page.locator("#run")).to_contain_text("This is not a date")
    settled(page)
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.locator("#run")).to_contain_text("2 rows were written")

    page.goto(f"{bakery}/orders/past-sales/")
    expect(page.get_by_role("row", name="Sourdough slice").first).to_be_visible()
    assert sorted(Order.objects.filter(is_imported=True).values_list("external_id", "total")) == [
        ("P-1", 6.5),
        ("P-2", 13),
    ]
    assert Product.objects.get(name="Sourdough slice").sku == "TILL-SOURDOUGH-SLICE"
