"""The same day where no script runs: every button is a form, every link a page."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import call_command
from playwright.sync_api import Browser, Page, expect

from apps.inventory.models import StockBalance
from apps.orders.models import Order
from apps.production.models import WorkOrder

from .conftest import PASSWORD


@pytest.fixture
def plain(browser: Browser) -> Callable[[str, str], Page]:
    """Log in in a browser that runs no scripts."""

    def enter(address: str, username: str) -> Page:
        page = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900}).new_page()
        page.goto(f"{address}/accounts/login/")
        page.locator("input[name=username]").fill(username)
        page.locator("input[name=password]").fill(PASSWORD)
        page.locator("form:has(input[name=password]) button.primary").click()
        return page

    return enter


@pytest.mark.django_db(transaction=True)
def test_the_day_without_scripts(bakery: str, plain: Callable[[str, str], Page]) -> None:
    page = plain(bakery, "clerk")
    page.goto(f"{bakery}/stock/receive/")
    for code, name, quantity in (
        ("MA-FL65", "Wheat flour T65", "25"),
        ("MA-WATE", "", ""),
        ("MA-RYE", "Rye flour", "10"),
    ):
        page.locator("#id_scan").fill(code)
        page.get_by_role("button", name="Add").click()
        if not name:
            continue
        line = page.locator("#receipt-lines li", has_text=name)
        line.locator("input[name$=quantity]").fill(quantity)
        line.locator("input[name$=cost]").fill("3.90")
    while (use := page.get_by_role("button", name="Use it")).count():
        use.first.click()
    page.get_by_role("button", name="Post receipt").click()
    assert StockBalance.objects.get(product__sku="MA-FL65").quantity == 25

    page = plain(bakery, "baker")
    page.goto(f"{bakery}/production/orders/new/")
    page.locator("#id_product").fill("SM-LEVA")
    page.locator("#id_quantity").fill("5")
    page.locator("main button[type=submit], main form button.primary").last.click()
    order = WorkOrder.objects.get()
    page.get_by_role("button", name="Release").click()
    page.get_by_role("button", name="Start").click()
    page.get_by_role("link", name=re.compile("Finish")).click()
    page.locator("main form button.primary").last.click()
    order.refresh_from_db()
    assert order.status == WorkOrder.Status.DONE
    assert StockBalance.objects.get(product__sku="SM-LEVA").quantity == 5

    page = plain(bakery, "counter")
    page.goto(f"{bakery}/orders/sale/")
    page.get_by_role("button", name=re.compile("Espresso")).first.click()
    page.get_by_role("button", name=re.compile("Cappuccino")).first.click()
    page.get_by_role("link", name="Add customer").click()
    page.get_by_role("button", name=re.compile("Regular of table 4")).click()
    page.get_by_role("link", name=re.compile("Cash")).click()
    page.locator("input[name=tendered]").fill("20")
    page.get_by_role("button", name="Take payment").click()
    expect(page.locator(".change")).to_contain_text("1.00")
    sold = Order.objects.get()
    assert (sold.status, sold.total, sold.customer.code) == ("completed", Decimal("19.00"), "CU-D01")  # type: ignore[union-attr]

    page = plain(bakery, "manager")
    page.goto(f"{bakery}/catalog/products/new/")
    page.locator("#id_sku").fill("BR-NEW")
    page.locator("#id_name").fill("Corn bread")
    page.locator("main form button.primary").last.click()
    page.get_by_role("link", name="Edit", exact=True).first.click()
    page.locator("#id_name").fill("Corn bread, sweet")
    page.locator("main form button.primary").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Corn bread, sweet")
    call_command("verify_ledgers", verbosity=0)
