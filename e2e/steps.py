"""How a test waits: for what a click brings, never for time. A count or a database is only asked after that."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote_plus

from playwright.sync_api import Locator, Page, Response, expect

PASSWORD = "let-me-in-demo"
BUSY = ".htmx-request, .htmx-swapping, .htmx-settling"


def settled(page: Page) -> None:
    """What was asked for has come and is wired up. A person takes longer; before it, a link is just a link."""
    expect(page.locator(BUSY)).to_have_count(0)


@contextmanager
def loading(page: Page) -> Iterator[None]:
    """What is done inside loads a page; afterwards it is there with all its parts. Also where no script runs."""
    with page.expect_navigation(wait_until="load"):
        yield
    settled(page)


def press(button: Locator) -> None:
    """Click what loads a page, a button of a form or a link, and wait for that page."""
    with loading(button.page):
        button.click()


@contextmanager
def answered(page: Page, path: str = "", *, method: str = "POST", status: int = 200) -> Iterator[None]:
    """What is done inside sends this to an address with `path` in it; afterwards the answer is in its place."""

    def wanted(answer: Response) -> bool:
        return answer.request.method == method and answer.status == status and path in unquote_plus(answer.url)

    with page.expect_response(wanted):
        yield
    settled(page)


def opened(link: Locator) -> Locator:
    """Click what opens a dialog. Returns the dialog, wired up."""
    dialog = link.page.get_by_role("dialog")
    link.click()
    expect(dialog).to_be_visible()
    settled(link.page)
    return dialog


def sign_in(page: Page, address: str, username: str) -> None:
    """Through the login page, to the page after it."""
    page.goto(f"{address}/accounts/login/")
    page.locator("input[name=username]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    press(page.locator("form:has(input[name=password]) button.primary"))
    expect(page.locator("input[name=password]")).to_have_count(0)
