"""A new product with variants, photos and prices, by clicking, in both languages."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from apps.catalog.models import Attribute, Product
from apps.catalog.selectors import prices
from backoffice.accounts.models import User
from backoffice.messages import compile_catalogues
from e2e.steps import answered, opened, press, settled

pytestmark = pytest.mark.django_db(transaction=True)
PASTE = """(cell) => {
    const copied = new DataTransfer();
    copied.setData("text/plain", "31\\t32\\n41\\t42\\n");
    cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: copied, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="session", autouse=True)
def translated() -> None:
    """The Portuguese pages need the compiled catalogue, also where one runs this file alone."""
    compile_catalogues()


def picture(name: str, colour: str) -> FilePayload:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(data, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": data.getvalue()}


@pytest.mark.parametrize(
    ("language", "product", "variants", "changed", "saved"),
    [
        ("en", "Layer cake", "Variants", "4 cells changed", "4 variants saved"),
        ("pt-br", "Bolo de camadas", "Variações", "4 células alteradas", "4 variações salvas"),
    ],
)
def test_a_new_product_with_variants_photos_and_prices(
    bakery: str, login: Callable[[str, str], Page], language: str, product: str, variants: str, changed: str, saved: str
) -> None:
    User.objects.filter(username="manager").update(language=language)
    page = login(bakery, "manager")
    # The form asks for what the category needs as soon as one is chosen.
    page.goto(f"{bakery}/catalog/products/")
    dialog = opened(page.locator(".head a.primary"))
    dialog.locator("[name=sku]").fill("CA-LAYER")
    dialog.locator("[name=name]").fill(product)
    dialog.locator("[name=kind]").select_option("configurable")
    settled(page)
    expect(dialog.locator("#asked input:visible, #asked select")).to_have_count(0)
    dialog.locator("[name=category]").select_option(str(Product.objects.get(sku="CA-BIRT").category_id))
    expect(dialog.locator("#asked select, #asked input:visible").first).to_be_visible()
    settled(page)
    dialog.locator("button.primary").click()
    expect(page.locator("#toasts")).to_contain_text(product)
    made = Product.objects.get(sku="CA-LAYER")

    # Two photos at once; the first is the cover, and with an arrow key the other.
    page.goto(f"{bakery}{made.get_absolute_url()}")
    settled(page)
    page.locator("[data-upload] input[type=file]").set_input_files(
        [picture("one.png", "chocolate"), picture("two.png", "orange")]
    )
    expect(page.locator("[data-media]")).to_have_count(2)
    settled(page)
    first, second = made.media.order_by("position")
    with answered(page, "/media/"):
        page.locator("[data-media]").nth(1).press("ArrowLeft")
    expect(page.locator("[data-media] .tag").first).to_be_visible()
    assert list(made.media.order_by("position")) == [second, first]

    # Axes, combinations with SKUs from a pattern, then the grid.
    press(page.get_by_role("link", name=variants).first)
    opened(page.locator("#matrix .empty a.primary"))
    expect(dialog.locator("[name=axes]")).to_have_count(2)
    for box in dialog.locator("[name=axes]").all():
        box.check()
    dialog.locator("button.primary").click()
    expect(dialog).to_have_count(0)
    settled(page)
    opened(page.locator("#matrix .empty a[href*=make]"))
    boxes = dialog.locator("[name=combinations]")
    expect(boxes).to_have_count(9)
    last = last_of(made)
    for box in boxes.all():
        if str(box.get_attribute("value")).endswith(last):
            box.uncheck()
    dialog.locator("[name=price]").fill("30")
    dialog.locator("button.primary").click()
    cells = page.locator("#matrix input.num")
    expect(cells).to_have_count(6)
    settled(page)
    cells.first.focus()
    cells.first.evaluate(PASTE)
    expect(page.locator("[data-many]")).to_have_text(changed)
    page.locator("#matrix .savebar button").click()
    expect(page.locator("#toasts")).to_contain_text(saved)
    expect(cells.first).to_have_value("31.00" if language == "en" else "31,00")

    found = {row.pk: row for row in made.variants.all()}
    assert sorted(prices.current(prices.default_list(), found).values()) == [30, 30, 31, 32, 41, 42]
    assert len({row.sku for row in found.values()}) == 6
    assert made.media.count() == 2
    page.goto(f"{bakery}/catalog/products/?q=CA-LAYER")
    expect(page.locator("#table tbody tr")).to_have_count(7)
    expect(page.locator(f"#facet-list label:has([value='{made.category_id}']) span")).to_have_text("7")


DROP = """(target, bytes) => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([new Uint8Array(bytes)], "three.png", { type: "image/png" }));
    const event = new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
    return event.defaultPrevented;
}"""
LAST = """async ([page, media]) => {
    const shown = await (await fetch(page)).text();
    return shown.lastIndexOf('data-media="') === shown.lastIndexOf(`data-media="${media}"`);
}"""


def test_pictures_dropped_beside_the_field_are_taken_and_an_order_made_while_leaving_is_kept(
    bakery: str, login: Callable[[str, str], Page]
) -> None:
    page = login(bakery, "manager")
    bread = Product.objects.get(sku="BR-RYE")
    page.goto(f"{bakery}{bread.get_absolute_url()}")
    settled(page)
    shots = page.locator("[data-media]")
    before = bread.media.count() + 2
    page.locator("[data-upload] input[type=file]").set_input_files(
        [picture("one.png", "chocolate"), picture("two.png", "orange")]
    )
    expect(shots).to_have_count(before)
    settled(page)

    # Beside the field, on a picture that is there; the browser would open the file in place of the page.
    data = list(picture("three.png", "gold")["buffer"])
    assert page.locator(".shots").evaluate(DROP, data)
    expect(shots).to_have_count(before + 1)
    settled(page)

    ids = [shots.nth(place).get_attribute("data-media") for place in range(before + 1)]
    shots.last.press("ArrowLeft")
    page.goto(f"{bakery}/catalog/products/")
    page.wait_for_function(LAST, arg=[bread.get_absolute_url(), str(ids[-2])])
    page.goto(f"{bakery}{bread.get_absolute_url()}")
    expect(shots.nth(before - 1)).to_have_attribute("data-media", str(ids[-1]))


def last_of(product: Product) -> str:
    """The code of the last choice of the last axis."""
    code = Product.objects.get(pk=product.pk).axes[-1]
    return f"|{Attribute.objects.get(code=code).options[-1]['code']}"
