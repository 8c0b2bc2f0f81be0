"""The till by keyboard: a new customer in passing, points that pay, and the focus back in the scanner's field."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from apps.crm.models import Customer
from apps.crm.services import loyalty
from apps.orders.models import Order
from e2e.conftest import PASSWORD

CPF = "390.533.447-05"


def settled(page: Page) -> None:
    expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)


def covered(page: Page) -> bool:
    """Whether a message lies over a button that takes money."""
    return bool(
        page.evaluate("""() => [...document.querySelectorAll(".pays .btn")].some(button => {
          const at = button.getBoundingClientRect();
          const top = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2);
          return !button.contains(top) && !top?.closest("[inert]");
        })""")
    )


@pytest.mark.django_db(transaction=True)
def test_a_new_customer_pays_with_points_by_keyboard(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "counter")
    page.goto(f"{bakery}/orders/sale/")
    find = page.locator("#find")
    expect(find).to_be_focused()
    page.keyboard.type("2×CO-CAPP")
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders/sale/*/")
    expect(page.locator(".cart .amt")).to_have_text("24.00")

    page.keyboard.press("F2")
    expect(page.locator("#customer-q")).to_be_focused()
    page.keyboard.type("Zélia Novaes")
    page.get_by_role("link", name="New customer").click()
    expect(page.locator("#id_name")).to_have_value("Zélia Novaes")
    expect(page.locator("#id_name")).to_be_focused()
    page.locator("#id_phone").fill("12")
    page.keyboard.press("Control+Enter")
    expect(page.locator("dialog[open]")).to_contain_text("This telephone number does not exist")
    page.locator("#id_phone").fill("41 98840-2217")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#cart .cust")).to_contain_text("Zélia Novaes")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(find).to_be_focused()
    assert not covered(page)

    person = Customer.objects.get(phone="+5541988402217")
    loyalty.adjust(person, points=100, reason="a good start")
    page.reload()
    page.keyboard.press("F7")
    expect(page.locator("dialog[open] #id_points")).to_have_value("100")
    page.locator("#id_points").fill("60")
    expect(page.locator("#points-rest")).to_contain_text("21.00")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/orders/sale/done/*/")
    expect(page.get_by_role("main")).to_contain_text("Points")
    order = Order.objects.get(customer=person)
    assert [(one.method, str(one.amount)) for one in order.payments.order_by("pk")] == [
        ("points", "3.00"),
        ("card", "21.00"),
    ]
    assert loyalty.balance(person) in (40, 40 + 21)  # the worker may have been there already


@pytest.mark.django_db(transaction=True)
def test_a_new_customer_without_scripts(bakery: str, browser: Browser, browser_context_args: dict[str, Any]) -> None:
    context = browser.new_context(**browser_context_args, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{bakery}/accounts/login/")
    page.locator("input[name=username]").fill("counter")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form:has(input[name=password]) button.primary").click()
    page.goto(f"{bakery}/orders/sale/")
    page.locator("#find").fill("CO-ESPR")
    page.locator("#find").press("Enter")
    page.get_by_role("link", name="Add customer").click()
    page.locator("#customer-q").fill(CPF)
    page.locator("#customer-q").press("Enter")
    page.get_by_role("link", name="New customer").click()
    expect(page.locator("#id_document")).to_have_value(CPF)
    page.locator("#id_name").fill("Ana Lima")
    page.get_by_role("button", name="Save and choose").click()
    expect(page.locator("#cart")).to_contain_text("Ana Lima")
    context.close()


@pytest.mark.django_db(transaction=True)
def test_g_and_a_letter_go_elsewhere(bakery: str, page: Page, login: Callable[[str, str], Page]) -> None:
    login(bakery, "manager")
    page.goto(f"{bakery}/stock/")
    for letter, address in (("p", "/catalog/products/"), ("o", "/orders/board/"), ("s", "/stock/"), ("h", "/")):
        page.keyboard.press("g")
        page.keyboard.press(letter)
        page.wait_for_url(f"{bakery}{address}")
        settled(page)
    page.goto(f"{bakery}/stock/")
    page.locator("main input[type=search]").focus()
    page.keyboard.type("gp")
    expect(page.locator("main input[type=search]")).to_have_value("gp")
