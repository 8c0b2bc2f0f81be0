"""Pictures of what takes more than opening a page: a short tab, two people in one form, an import before it is written.

Each scene gets a page that is logged in and the address, and leaves the page as the picture wants it. What it opened it
closes again through `Scene.after`, so that pictures can be taken twice of the same demo.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from playwright.sync_api import FilePayload, Page, expect

from backoffice.testing.scene_files import OTHER_SHOP, PRODUCTS, TILL


def nothing(page: Page) -> None:
    """Nothing to put back."""


@dataclass(frozen=True)
class Scene:
    """What is done before the picture, and after it."""

    before: Callable[[Page, str], None]
    after: Callable[[Page], None] = nothing


def settled(page: Page) -> None:
    """Wait until nothing is being fetched any more."""
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.wait_for_timeout(400)


def first_tab(page: Page, address: str) -> None:
    page.goto(f"{address}/orders/sale/")
    page.goto(f"{address}{page.locator('.open-tabs a').first.evaluate('a => a.pathname')}")


def cash(page: Page, address: str) -> None:
    """Taking cash: F10."""
    first_tab(page, address)
    page.keyboard.press("F10")
    expect(page.locator("dialog[open]")).to_be_visible()
    settled(page)


def short(page: Page, address: str) -> None:
    """More was asked for than there is: the ways out stand above the lines."""
    first_tab(page, address)
    before = page.url
    page.keyboard.press("F6")
    page.wait_for_url(lambda url: url != before)
    for typed in ("2×CO-CAPP", "99×VI-CINN"):
        page.locator("#find").fill(typed)
        page.locator("#find").press("Enter")
        expect(page.locator("#find")).to_have_value("")
        settled(page)
    if page.locator(".cart-bar a").is_visible():
        page.locator(".cart-bar a").click()


def give_up(page: Page) -> None:
    page.locator("[popovertarget=tab-menu]").click()
    page.locator("#tab-menu button.danger").click()
    settled(page)


def price_why(page: Page, address: str) -> None:
    """Where the number of a product's stock comes from."""
    page.goto(f"{address}/stock/?q=VI-CROI")
    page.goto(f"{address}{page.locator('tbody td a').first.evaluate('a => a.pathname')}")
    page.locator("button[popovertarget]", has_text="?").first.click()
    settled(page)


def palette(page: Page, address: str) -> None:
    """Jump to anything."""
    page.goto(f"{address}/")
    settled(page)
    page.keyboard.press("Control+k")
    page.locator("dialog[open] input").fill("cro")
    page.wait_for_timeout(900)


def conflict(page: Page, address: str) -> None:
    """Somebody saved before: theirs, yours, and a choice."""
    page.goto(f"{address}/catalog/products/?q=VI-PAIN")
    edit = f"{address}{page.locator('tbody td a').first.evaluate('a => a.pathname')}edit/"
    page.goto(edit)
    other = page.context.new_page()
    other.goto(edit)
    shelf = "2" if other.locator("[name=shelf_life_days]").input_value() != "2" else "3"
    other.locator("[name=shelf_life_days]").fill(shelf)
    other.locator("main form footer button.primary").click()
    other.wait_for_load_state()
    other.close()
    page.locator("[name=shelf_life_days]").fill("4")
    page.locator("[name=description]").fill("Two bars of dark chocolate in laminated dough.")
    page.locator("main form footer button.primary").click()
    expect(page.locator(".conflict").first).to_be_visible()


def upload(page: Page, address: str, key: str, name: str, text: str) -> None:
    page.goto(f"{address}/transfers/new/{key}/")
    file: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(files=[file])
    page.locator("main form button.primary").click()


def of_product(page: Page, address: str, sku: str, tab: str = "") -> None:
    """The page of one product, or one of its tabs."""
    page.goto(f"{address}/catalog/products/?q={sku}")
    page.goto(f"{address}{page.locator('tbody td a').first.evaluate('a => a.pathname')}{tab}")
    settled(page)


def product_form(page: Page, address: str) -> None:
    """A new product: its category was just chosen, and what it asks for is there."""
    page.goto(f"{address}/catalog/products/")
    page.locator(".head a.primary").click()
    form = page.get_by_role("dialog")
    form.locator("[name=sku]").fill("BR-MULT")
    form.locator("[name=name]").fill("Multigrain loaf 600 g")
    form.locator("[name=category]").select_option(index=1)
    expect(form.locator("[name^=attr_]").first).to_be_visible()
    settled(page)


def cells(page: Page, address: str) -> None:
    """A price is typed over in the list itself."""
    page.goto(f"{address}/catalog/products/?category=1")
    settled(page)
    page.locator("#table tbody a[href$='/price/']").nth(2).click()
    field = page.locator("#table tbody input:not([type=hidden], [type=checkbox])")
    expect(field).to_be_focused()
    field.fill("31.50")


