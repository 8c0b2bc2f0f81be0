"""The stock room by hand: a delivery against its order by scanner, a count by two people, a recall from flour on."""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from playwright.sync_api import Browser, BrowserContext, Page, expect

from apps.catalog.models import Product
from apps.inventory.models import Location, Lot, Move, PurchaseOrder, StockBalance, StockCount, Supplier
from apps.inventory.services import purchasing, stock
from apps.inventory.services.verify import differences
from backoffice.kernel import clock
from e2e.steps import answered, opened, press, settled, sign_in
from e2e.test_day import sell, use_suggested_days

D = Decimal
FLOUR, BUTTER = "17891234500103", "17891234500110"  # barcodes of the sack and of the box


def product(sku: str) -> Product:
    return Product.objects.select_related("unit").get(sku=sku)


def place(code: str) -> Location:
    return Location.objects.get(code=code)


def scan(page: Page, code: str) -> None:
    """What a scanner does: it types wherever the focus is, Ctrl+] between the parts of a code, and sends Enter."""
    expect(page.locator("#id_scan")).to_be_focused()
    first, *others = code.split("\x1d")
    with answered(page, "/receive/"):
        page.keyboard.type(first)
        for part in others:
            page.keyboard.press("Control+]")
            page.keyboard.type(part)
        page.keyboard.press("Enter")


@pytest.fixture
def ordered(bakery: str) -> PurchaseOrder:
    """Four sacks of flour and two boxes of butter, asked for yesterday."""
    mill = Supplier.objects.create(code="MILL", name="Serra Mill", lead_days=1)
    order = purchasing.draft(mill, location=place("DRY"), expected_on=clock.today())
    for sku, packs, price in (("MA-FL65", 4, "97.50"), ("MA-BUTT", 2, "205")):
        one = product(sku)
        purchasing.set_line(order, product=one, quantity=D(packs), pack=one.packs.get(), price=D(price))
    return purchasing.send(order)


@pytest.mark.django_db(transaction=True)
def test_a_delivery_is_received_against_its_order_with_a_scanner(
    bakery: str, ordered: PurchaseOrder, page: Page, login: Callable[[str, str], Page]
) -> None:
    login(bakery, "clerk")
    page.goto(f"{bakery}/stock/purchases/")
    press(page.get_by_role("link", name=ordered.number).first)
    press(page.get_by_role("main").get_by_role("link", name="Receive").first)
    lines = page.locator("#receipt-lines ol > li:not(.head)")

    # Three sacks one after the other, with lot and last day in the code; a code that nobody knows; a box of butter.
    day = clock.today() + timedelta(days=150)
    for printed in ("(01){0}(17){1:%y%m%d}(10)L-881", "01{0}17{1:%y%m%d}10L-881", "]C101{0}10L-881\x1d17{1:%y%m%d}"):
        scan(page, printed.format(FLOUR, day))
    expect(lines).to_have_count(1)
    expect(lines.first.locator("input[name$=quantity]")).to_have_value("3")
    expect(lines.first.locator("input[name$=lot_code]")).to_have_value("L-881")
    expect(lines.first.locator("input[name$=cost]")).to_have_value(re.compile(r"^97\.50?0*$"))
    scan(page, "4006381333931")
    expect(page.get_by_role("status").filter(has_text="Nothing here has the code")).to_be_visible()
    scan(page, BUTTER)
    expect(lines).to_have_count(2)

    # Posting says what is missing; the suggested day is one press away. One sack and one box are still to come.
    with answered(page, "/receive/", status=422):
        page.get_by_role("button", name="Post receipt").click()
    expect(page.get_by_role("button", name="Use it")).to_have_count(1)
    use_suggested_days(page)
    page.locator("input[name=reference]").fill("NF 9001")
    press(page.get_by_role("button", name="Post receipt"))
    expect(page.locator(".badge", has_text="partly received")).to_be_visible()
    ordered.refresh_from_db()
    assert ordered.status == PurchaseOrder.Status.PART
    assert StockBalance.objects.get(lot__code="L-881").quantity == 75

    # The rest comes dearer. What is still asked for is filled in by itself.
    press(page.get_by_role("main").get_by_role("link", name="Receive").first)
    page.get_by_role("button", name="Everything as ordered").click()
    expect(lines).to_have_count(2)
    settled(page)
    flour = lines.filter(has_text="Wheat flour")
    expect(flour.locator("input[name$=quantity]")).to_have_value("1")
    flour.locator("input[name$=cost]").fill("101")
    use_suggested_days(page)
    press(page.get_by_role("button", name="Post receipt"))
    expect(page.locator(".badge", has_text=re.compile("^ *received"))).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("3.50")  # a sack was 3.50 dearer than asked
    ordered.refresh_from_db()
    assert ordered.status == PurchaseOrder.Status.RECEIVED
    assert sum(StockBalance.objects.filter(product__sku="MA-FL65").values_list("quantity", flat=True)) == 100
    assert sum(StockBalance.objects.filter(product__sku="MA-BUTT").values_list("quantity", flat=True)) == 10
    assert differences() == []


