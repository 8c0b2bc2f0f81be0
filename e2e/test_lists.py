"""What lists do with scripts: a cell that is edited in place, the menu of a row, the palette."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from apps.catalog.models import Price, Product
from e2e.steps import loading, settled


@pytest.mark.django_db(transaction=True)
def test_a_price_is_edited_in_its_cell_and_anything_is_found(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "manager")
    page.goto(f"{bakery}/catalog/products/?q=baguette")
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    settled(page)
    price = row.locator("td").nth(5)
    price.get_by_text("12.00").click()
    field = price.locator("input:not([type=hidden])")
    expect(field).to_be_focused()
    field.fill("12,x")
    field.press("Enter")
    expect(price).to_contain_text("not a number")
    settled(page)
    field.fill("12.50")
    field.press("Enter")
    expect(price).to_have_text("12.50")
    now = Price.objects.get(price_list__code="counter", product__sku="BR-BAGU", valid_to=None)
    assert now.amount == Decimal("12.5")
    settled(page)

    row.get_by_role("link", name="Actions").click()
    expect(page.get_by_role("link", name="Set a price")).to_be_visible()
    page.keyboard.press("Escape")

    page.keyboard.press("Control+k")
    page.keyboard.type("croiss")
    expect(page.get_by_role("option", name="Butter croissant").first).to_be_visible()
    settled(page)
    with loading(page):
        page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Butter croissant")


@pytest.mark.django_db(transaction=True)
def test_names_and_states_are_edited_along_the_rows_without_a_mouse(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "manager")
    page.goto(f"{bakery}/catalog/products/?q=croissant")
    settled(page)
    rows = page.locator("#table tbody tr")
    first = rows.first
    old = first.locator("td > a").first.inner_text()
    sku = first.locator("small").inner_text()

    page.keyboard.press("j")
    page.keyboard.press("e")
    name = first.get_by_role("textbox", name="Name")
    expect(name).to_be_focused()
    settled(page)
    name.press("Escape")
    expect(first.get_by_role("link", name=old)).to_be_focused()

    page.keyboard.press("e")
    expect(name).to_be_focused()
    settled(page)
    name.fill("Crescent of Tuesday")
    name.press("Tab")
    state = first.get_by_role("combobox", name="Status")
    expect(state).to_be_focused()
    expect(first.get_by_role("link", name="Crescent of Tuesday")).to_be_visible()
    settled(page)
    state.select_option(label="Retired")
    state.press("Enter")
    expect(first.locator("td").nth(4)).to_contain_text("Retired")
    settled(page)
    saved = Product.objects.get(sku=sku)
    assert (saved.name, saved.is_active) == ("Crescent of Tuesday", False)
    expect(page.locator("#views a", has_text="Retired").locator("span")).to_have_text("1")

    first.locator("td").nth(4).hover()
    page.locator("#pencil").click()
    expect(state).to_be_focused()
    settled(page)
    state.press("Escape")
    expect(first.locator("td").nth(4)).to_contain_text("Retired")


PUSHED = "() => [...document.querySelectorAll('.tw')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
LEFT_EDGE = "found => found.map(e => Math.round(e.getBoundingClientRect().left))"


@pytest.mark.django_db(transaction=True)
def test_the_stock_list_fits_a_laptop_and_its_cards_are_in_line(
    busy_bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(busy_bakery, "manager")
    for width in (1024, 1280, 1366, 1440):  # nothing has to be pushed sideways inside the card to see a state
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{busy_bakery}/stock/")
        settled(page)
        assert page.evaluate(PUSHED) == 0, width

    page.set_viewport_size({"width": 390, "height": 844})
    for path in ("/stock/", "/stock/operations/"):
        page.goto(f"{busy_bakery}{path}")
        settled(page)
        pictures = page.locator("#table tbody td > :is(img, svg, a):first-child").evaluate_all(LEFT_EDGE)
        badges = page.locator("#table tbody td > .badge").evaluate_all(LEFT_EDGE)
        assert badges, path
        assert set(badges) <= set(pictures), (path, sorted(set(badges)), sorted(set(pictures)))
