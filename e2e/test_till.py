"""The till by keyboard: a new customer in passing, points that pay, and the focus back in the scanner's field."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.crm.models import Customer
from apps.crm.services import loyalty
from apps.orders.models import Order
from e2e.conftest import Worker
from e2e.steps import answered, loading, press, settled

CPF = "390.533.447-05"


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
    bakery: str, worker: Worker, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "counter")
    page.goto(f"{bakery}/orders/sale/")
    find = page.locator("#find")
    expect(find).to_be_focused()
    page.keyboard.type("2×CO-CAPP")
    with loading(page):
        page.keyboard.press("Enter")
    expect(page.locator(".cart .amt")).to_have_text("24.00")

    page.keyboard.press("F2")
    expect(page.locator("#customer-q")).to_be_focused()
    settled(page)
    page.keyboard.type("Zélia Novaes")
    newcomer = page.get_by_role("link", name="New customer: Zélia Novaes")
    expect(newcomer).to_be_visible()
    settled(page)
    newcomer.click()
    expect(page.locator("#id_name")).to_have_value("Zélia Novaes")
    expect(page.locator("#id_name")).to_be_focused()
    settled(page)
    page.locator("#id_phone").fill("12")
    with answered(page, status=422):
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
    settled(page)
    page.keyboard.press("F7")
    expect(page.locator("dialog[open] #id_points")).to_have_value("100")
    settled(page)
    page.locator("#id_points").fill("60")
    expect(page.locator("#points-rest")).to_contain_text("21.00")
    settled(page)
    with loading(page):
        page.keyboard.press("Control+Enter")
    expect(page).to_have_url(re.compile(r"/orders/sale/done/\d+/$"))
    expect(page.get_by_role("main")).to_contain_text("Points")
    order = Order.objects.get(customer=person)
    assert [(one.method, str(one.amount)) for one in order.payments.order_by("pk")] == [
        ("points", "3.00"),
        ("card", "21.00"),
    ]
    worker.caught_up()
    assert loyalty.balance(person) == 40 + 21


@pytest.mark.django_db(transaction=True)
def test_a_new_customer_without_scripts(bakery: str, plain: Callable[[str, str], Page]) -> None:
    page = plain(bakery, "counter")
    page.goto(f"{bakery}/orders/sale/")
    page.locator("#find").fill("CO-ESPR")
    with loading(page):
        page.locator("#find").press("Enter")
    press(page.get_by_role("link", name="Add customer"))
    page.locator("#customer-q").fill(CPF)
    with loading(page):
        page.locator("#customer-q").press("Enter")
    press(page.get_by_role("link", name="New customer"))
    expect(page.locator("#id_document")).to_have_value(CPF)
    page.locator("#id_name").fill("Ana Lima")
    press(page.get_by_role("button", name="Save and choose"))
    expect(page.locator("#cart")).to_contain_text("Ana Lima")


@pytest.mark.django_db(transaction=True)
def test_g_and_a_letter_go_elsewhere(bakery: str, page: Page, login: Callable[[str, str], Page]) -> None:
    login(bakery, "manager")
    page.goto(f"{bakery}/stock/")
    settled(page)
    for letter, address in (("p", "/catalog/products/"), ("o", "/orders/board/"), ("s", "/stock/"), ("h", "/")):
        with loading(page):
            page.keyboard.type(f"g{letter}")
        expect(page).to_have_url(f"{bakery}{address}")
    page.goto(f"{bakery}/stock/")
    settled(page)
    page.locator("main input[type=search]").focus()
    page.keyboard.type("gp")
    expect(page.locator("main input[type=search]")).to_have_value("gp")