def test_a_delivery_on_a_phone_fits_in_portuguese_too(
    bakery: str, ordered: PurchaseOrder, page: Page, login: Callable[[str, str], Page]
) -> None:
    """The bar at the foot was wider than the phone as soon as it said that an expiry is missing."""
    get_user_model().objects.filter(username="clerk").update(language="pt-br")
    login(bakery, "clerk")
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{bakery}/stock/purchases/{ordered.pk}/receive/")
    scan(page, FLOUR)
    expect(page.locator(".savebar .c-warn")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.fixture
def colleague(browser: Browser, bakery: str, overhear: Callable[[BrowserContext], None]) -> Any:
    """A second person with a browser of their own, on a telephone."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, locale="en-GB", reduced_motion="reduce")
    overhear(context)
    page = context.new_page()
    sign_in(page, bakery, "baker")
    yield page
    context.close()


def find(page: Page, code: str) -> None:
    """Scan in a count, from wherever one is on its page."""
    page.locator("input[name=scan]").focus()
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"Found for “{code}”")).to_be_visible()
    settled(page)


def write(page: Page, figure: str, status: int = 200) -> None:
    """Type the figure of the line that has the focus, and Enter."""
    entry = page.locator("ol.counting input[name=quantity]").first
    expect(entry).to_be_focused()
    entry.fill(figure)
    with answered(page, "/stock/counts/", status=status):
        page.keyboard.press("Enter")


@pytest.mark.django_db(transaction=True)
def test_two_people_count_one_place_and_neither_overwrites_the_other(
    bakery: str, page: Page, colleague: Page, login: Callable[[str, str], Page]
) -> None:
    dry = place("DRY")
    for sku, code, quantity in (("MA-FL65", "L-1", 50), ("MA-SUGA", "S-1", 20), ("MA-SALT", "Z-1", 6)):
        line = stock.ReceiptLine(product(sku), D(quantity), lot_code=code, unit_cost=D(2))
        stock.receive(dry, [line])

    login(bakery, "clerk")
    page.goto(f"{bakery}/stock/counts/")
    dialog = opened(page.get_by_role("link", name="New count").first)
    dialog.get_by_label("Place").fill("DRY")
    press(dialog.get_by_role("button", name="Start counting"))
    count = StockCount.objects.get()
    press(page.get_by_role("link", name="Count", exact=True).first)
    colleague.goto(f"{bakery}/stock/counts/{count.pk}/enter/")

    # Both stand before the flour. One is quicker; the other is told, and says that it lay on another shelf.
    find(page, "L-1")
    find(colleague, "L-1")
    write(page, "30")
    expect(page.locator("#count-progress")).to_have_text("1 / 3")
    write(colleague, "19", status=409)
    expect(colleague.get_by_role("alert")).to_contain_text("wrote down 30")
    assert count.lines.get(lot__code="L-1").counted == 30
    with answered(colleague, "/stock/counts/"):
        colleague.get_by_role("button", name=re.compile("Other shelf: 49")).click()
    expect(colleague.locator("#count-progress")).to_have_text("1 / 3")
    assert count.lines.get(lot__code="L-1").counted == 49

    # Meanwhile a sack is wasted: what moves after it was counted is not the count's business.
    lot = Lot.objects.get(code="L-1")
    stock.waste(lot=lot, location=dry, quantity=D(5), reason="fell")
    find(colleague, "S-1")
    # What was typed is saved before the next code is looked for; a code among the figures is looked for, too.
    colleague.locator("ol.counting input[name=quantity]").fill("20")
    find(colleague, "L-1")
    expect(colleague.locator("#count-progress")).to_have_text("2 / 3")
    assert count.lines.get(lot__code="S-1").counted == 20
    entry = colleague.locator("ol.counting input[name=quantity]")
    expect(entry).to_be_focused()
    entry.fill("S-1")
    colleague.keyboard.press("Enter")
    expect(colleague.get_by_role("heading", name="Found for “S-1”")).to_be_visible()
    assert count.lines.get(lot__code="L-1").counted == 49

    # The baker may not post, the clerk sees what differs, and the salt that nobody counted stays as it is.
    colleague.goto(f"{bakery}{count.get_absolute_url()}")
    expect(colleague.get_by_role("link", name="Post", exact=True)).to_have_count(0)
    page.goto(f"{bakery}{count.get_absolute_url()}")
    expect(page.get_by_role("row", name=re.compile("Wheat flour"))).to_contain_text("−1")
    dialog = opened(page.get_by_role("link", name="Post", exact=True).first)
    expect(dialog).to_contain_text("1 line was not counted and stays as it is.")
    dialog.get_by_role("button", name="Post").click()
    expect(page.get_by_role("status").filter(has_text="is posted").first).to_be_visible()
    there = dict(StockBalance.objects.filter(location=dry).values_list("lot__code", "quantity"))
    assert there == {"L-1": 44, "S-1": 20, "Z-1": 6}
    assert Move.objects.filter(operation__kind="count").count() == 1
    assert differences() == []


@pytest.fixture
def baked(bakery: str) -> Lot:
    """Flour became dough, dough became croissants; another day's croissants are none of its business."""
    maker = get_user_model().objects.get(username="baker")
    [flour] = [
        move.lot
        for move in stock.receive(
            place("DRY"), [stock.ReceiptLine(product("MA-FL65"), D(50), lot_code="L-666", unit_cost=D(4))]
        ).moves.select_related("lot")
    ]

    def make(sku: str, quantity: int, where: str, parents: list[Lot], code: str | None = None) -> Lot:
        return stock.produce(
            origin=maker,
            product=product(sku),
            quantity=D(quantity),
            location=place(where),
            total_cost=D(20),
            produced_on=clock.today(),
            expires_on=clock.today() + timedelta(days=1),
            parents=parents,
            lot_code=code,
        )

    make("VI-CROI", 24, "SHOP", [make("SM-DOUG", 10, "FRIDGE", [flour])], "CR-1")
    make("BR-SOUR", 5, "SHOP", [], "BR-1")
    return flour


@pytest.mark.django_db(transaction=True)
def test_a_recall_goes_from_the_flour_to_who_bought(
    bakery: str, baked: Lot, page: Page, login: Callable[[str, str], Page], context: Any, tmp_path: Path
) -> None:
    login(bakery, "counter")
    sell(page, bakery)

    # The owner types the supplier's lot code, and sees what became of it.
    context.clear_cookies()
    login(bakery, "owner")
    page.keyboard.press("Control+K")
    expect(page.locator("#palette-q")).to_be_focused()  # typed sooner, it would go nowhere
    page.keyboard.type("L-666")
    press(page.get_by_role("option").filter(has_text="L-666").first)
    press(page.get_by_role("link", name="Trace and recall"))
    main = page.get_by_role("main")
    expect(main).to_contain_text("Regular of table 4")
    expect(main).to_contain_text("CR-1")
    expect(main).not_to_contain_text("BR-1")
    trace = page.url

    # Everything of it is blocked, for a reason.
    dialog = opened(page.get_by_role("link", name="Block all").first)
    expect(dialog).to_contain_text("3 lots are blocked")
    dialog.get_by_label("Reason").fill("Metal in the flour")
    dialog.get_by_role("button", name="Block all").click()
    expect(page.get_by_role("status").filter(has_text="3 lots are blocked").first).to_be_visible()
    assert set(Lot.objects.filter(status="blocked").values_list("product__sku", flat=True)) == {
        "MA-FL65",
        "SM-DOUG",
        "VI-CROI",
    }

    # On paper: what to take off the shelves, and whom to call. As a file, the same.
    page.goto(trace)
    press(page.get_by_role("link", name="Print sheet").first)
    paper = page.locator("body")
    for words in ("Take off the shelves", "L-666", "CR-1", "Call", "Regular of table 4"):
        expect(paper).to_contain_text(words)
    page.goto(trace)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="File", exact=True).first.click()
    file = tmp_path / "recall.csv"
    downloading.value.save_as(file)
    rows = list(csv.DictReader(file.read_text("utf-8-sig").splitlines()))
    [sold] = [row for row in rows if row["State"] == "sold"]
    assert (sold["Lot"], sold["Quantity"], sold["Customer"]) == ("CR-1", "3", "Regular of table 4")
    assert {row["Lot"]: row["Quantity"] for row in rows if row["State"] == "still here"}["CR-1"] == "21"

    # The till sells none of it any more.
    context.clear_cookies()
    login(bakery, "counter")
    page.goto(f"{bakery}/orders/sale/")
    croissants = page.get_by_role("button", name=re.compile("Butter croissant"))
    expect(croissants).to_contain_text(re.compile("Sold out|0 left"))
