"""Every page that can be reached by links: no error, no console error, axe content, nothing wider than the screen."""

from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

LEFT_OUT = {"accounts:logout", "observability:healthz", "observability:readyz"}
VIEWS: tuple[tuple[int, Any], ...] = ((1440, "light"), (390, "dark"))
NARROW = (360, 640)  # a small phone; a laptop of 1280 at 200 %
# How much wider than the screen the page is, and the tables that would have to be pushed sideways.
TOO_WIDE = """() => [
  document.documentElement.scrollWidth - innerWidth,
  [...document.querySelectorAll("table")].flatMap(table => {
    const around = table.closest(".tw, .scroll, section, form, main") ?? document.body;
    const shown = table.checkVisibility() && table.getBoundingClientRect().width > 1;
    return shown && table.scrollWidth > around.clientWidth + 1
      ? [`${table.className} ${table.scrollWidth} in ${around.clientWidth}`] : [];
  }),
]"""
DOWNLOADS = (".pdf", ".csv", ".xlsx")


def walk(page: Page, address: str, look: Callable[[str], None]) -> set[str]:
    """Open one page of every URL name that links lead to, beginning at home. Returns the names."""
    queue, seen = deque(["/"]), set()
    while queue:
        path = queue.popleft()
        try:
            match = resolve(urlsplit(path).path)
        except Resolver404:
            continue
        name = match.view_name
        if name in seen or name in LEFT_OUT or urlsplit(path).path.endswith(DOWNLOADS) or "export=" in path:
            continue
        seen.add(name)
        try:
            answer = page.goto(f"{address}{path}")
        except PlaywrightError as error:
            if "Download is starting" not in str(error):
                raise
            continue  # a file, not a page
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status == 200, f"{path}: {answer.status}"
        # Panels of other apps load by themselves; boards poll for ever, so idleness is not what to wait for.
        expect(page.locator(".htmx-request")).to_have_count(0)
        look(f"{name} {path}")
        links = page.locator("a[href]").evaluate_all("found => found.map(a => a.getAttribute('href'))")
        queue.extend(link for link in links if link.startswith("/") and not link.startswith(("/static/", "/media/")))
    return seen


@pytest.mark.long
@pytest.mark.parametrize(("width", "scheme"), VIEWS, ids=["wide-light", "phone-dark"])
@pytest.mark.django_db(transaction=True)
def test_every_page(busy_bakery: str, page: Page, login: Callable[[str, str], Page], width: int, scheme: Any) -> None:
    axe, problems = Axe(), []

    def look(where: str) -> None:
        check(f"{where} ({width}, {scheme})")
        if width == 1440:
            return
        for narrow in NARROW:
            page.set_viewport_size({"width": narrow, "height": 800})
            wider, tables = page.evaluate(TOO_WIDE)
            if wider > 1 or tables:
                problems.append(f"{where} ({narrow}): {wider} px wider than the screen, tables {tables}")
        page.set_viewport_size({"width": width, "height": 900})

    def check(where: str) -> None:
        found = axe.run(page)
        for violation in found.response["violations"]:
            if violation["impact"] in {"serious", "critical"}:
                nodes = [node["html"][:160] for node in violation["nodes"][:2]]
                problems.append(f"{where}: {violation['id']} ({violation['impact']}) {nodes}")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 1:
            problems.append(f"{where}: {wide} px wider than the screen")

    # Each page loads in its theme: one whose theme changes under it has colours of both for a moment.
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    login(busy_bakery, "owner")
    seen = walk(page, busy_bakery, look)

    assert not problems, "\n".join(problems)
    assert len(seen) > 60, sorted(seen)