def variants(page: Page, address: str) -> None:
    """The grid of variants with cells that are changed and not saved."""
    of_product(page, address, "CA-BIRT", "variants/")
    for place, price in ((0, "70"), (1, "72"), (3, "115")):
        page.locator("#matrix input.num").nth(place).fill(price)


def pictures(page: Page, address: str) -> None:
    of_product(page, address, "VI-CROI")
    page.locator("#panel-media").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#panel-media').scrollIntoView({ block: 'center' })")
    settled(page)


def packs(page: Page, address: str) -> None:
    """What flour comes in, and a pack that is being added."""
    of_product(page, address, "MA-RYE")
    page.locator("#panel-packs a.push").click()
    form = page.get_by_role("dialog")
    expect(form.locator("[name=quantity]")).to_be_visible()
    form.locator("[name=name]").fill("sack 25 kg")
    form.locator("[name=quantity]").fill("25")
    settled(page)


def price_preview(page: Page, address: str) -> None:
    """Prices typed over in the grid, shown before they are set."""
    page.goto(f"{address}/catalog/price-lists/grid/")
    cells = page.locator("#table td input.input")
    for place, price in ((0, "20.50"), (1, "23.90"), (4, "many"), (8, "168")):
        cells.nth(place).fill(price)
    page.locator("#grid button.primary").click()
    expect(page.locator("form:has([name=changes])")).to_be_visible()
    settled(page)


def price_set(page: Page, address: str) -> None:
    """A price for a crate, from the fifth one on, that begins later."""
    of_product(page, address, "CD-WATE")
    dialog(page, address, page.url.removeprefix(address), "/prices/set/")
    form = page.get_by_role("dialog")
    form.locator("[name=unit]").select_option(index=1)
    form.locator("[name=amount]").fill("54")
    form.locator("[name=min_quantity]").fill("5")
    form.locator("[name=valid_from]").fill((date.today() + timedelta(days=14)).isoformat())


def price_rule(page: Page, address: str) -> None:
    """A change by percentage: each price before and after, those of the list that follows, and what is scheduled."""
    page.goto(f"{address}/catalog/price-lists/")
    counter = page.locator("tbody td a", has_text=re.compile("^(Counter|Balcão)$")).first.evaluate("a => a.pathname")
    page.goto(f"{address}{counter}change/?percentage=5&rounding=ninety&category=1")
    expect(page.locator("form:has([name=changes])")).to_be_visible()
    page.locator("main .alert").first.evaluate("alert => scrollTo(0, alert.getBoundingClientRect().top - 80)")
    settled(page)


def price_list(page: Page, address: str) -> None:
    """A list that follows another one."""
    page.goto(f"{address}/catalog/price-lists/?q=marketplace")
    market = page.locator("tbody td a", has_text="Marketplace").first.evaluate("a => a.pathname")
    dialog(page, address, market, "/edit/")


def promotion_form(page: Page, address: str) -> None:
    """A rule that another one of the same rank could meet is refused."""
    page.goto(f"{address}/catalog/promotions/new/")
    page.locator("main [name=name]").fill("Cookies, Friday")
    page.locator("main [name=value]").fill("15")
    page.locator("main [name=skus]").fill("CA-COOK")
    page.locator("main [name=priority]").fill("20")
    page.locator("main form button.primary").click()
    expect(page.locator("[role=alert]").first).to_be_visible()
    settled(page)


def coupon(page: Page, address: str) -> None:
    """A coupon at the till, which says why it counts for nothing yet."""
    first_tab(page, address)
    page.locator("form.coupon [name=coupon]").fill("amigo10")
    page.locator("form.coupon button").click()
    expect(page.locator("form.coupon .tag")).to_be_visible()
    settled(page)


def take_coupon_off(page: Page) -> None:
    page.locator("form.coupon button").click()
    expect(page.locator("form.coupon [name=coupon].input")).to_be_visible()
    settled(page)


def bulk(page: Page, address: str) -> None:
    """Attributes of several products at once."""
    page.goto(f"{address}/catalog/products/?category=1")
    for box in page.locator("#table [name=ids]").all()[:4]:
        box.check()
    page.locator("#bulk button[value=attributes]").click()
    expect(page.get_by_role("dialog").locator("[name^=attr_]").first).to_be_visible()
    settled(page)


def import_preview(page: Page, address: str) -> None:
    """What a file of products would change."""
    upload(page, address, "products", "prices-december.csv", PRODUCTS)
    expect(page.locator("form[action$='/apply/'] button")).to_be_visible(timeout=30_000)
    page.goto(f"{page.url.split('?')[0]}?tab=changed")
    settled(page)


def shop_upload(page: Page, address: str) -> None:
    """The file of another shop: its format is chosen, and how long a sale without an end lasts."""
    page.goto(f"{address}/transfers/new/products/")
    page.goto(f"{address}{page.get_by_role('link', name='WooCommerce').evaluate('a => a.pathname')}")
    file: FilePayload = {"name": "wc-product-export.csv", "mimeType": "text/csv", "buffer": OTHER_SHOP.encode()}
    page.locator("input[type=file]").set_input_files(files=[file])


