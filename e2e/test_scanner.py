"""A scanner does not look at the screen: whatever stands in its field, wherever the focus is, the next code counts."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from e2e.steps import answered, loading, settled


@pytest.mark.django_db(transaction=True)
def test_scans_follow_each_other(bakery: str, page: Page, login: Callable[[str, str], Page]) -> None:
    def scan(code: str) -> None:
        with answered(page, "/find/"):
            page.keyboard.type(code)
            page.keyboard.press("Enter")

    login(bakery, "counter")
    page.goto(f"{bakery}/orders/sale/")
    find, amount = page.locator("#find"), page.locator(".cart .amt")
    expect(find).to_be_focused()
    with loading(page):
        page.keyboard.type("CO-CAPP")
        page.keyboard.press("Enter")
    expect(amount).to_have_text("12.00")
    settled(page)

    scan("NOBODY-HAS-THIS")
    expect(page.get_by_text("Nothing has the code “NOBODY-HAS-THIS”.")).to_be_visible()
    scan("CO-CAPP")
    expect(amount).to_have_text("24.00")
    expect(find).to_have_value("")

    # Two at once: the second is typed while the first is on its way.
    page.keyboard.type("CO-CAPP")
    page.keyboard.press("Enter")
    page.keyboard.type("2×CO-CAPP")
    page.keyboard.press("Enter")
    expect(amount).to_have_text("60.00")
    settled(page)

    # The focus is on a tile, where Enter would sell that one.
    page.locator(".tile").first.focus()
    scan("CO-CAPP")
    expect(amount).to_have_text("72.00")
    expect(page.locator(".cart .line")).to_have_count(1)


@pytest.mark.django_db(transaction=True)
def test_what_comes_in_is_scanned_faster_than_the_page_answers(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    """Of five codes two lines came: the answer to one took away what was being typed of the next."""
    login(bakery, "clerk")
    page.goto(f"{bakery}/stock/receive/")
    expect(page.locator("#id_scan")).to_be_focused()
    for code in ("MA-SUGA", "MA-SALT", "MA-OIL", "MA-CHOC", "MA-SUGA"):
        page.keyboard.type(code)
        page.keyboard.press("Enter")
    page.keyboard.type("MA-")  # and the next one has begun

    lines = page.locator("#receipt-lines ol > li:not(.head)")
    expect(lines).to_have_count(4)
    expect(lines.first.locator("input[name$=quantity]")).to_have_value("2")
    settled(page)
    expect(page.locator("#id_scan")).to_be_focused()
    expect(page.locator("#id_scan")).to_have_value("MA-")

    # Pressed while a code is on its way, the button waits for it.
    with answered(page, "/receive/", status=422):
        page.keyboard.type("OIL")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Post receipt").click()
    expect(lines.filter(has_text="Olive oil").locator("input[name$=quantity]")).to_have_value("2")
    expect(page.locator("#id_scan")).to_have_value("")
