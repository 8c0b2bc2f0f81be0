"""One whole day by clicking: flour arrives, croissants are planned and baked, sold, and the customer has points."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from playwright.sync_api import Locator, Page, expect

from apps.crm.models import Customer, PointTransaction
from apps.inventory.models import Lot, StockBalance
from apps.orders.models import Order
from apps.production.models import WorkOrder
from backoffice.outbox.models import Directive
from e2e.conftest import Worker
from e2e.steps import answered, loading, opened, press, settled

# SKU or barcode, name, how many packs, cost of one pack
DELIVERY = (
    ("MA-FL65", "Wheat flour T65", "2", "97.50"),
    ("MA-BUTT", "Butter 82 %", "2", "205.00"),
    ("MA-MILK", "Whole milk", "1", "57.60"),
    ("MA-SUGA", "Sugar", "1", "98.00"),
    ("MA-YEAS", "Fresh yeast", "2", "9.80"),
    ("MA-SALT", "Sea salt, fine", "1", "2.70"),
    ("MA-EGGS", "Eggs, free range", "1", "21.00"),
    ("PK-BAGM", "Paper bag M", "1", "145.00"),
)
TO_BAKE = (
    ("SM-DOUG", "Croissant dough", "10"),
    ("SM-LAMI", "Laminated dough", "10"),
    ("VI-CROI", "Butter croissant", "24"),
)


def use_suggested_days(page: Page) -> None:
    """Every line of a receipt without a last day takes the one that is suggested."""
    settled(page)
    use = page.get_by_role("button", name="Use it")
    for left in range(use.count(), 0, -1):
        use.first.click()
        expect(use).to_have_count(left - 1)
        settled(page)


def receive(page: Page, address: str) -> None:
    """The stock clerk scans what came, types quantity and cost, and posts."""
    page.goto(f"{address}/stock/receive/")
    lines = page.locator("#receipt-lines ol > li:not(.head)")
    for number, (code, name, packs, cost) in enumerate(DELIVERY, start=1):
        page.locator("#id_scan").fill(code)
        page.locator("#id_scan").press("Enter")
        expect(lines).to_have_count(number)
        settled(page)
        line = lines.filter(has_text=name)
        line.locator("select[name$=pack]").select_option(index=1)
        line.locator("input[name$=quantity]").fill(packs)
        line.locator("input[name$=cost]").fill(cost)
    use_suggested_days(page)
    press(page.get_by_role("button", name="Post receipt"))
    expect(page.locator("#toasts")).to_contain_text(f"posted, {len(DELIVERY)} lines")


def plan(page: Page, address: str) -> None:
    """The baker puts today's batches on the plan and releases them."""
    page.goto(f"{address}/production/plan/")
    for sku, name, quantity in TO_BAKE:
        dialog = opened(page.get_by_role("link", name=re.compile("^Add")).first)
        dialog.get_by_label("Product").fill(sku)
        dialog.get_by_label("Planned").fill(quantity)
        dialog.locator("footer button:not([type=button]), button[type=submit]").last.click()
        expect(page.get_by_role("row", name=re.compile(name))).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        settled(page)
    page.get_by_role("button", name="Release 3 work orders").click()
    expect(page.get_by_role("row", name=re.compile("Butter croissant"))).to_contain_text("released")


def card_of(page: Page, name: str) -> Locator:
    return page.locator("article.fcard").filter(has=page.locator(".h b", has_text=re.compile(f"^{name}$")))


def bake(page: Page, address: str, name: str) -> None:
    """On the floor's tablet: start and finish each step, then report what came out on the number pad."""
    page.goto(f"{address}/production/floor/")
    card = card_of(page, name)
    for step in range(12):
        # A step is started, then finished: the word on the card changes with each press.
        word = ("Start", "Finish")[step % 2]
        button, report = card.get_by_role("button", name=word, exact=True), card.get_by_role("link", name="Report")
        expect(button.or_(report)).to_be_visible()
        settled(page)
        if report.count():
            dialog = opened(report)
            dialog.get_by_role("button", name="All good").click()
            dialog.get_by_role("button", name="Finish").click()
            expect(page.locator(".fdone", has_text=name)).to_be_visible()
            return
        button.click()
        expect(button).to_have_count(0)
    raise AssertionError(f"{name} never came to its report.")


def sell(page: Page, address: str) -> None:
    """At the counter: three croissants by scanner, one coffee by touch, a customer, cash."""
    page.goto(f"{address}/orders/sale/")
    page.locator("#find").fill("3×VI-CROI")
    with loading(page):  # the first thing that is sold opens a tab, which has its own address
        page.locator("#find").press("Enter")
    expect(page.locator("#cart .line")).to_contain_text("Butter croissant")
    settled(page)
    page.get_by_role("button", name=re.compile("Espresso")).click()
    expect(page.locator("#cart .line")).to_have_count(2)
    settled(page)
    dialog = opened(page.get_by_role("link", name="Add customer"))
    with answered(page, "q=table 4", method="GET"):
        dialog.get_by_label("Look for a customer").fill("table 4")
    dialog.get_by_role("button", name=re.compile("Regular of table 4")).click()
    expect(page.locator("#cart .cust")).to_contain_text("Regular of table 4")
    expect(dialog).to_have_count(0)
    settled(page)
    page.keyboard.press("F10")
    tendered = dialog.locator("input[name=tendered]")
    expect(tendered).to_be_visible()
    settled(page)
    tendered.fill("50")
    with loading(page):
        tendered.press("Enter")
    expect(page.get_by_text("Change")).to_be_visible()
    expect(page.locator(".change")).to_contain_text("14.50")


@pytest.mark.django_db(transaction=True)
def test_the_day_from_flour_to_the_customers_points(
    bakery: str, worker: Worker, page: Page, login: Callable[[str, str], Page], context: Any
) -> None:
    login(bakery, "clerk")
    receive(page, bakery)
    assert StockBalance.objects.get(product__sku="MA-FL65").quantity == 50

    context.clear_cookies()
    login(bakery, "baker")
    plan(page, bakery)
    for _sku, name, _quantity in TO_BAKE:
        bake(page, bakery, name)
    assert WorkOrder.objects.filter(status=WorkOrder.Status.DONE).count() == 3
    croissants = Lot.objects.get(product__sku="VI-CROI")
    assert croissants.expires_on is not None
    assert croissants.unit_cost > 1

    context.clear_cookies()
    login(bakery, "counter")
    sell(page, bakery)
    order = Order.objects.get()
    assert (order.status, order.total, order.paid) == ("completed", Decimal("35.50"), Decimal("35.50"))
    assert order.lines.get(sku="VI-CROI").lots.get().lot == croissants

    customer = Customer.objects.get(code="CU-D01")
    page.goto(f"{bakery}/customers/")
    worker.caught_up()
    press(page.get_by_role("link", name="Regular of table 4"))
    expect(page.locator("#crm-figures .on .v")).to_have_text("35")
    assert PointTransaction.objects.get(account__customer=customer).points == 35
    assert not Directive.objects.filter(topic="loyalty.earn").exclude(status="done").exists()

    context.clear_cookies()
    login(bakery, "owner")
    page.goto(f"{bakery}/")
    expect(page.get_by_role("main")).to_contain_text("35.50")
    page.goto(f"{bakery}{order.get_absolute_url()}")
    expect(page.get_by_role("main")).to_contain_text("Counter")
    call_command("verify_ledgers", verbosity=0)
