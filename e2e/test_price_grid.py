"""Prices pasted as spreadsheets have them: with headings, names, blanks, a slip, and more rows than there are."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from apps.catalog.models import Category, Price
from backoffice.kernel import clock
from e2e.steps import loading, settled


def paste(cell: Locator, text: str) -> None:
    cell.focus()
    cell.evaluate(
        """(cell, text) => {
            const copied = new DataTransfer();
            copied.setData("text/plain", text);
            cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: copied, bubbles: true, cancelable: true }));
        }""",
        text,
    )


@pytest.mark.django_db(transaction=True)
def test_a_block_of_a_spreadsheet_is_pasted_taken_back_and_set(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "manager")
    chosen = Category.objects.order_by("pk")[1]
    page.goto(f"{bakery}/catalog/price-lists/grid/?category={chosen.pk}")
    settled(page)
    cells = page.locator("#table tbody tr td:nth-child(3) input")
    before = [cell.input_value() for cell in cells.all()]
    assert len(before) == 3
    bar = page.locator("#grid")
    expect(bar).to_be_hidden()

    paste(
        cells.nth(0), "Product\tCounter\nButter croissant\tR$ 10.25\nCinnamon\t\nPain\tmuch\nMore\t7.00\nMost\t8.00\n"
    )

    expect(cells.nth(0)).to_have_value("R$ 10.25")
    expect(cells.nth(1)).to_have_value(before[1])  # a blank leaves what is there
    expect(cells.nth(2)).to_have_value("much")
    expect(bar).to_contain_text("2 cells changed · pasted cells without a place: 2")
    cells.nth(0).press("Control+z")
    for cell, value in zip(cells.all(), before, strict=True):
        expect(cell).to_have_value(value)
    expect(bar).to_be_hidden()

    paste(cells.nth(0), "10.25\n-\nmuch\n")
    expect(bar).to_contain_text("3 cells changed")
    bar.get_by_role("button", name="Put all back").click()
    expect(bar).to_be_hidden()

    paste(cells.nth(0), "10.25\n-\nmuch\n")
    with loading(page):
        bar.get_by_role("button", name="Look at the changes").click()
    expect(page.get_by_text("1 price is refused and stays as it is.")).to_be_visible()
    with loading(page):
        page.get_by_role("button", name="Set 2 prices").click()
    expect(page.get_by_text("2 prices set.").first).to_be_visible()
    now = Price.objects.at(clock.now()).filter(price_list__code="counter", product__category__name="Viennoiserie")
    assert sorted(now.values_list("amount", flat=True)) == [Decimal("10.25"), Decimal(11)]
