"""Stock is moved and written off without a mouse: what a scanner types, and Enter."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from apps.catalog.models import Product
from apps.inventory.models import Location, Lot, StockBalance, StockOperation
from apps.inventory.services import stock
from apps.inventory.services.verify import differences
from e2e.steps import loading, press

D = Decimal


def types(page: Page, field: str, text: str) -> None:
    """Into the field that has the focus, which is this one, with Enter at the end."""
    expect(page.locator(f"main [name={field}]")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


@pytest.mark.django_db(transaction=True)
def test_a_lot_is_moved_and_written_off_by_codes_alone(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    dry, shop = Location.objects.get(code="DRY"), Location.objects.get(code="SHOP")
    sugar = Product.objects.select_related("unit").get(sku="MA-SUGA")
    stock.receive(dry, [stock.ReceiptLine(sugar, D(20), lot_code="S-77", unit_cost=D(4))])
    login(bakery, "clerk")

    page.goto(f"{bakery}/stock/transfer/")
    types(page, "stock", "s-77")
    types(page, "quantity", "5")
    types(page, "destination", "shop")
    with loading(page):
        types(page, "reason", "for the counter")
    expect(page.get_by_role("heading", name="S-0")).to_be_visible()
    lot = Lot.objects.get(code="S-77")
    assert StockBalance.objects.get(lot=lot, location=shop).quantity == 5

    # Now it lies in two places: the code alone does not say which, and the form asks.
    page.goto(f"{bakery}/stock/waste/")
    types(page, "stock", "S-77")
    types(page, "quantity", "2")
    page.locator("main [name=reason]").select_option(label="Dropped or broken")
    press(page.get_by_role("button", name="Write off"))
    where = page.get_by_label("Where it lies")
    expect(where).to_be_visible()
    where.fill("SHOP")
    press(page.get_by_role("button", name="Write off"))
    expect(page.get_by_role("main")).to_contain_text("Dropped or broken")
    assert StockBalance.objects.get(lot=lot, location=shop).quantity == 3
    assert StockOperation.objects.get(kind="waste").reason == "Dropped or broken"
    assert differences() == []


def test_what_can_be_done_with_a_lot_is_within_reach_on_a_phone(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    """The card of a product and that of a place hid the menu of each lot below 640 pixels."""
    dry = Location.objects.get(code="DRY")
    sugar = Product.objects.select_related("unit").get(sku="MA-SUGA")
    stock.receive(dry, [stock.ReceiptLine(sugar, D(20), lot_code="S-78", unit_cost=D(4))])
    login(bakery, "clerk")
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (f"/stock/products/{sugar.pk}/", f"/stock/locations/{dry.pk}/"):
        page.goto(bakery + address)
        page.get_by_role("button", name="Actions for S-78").click()
        expect(page.get_by_role("link", name="Transfer").last).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
