"""What lists do with scripts: a cell that is edited in place, the menu of a row, the palette."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from apps.catalog.models import Price


@pytest.mark.django_db(transaction=True)
def test_a_price_is_edited_in_its_cell_and_anything_is_found(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "manager")
    page.goto(f"{bakery}/catalog/products/?q=baguette")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    price = row.locator("td").nth(5)
    price.get_by_text("12.00").click()
    field = price.locator("input:not([type=hidden])")
    expect(field).to_be_focused()
    field.fill("12,x")
    field.press("Enter")
    expect(price).to_contain_text("not a number")
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    field.fill("12.50")
    field.press("Enter")
    expect(price).to_have_text("12.50")
    now = Price.objects.get(price_list__code="counter", product__sku="BR-BAGU", valid_to=None)
    assert now.amount == Decimal("12.5")

    row.get_by_role("link", name="Actions").click()
    expect(page.get_by_role("link", name="Set a price")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("Control+k")
    page.keyboard.type("croiss")
    expect(page.get_by_role("option", name="Butter croissant").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Butter croissant")
