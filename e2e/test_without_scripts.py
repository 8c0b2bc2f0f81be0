"""The same day where no script runs: every button is a form, every link a page."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.core.management import call_command
from playwright.sync_api import Page, expect

from apps.inventory.models import StockBalance
from apps.orders.models import Order
from apps.production.models import WorkOrder
from e2e.steps import press

# SKU or name, what its line says, quantity; without a name the code only leads to an answer.
DELIVERY = (("MA-FL65", "Wheat flour T65", "25"), ("MA-WATE", "", ""), ("MA-RYE", "Rye flour", "10"))


def receive(page: Page, address: str) -> None:
    page.goto(f"{address}/stock/receive/")
    for code, name, quantity in DELIVERY:
        page.locator("#id_scan").fill(code)
        press(page.get_by_role("button", name="Add"))
        if not name:
            expect(page.locator("#receipt [role=status]")).to_contain_text(code)
            continue
        line = page.locator("#receipt-lines li", has_text=name)
        line.locator("input[name$=quantity]").fill(quantity)
        line.locator("input[name$=cost]").fill("3.90")
    use = page.get_by_role("button", name="Use it")
    for left in range(use.count(), 0, -1):
        expect(use).to_have_count(left)
        press(use.first)
    expect(use).to_have_count(0)
    press(page.get_by_role("button", name="Post receipt"))
    expect(page.locator("#toasts")).to_contain_text("posted, 2 lines")


def bake(page: Page, address: str) -> None:
    page.goto(f"{address}/production/orders/new/")
    page.locator("#id_product").fill("SM-LEVA")
    page.locator("#id_quantity").fill("5")
    press(page.locator("main button[type=submit], main form button.primary").last)
    press(page.get_by_role("button", name="Release"))
    expect(page.locator("#toasts")).to_contain_text("released")
    press(page.get_by_role("button", name="Start"))
    expect(page.locator("#toasts")).to_contain_text("started")
    press(page.get_by_role("link", name=re.compile("Finish")))
    press(page.locator("main form button.primary").last)
    expect(page.locator("#toasts")).to_contain_text("finished")


def sell(page: Page, address: str) -> None:
    page.goto(f"{address}/orders/sale/")
    for number, name in enumerate(("Espresso", "Cappuccino"), start=1):
        press(page.get_by_role("button", name=re.compile(name)).first)
        expect(page.locator("#cart .line")).to_have_count(number)
    press(page.get_by_role("link", name="Add customer"))
    press(page.get_by_role("button", name=re.compile("Regular of table 4")))
    expect(page.locator("#cart .cust")).to_contain_text("Regular of table 4")
    press(page.get_by_role("link", name=re.compile("Cash")))
    page.locator("input[name=tendered]").fill("20")
    press(page.get_by_role("button", name="Take payment"))
    expect(page.locator(".change")).to_contain_text("1.00")


def rename(page: Page, address: str) -> None:
    page.goto(f"{address}/catalog/products/new/")
    page.locator("#id_sku").fill("BR-NEW")
    page.locator("#id_name").fill("Corn bread")
    press(page.locator("main form button.primary").last)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Corn bread")
    press(page.get_by_role("link", name="Edit", exact=True).first)
    page.locator("#id_name").fill("Corn bread, sweet")
    press(page.locator("main form button.primary").last)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Corn bread, sweet")


@pytest.mark.django_db(transaction=True)
def test_the_day_without_scripts(bakery: str, plain: Callable[[str, str], Page]) -> None:
    receive(plain(bakery, "clerk"), bakery)
    assert StockBalance.objects.get(product__sku="MA-FL65").quantity == 25

    bake(plain(bakery, "baker"), bakery)
    assert WorkOrder.objects.get().status == WorkOrder.Status.DONE
    assert StockBalance.objects.get(product__sku="SM-LEVA").quantity == 5

    sell(plain(bakery, "counter"), bakery)
    sold = Order.objects.get()
    assert (sold.status, sold.total, sold.customer.code) == ("completed", Decimal("19.00"), "CU-D01")  # type: ignore[union-attr]

    rename(plain(bakery, "manager"), bakery)
    call_command("verify_ledgers", verbosity=0)
