"""The home page says a number and leads to the list that proves it, whoever looks."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backoffice.composition import ROLES
from e2e.steps import press

OF = re.compile(r"of ([\d,]+)")


@pytest.mark.django_db(transaction=True)
def test_every_number_is_that_of_its_list(busy_bakery: str, plain: Callable[[str, str], Page]) -> None:
    """Without scripts, so that nothing changes between the number and its list."""
    wrong, looked = [], 0
    for role in ROLES:
        page = plain(busy_bakery, role)
        tiles = page.locator("#waits a")
        for at in range(tiles.count()):
            said, label = tiles.nth(at).locator(".v").inner_text(), tiles.nth(at).locator(".k").inner_text()
            press(tiles.nth(at))
            expect(page.locator("main")).to_be_visible()
            table = page.locator("#table")
            rows = OF.search(table.inner_text())
            there = rows[1] if rows else str(table.locator("tbody tr").count())
            if there != said:
                wrong.append(f"{role}: {label} says {said}, its list has {there}")
            looked += 1
            page.goto(f"{busy_bakery}/")

    assert wrong == []
    assert looked > 15