def shop_preview(page: Page, address: str) -> None:
    """What would become of the other shop's products; nothing is written yet."""
    shop_upload(page, address)
    page.locator("main form button.primary").click()
    expect(page.locator("form[action$='/apply/'] button")).to_be_visible(timeout=60_000)
    page.goto(f"{page.url.split('?')[0]}?tab=new")
    settled(page)


def shop_pictures(page: Page, address: str) -> None:
    """The other shop's products are written; the list says which pictures could not be fetched, and why."""
    shop_preview(page, address)
    page.locator("form[action$='/apply/'] button").click()
    pictures = page.locator("#panel-pictures")
    expect(pictures.locator("tbody tr")).to_have_count(4, timeout=60_000)
    pictures.scroll_into_view_if_needed()
    settled(page)


def undo_run(page: Page) -> None:
    page.locator("#run a[href$='/undo/']").first.click()
    page.locator("[name=reason]").fill("Only for the picture")
    page.locator("dialog[open] footer button.danger, main form button.danger").last.click()
    expect(page.locator("#run")).to_contain_text("rows were undone", timeout=60_000)


def past_sales(page: Page, address: str) -> None:
    """The names in a till's log, and what they are here."""
    upload(page, address, "past_sales", "till-october.csv", TILL)
    expect(page.locator(".run-names")).to_be_visible(timeout=30_000)


def cancel_run(page: Page) -> None:
    page.locator("form[action$='/cancel/'] button, button[form=cancel]").first.click()
    page.wait_for_load_state()


def pad(page: Page, address: str) -> None:
    """The number pad of the floor, for the first order in work."""
    page.goto(f"{address}/production/orders/?status=in_progress")
    order = page.locator("tbody td a").first.evaluate("a => a.pathname")
    page.goto(f"{address}{order.replace('/production/orders/', '/production/floor/orders/')}report/")
    expect(page.locator(".padcard").first).to_be_visible()
    page.locator("[data-key='1']").click()
    page.locator("[data-key='0']").click()
    settled(page)


def dialog(page: Page, address: str, path: str, entry: str) -> None:
    """The dialog behind an entry of the first row's menu, or behind a button."""
    page.goto(f"{address}{path}")
    settled(page)
    page.locator(f"main a[href*='{entry}']").first.evaluate("link => link.click()")
    expect(page.locator("dialog[open]")).to_be_visible()
    settled(page)


def split(page: Page, address: str) -> None:
    """Part of a lot becomes a lot of its own."""
    page.goto(f"{address}/stock/?q=VI-CROI")
    card = page.locator("tbody td a").first.evaluate("a => a.pathname")
    dialog(page, address, card, "/stock/split/")


def seen(page: Page, address: str) -> None:
    """Somebody has seen an alert, and says what is done about it."""
    page.goto(f"{address}/stock/alerts/?view=new")
    alert = page.locator("tbody tr", has_text="expiring").locator("td a").first.evaluate("a => a.pathname")
    dialog(page, address, alert, "/seen/")
    page.locator("dialog[open] [name=note]").fill("Goes on the counter at half price today.")


def reallocate(page: Page, address: str) -> None:
    """A hold is backed with other stock, or moves up in the queue."""
    page.goto(f"{address}/stock/holds/")
    hold = page.locator("tbody td a").first.evaluate("a => a.pathname")
    dialog(page, address, hold, "/reallocate/")


def receive(page: Page, address: str) -> None:
    """A delivery that is being scanned; nothing is posted."""
    page.goto(f"{address}/stock/receive/")
    for typed in ("MA-BUTT", "MA-CREA"):
        page.locator("#id_scan").fill(typed)
        page.locator("#id_scan").press("Enter")
        expect(page.locator("#receipt-lines b", has_text=" ").first).to_be_visible()
        settled(page)


SCENES: dict[str, Scene] = {
    "product-form": Scene(product_form),
    "cells": Scene(cells),
    "variants": Scene(variants),
    "pictures": Scene(pictures),
    "packs": Scene(packs),
    "price-preview": Scene(price_preview),
    "price-set": Scene(price_set),
    "price-rule": Scene(price_rule),
    "price-list": Scene(price_list),
    "promotion-form": Scene(promotion_form),
    "coupon": Scene(coupon, take_coupon_off),
    "bulk": Scene(bulk),
    "receive": Scene(receive),
    "lot-split": Scene(split),
    "alert-seen": Scene(seen),
    "reallocate": Scene(reallocate),
    "cash": Scene(cash),
    "short": Scene(short, give_up),
    "stock-why": Scene(price_why),
    "palette": Scene(palette),
    "conflict": Scene(conflict),
    "import-preview": Scene(import_preview, cancel_run),
    "shop-upload": Scene(shop_upload),
    "shop-preview": Scene(shop_preview, cancel_run),
    "shop-pictures": Scene(shop_pictures, undo_run),
    "past-sales": Scene(past_sales, cancel_run),
    "floor-report": Scene(pad),
}
