"""What is printed, as the printer gets it: how many pages, how large, and that nothing is left out of a label."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from apps.inventory.models import Lot

MM = 72 / 25.4
LONG = "Carrot cake with walnuts, cinnamon and cream cheese frosting, a large slice for two people who share"
# Whether all that a label says lies inside it, with its codes as large as scanners and telephones need them.
INSIDE = """label => {
  const box = label.getBoundingClientRect(), mm = box.width / Number(label.dataset.wide);
  const wide = css => label.querySelector(css).getBoundingClientRect().width / mm;
  const bars = label.querySelector(".bars"), modules = Number(bars.getAttribute("viewBox").split(" ")[2]);
  const out = [...label.querySelectorAll("*")].filter(e => {
    const one = e.getBoundingClientRect();
    return one.right > box.right + 1 || one.bottom > box.bottom + 1;
  });
  return [out.map(e => e.tagName), wide(".bars") / modules, wide(".qr")];
}"""


def pages(page: Page) -> list[tuple[int, int]]:
    """Width and height of every page in millimetres."""
    found = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", page.pdf(prefer_css_page_size=True))
    return [(round(float(wide) / MM), round(float(high) / MM)) for wide, high in found]


@pytest.mark.django_db(transaction=True)
def test_labels_of_a_lot_with_a_long_name(busy_bakery: str, page: Page, login: Callable[[str, str], Page]) -> None:
    lot = Lot.objects.filter(product__sku="CA-CARR").latest("pk")
    lot.product.name = LONG
    lot.product.save()
    Lot.objects.filter(pk=lot.pk).update(markdown_percent=30)
    coded = Lot.objects.filter(product__sku="CA-COOK").latest("pk")
    Lot.objects.filter(pk=coded.pk).update(code="SERRA-MILL-2026-11-23-LINE-4-SHIFT-B-BATCH-000123-PALLET-07"[:60])
    login(busy_bakery, "clerk")

    page.goto(f"{busy_bakery}/stock/lots/{lot.pk}/labels/?n=30&first=4")
    assert pages(page) == [(210, 297)] * 2
    page.goto(f"{busy_bakery}/production/lots/{lot.pk}/label/")
    assert pages(page) == [(80, 92)]

    for path, css, wide in (("stock/lots/{}/labels/", ".small", 70), ("production/lots/{}/label/", ".label", 80)):
        page.goto(f"{busy_bakery}/{path.format(lot.pk)}")
        label = page.locator(css).first
        label.evaluate("(label, wide) => { label.dataset.wide = wide }", wide)
        out, module, qr = label.evaluate(INSIDE)
        assert not out, (path, out)
        assert module > 0.24, (path, module)
        assert qr > 14, (path, qr)
        assert "−30 %" in label.inner_text()

    # A long code pushed the last good day off the label, and with it the printer made all of it smaller.
    page.goto(f"{busy_bakery}/production/lots/{coded.pk}/label/")
    assert page.locator(".label").evaluate("label => label.scrollWidth <= label.clientWidth")
    assert pages(page) == [(80, 92)]


# Fifty lines more, before the foot of a sheet.
LONGER = """foot => foot.before(...Array.from({ length: 50 }, () => {
  const line = document.createElement("p");
  line.textContent = "a line";
  return line;
}))"""


def test_a_sheet_of_several_pages_has_margins_on_each(
    bakery: str, page: Page, login: Callable[[str, str], Page]
) -> None:
    """The second page began at the edge of the paper, where nothing is printed, and all said to be the only one."""
    login(bakery, "clerk")
    page.goto(f"{bakery}/stock/picks/")
    page.locator(".pf").evaluate(LONGER)
    assert pages(page) == [(210, 297)] * 2
    page.emulate_media(media="print")
    style = page.locator("main").evaluate("sheet => [getComputedStyle(sheet).page, getComputedStyle(sheet).paddingTop]")
    assert style == ["long", "0px"]
    assert "1 of 1" not in page.locator(".pf").inner_text()
