"""How a test waits: for what a click brings, never for time. A count or a database is only asked after that."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, expect

PASSWORD = "let-me-in-demo"
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling"


def settled(page: Page) -> None:
    """What was swapped in is wired up. A person takes longer than that; before it, a link is just a link."""
    expect(page.locator(BUSY)).to_have_count(0)


@contextmanager
def loading(page: Page) -> Iterator[None]:
    """What is done inside loads a page; afterwards it is there, to its end. Also where no script runs."""
    with page.expect_navigation(wait_until="load"):
        yield


def press(button: Locator) -> None:
    """Click what loads a page, a button of a form or a link, and wait for that page."""
    with loading(button.page):
        button.click()


def sign_in(page: Page, address: str, username: str) -> None:
    """Through the login page, to the page after it."""
    page.goto(f"{address}/accounts/login/")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    press(page.locator("form:has(input[name=password]) button.primary"))
    expect(page.locator("input[name=password]")).to_have_count(0)
