"""Boards that refresh themselves take nothing away under the hands, and on the floor every target fits a finger."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from apps.catalog.models import Product
from apps.orders.models import Order
from apps.production.services import work_orders
from backoffice.kernel import clock
from e2e.steps import settled

SEEN = re.compile(r"seen=[^&]*")
SMALL = """() => [...document.querySelectorAll("a, button")]
  .filter(target => target.checkVisibility() && target.getBoundingClientRect().height > 1)
  .map(target => [target.outerHTML.slice(0, 120), target.getBoundingClientRect()])
  .filter(([, box]) => box.height < 56 || box.width < 44)
  .map(([html, box]) => `${Math.round(box.width)} × ${Math.round(box.height)} ${html}`)"""


def refreshed(page: Page, region: str) -> None:
    """Wait until the region has been drawn anew, as it is when something changed."""
    page.route(SEEN, lambda route: route.continue_(url=SEEN.sub("seen=x", route.request.url)))
    page.locator(region).evaluate("region => { region.dataset.old = 1; }")
    expect(page.locator(f"{region}:not([data-old])")).to_have_count(1, timeout=30_000)
    settled(page)


@pytest.mark.django_db(transaction=True)
def test_the_board_of_orders_stays_where_it_was_scrolled_to(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "counter")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{bakery}/orders/board/")
    settled(page)
    page.locator("#lanes .board").evaluate("lanes => { lanes.scrollLeft = 500; }")
    there = page.locator("#lanes .board").evaluate("lanes => lanes.scrollLeft")
    assert there > 200

    refreshed(page, "#lanes")

    assert page.locator("#lanes .board").evaluate("lanes => lanes.scrollLeft") == there


@pytest.mark.django_db(transaction=True)
def test_the_board_goes_by_keys(busy_bakery: str, page: Page, login: Callable[[str, str], Page]) -> None:
    login(busy_bakery, "counter")
    page.goto(f"{busy_bakery}/orders/board/")
    settled(page)
    cards = page.locator(".ocard")
    for key, nth in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(cards.nth(nth).locator(".l1 a")).to_be_focused()
    order = Order.objects.get(pk=(cards.nth(0).get_attribute("id") or "").removeprefix("card-"))
    assert cards.nth(0).locator("[data-next]").count() == 1

    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press("a")

    assert Order.objects.get(pk=order.pk).status != order.status
    page.keyboard.press("/")
    expect(page.locator("#board-q")).to_be_focused()


@pytest.mark.django_db(transaction=True)
def test_the_floor_fits_fingers_and_stays_where_it_was_scrolled_to(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    for sku in ("SM-LEVA", "SM-DOUG", "SM-LAMI"):
        product = Product.objects.get(sku=sku)
        for _time in range(2):
            order = work_orders.plan(product, quantity=Decimal(5), due_at=clock.now() + timedelta(hours=6))
            work_orders.release(order, revision=order.revision)
    login(bakery, "baker")
    page.set_viewport_size({"width": 1024, "height": 500})
    page.goto(f"{bakery}/production/floor/")
    settled(page)
    expect(page.locator("article.fcard")).to_have_count(6)
    assert page.evaluate(SMALL) == []

    page.locator("#floor").evaluate("floor => { floor.scrollTop = 60; }")
    refreshed(page, "#floor")

    assert page.locator("#floor").evaluate("floor => floor.scrollTop") == 60
