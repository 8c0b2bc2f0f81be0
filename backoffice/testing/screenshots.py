"""`make screenshots`: the pictures that the guide shows, taken of the running demo (`make run` beside it)."""

import argparse
import re
import sys
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from backoffice.testing import browser
from backoffice.testing.scenes import SCENES

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "guide"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
PASSWORD = "let-me-in-demo"
# name: where it is found; selectors, parted by |, lead from there to the first thing of a list and on
PAGES: dict[str, tuple[str, str]] = {
    "home": ("/", ""),
    "products": ("/catalog/products/", ""),
    "search": ("/catalog/products/?q=strawberry", ""),
    "product": ("/catalog/products/?q=VI-CROI", "tbody td a"),
    "prices": ("/catalog/price-lists/", "tbody td a"),
    "schema": ("/catalog/categories/", "main a[href*='/categories/'][href$='/attributes/']"),
    "bundle": ("/catalog/products/?q=SH-BASK", "tbody td a|a[href$='/parts/']"),
    "price-chart": ("/catalog/products/?q=SH-GRAN", "tbody td a|a[href$='/prices/']"),
    "promotion-calendar": ("/catalog/promotions/calendar/", ""),
    "promotion-try": (
        "/catalog/promotions/try/?basket=3+%C3%97+CA-COOK%0A2+BR-SOUR%0ACO-ESPR"
        "&channel=counter&at=2026-12-14T19:30&coupon=amigo10",
        "",
    ),
    "import": ("/transfers/new/products/", ""),
    "stock": ("/stock/", ""),
    "stock-card": ("/stock/?q=VI-CROI", "tbody td a"),
    "lots": ("/stock/lots/", ""),
    "lot": ("/stock/lots/?q=VI-CROI", "tbody td a"),
    "places": ("/stock/locations/", ""),
    "recall": ("/stock/lots/?q=MA-FL65", "tbody td a|a[href$='/trace/']"),
    "picks": ("/stock/picks/", ""),
    "holds": ("/stock/holds/", ""),
    "hold": ("/stock/holds/?view=waiting", "tbody td a"),
    "buy": ("/stock/purchases/suggestions/", ""),
    "purchase": ("/stock/purchases/?q=MILL", "tbody td a"),
    "count": ("/stock/counts/", "tbody td a"),
    "count-enter": ("/stock/counts/", "tbody td a|a[href$='/enter/']"),
    "stock-value": ("/stock/value/", ""),
    "alerts": ("/stock/alerts/", ""),
    "alert": ("/stock/alerts/?view=seen", "tbody td a"),
    "books": ("/console/books/", ""),
    "recipes": ("/production/recipes/", ""),
    "recipe": ("/production/recipes/?q=VI-CROI", "tbody td a"),
    "plan": ("/production/plan/", ""),
    "floor": ("/production/floor/", ""),
    "work-orders": ("/production/orders/", ""),
    "work-order": ("/production/orders/?q=VI-CROI&view=done", "tbody td a"),
    "customers": ("/customers/", ""),
    "customer": ("/customers/?q=CU-D01", "tbody td a"),
    "sale": ("/orders/sale/", ".open-tabs a"),
    "board": ("/orders/board/", ""),
    "orders": ("/orders/", ""),
    "jobs": ("/console/jobs/", ""),
    "health": ("/console/health/", ""),
    "people": ("/accounts/people/", ""),
    "order": ("/orders/?view=open", "tbody td a"),
    "day-sheet": ("/production/plan/", "a[href$='/sheet/']"),
    "weighing-list": ("/production/plan/", "a[href$='/weighing/']"),
    "batch-sheet": ("/production/orders/?q=VI-CROI", "tbody td a|a[href$='/sheet/']"),
    "label": ("/production/orders/?q=VI-CROI&view=done", "tbody td a|a[href$='/labels/']"),
}
LOOKS: dict[str, tuple[int, Literal["light", "dark"]]] = {
    "1440": (1440, "light"),
    "1440-dark": (1440, "dark"),
    "390": (390, "light"),
}


def open_page(page: Page, address: str, path: str, first: str) -> None:
    page.goto(f"{address}{path}")
    for step in filter(None, first.split("|")):
        if (link := page.locator(step)).count():
            page.goto(f"{address}{link.first.evaluate('a => a.pathname')}")
    expect(page.locator(".htmx-request")).to_have_count(0)
    page.wait_for_timeout(300)


def shown(look: str) -> list[str]:
    """The pictures of this look that the pages of the guide show."""
    texts = "".join(page.read_text(encoding="utf-8") for page in sorted(GUIDE.glob("*.md")))
    named = set(re.findall(rf"\(([a-z-]+)-{look}\.png\)", texts))
    return [name for name in (*PAGES, *SCENES) if name in named]


def shrink(path: Path) -> None:
    """256 colours are enough for a screen, and a third of the size."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--to", type=Path, default=GUIDE)
    parser.add_argument("--only", nargs="*", choices=[*PAGES, *SCENES], help="else those that the guide shows")
    parser.add_argument("--looks", nargs="*", default=list(LOOKS), choices=list(LOOKS))
    asked = parser.parse_args()
    asked.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser.find_or_install(), args=FLAGS)
        for look in asked.looks:
            width, scheme = LOOKS[look]
            page = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
            page.goto(f"{asked.address}/accounts/login/")
            page.locator("input[name=username]").fill("owner")
            page.locator("input[name=password]").fill(PASSWORD)
            page.locator("form:has(input[name=password]) button.primary").click()
            for name in asked.only or shown(look):
                if name in SCENES:
                    SCENES[name].before(page, asked.address)
                else:
                    open_page(page, asked.address, *PAGES[name])
                path = asked.to / f"{name}-{look}.png"
                page.screenshot(path=path)
                shrink(path)
                print(f"{name}-{look}.png")
                if name in SCENES:
                    SCENES[name].after(page)
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
