"""Customers by clicking, with scripts and without."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from apps.crm.models import Customer
from apps.crm.selectors.loyalty import differences
from e2e.steps import opened, press, settled

pytestmark = pytest.mark.django_db(transaction=True)
CPF = "390.533.447-05"


def test_the_manager_keeps_a_customer(bakery: str, login: Callable[[str, str], Page]) -> None:
    page = login(bakery, "manager")
    page.goto(f"{bakery}/customers/")
    dialog = opened(page.get_by_role("link", name="New customer").first)
    dialog.get_by_label("Name", exact=True).fill("Corner café")
    document = dialog.get_by_label("CPF or CNPJ")
    document.fill("390.533.447-06")
    # A field that was made larger and small again keeps an empty style; the answer's field must not be given it.
    document.evaluate("field => { field.style.height = '4rem'; field.style.height = ''; }")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("[role=alert], .error").first).to_contain_text("CPF")
    settled(page)
    dialog.get_by_label("CPF or CNPJ").fill(CPF)
    dialog.get_by_label("Telephone").fill("41 98840 2217")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("Corner café is now a customer")
    settled(page)
    press(page.locator("#table").get_by_role("link", name="Corner café"))

    expect(page.get_by_role("heading", name="Corner café")).to_be_visible()
    page.get_by_label("Note").fill("Rings the side door")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#crm-timeline .tl")).to_contain_text("Rings the side door")
    settled(page)
    opened(page.locator("#crm-statement").get_by_role("link", name="Correct"))
    dialog.get_by_label("Points").fill("25")
    dialog.get_by_label("Reason").fill("old card")
    dialog.get_by_role("button", name="Correct").click()
    expect(page.locator("#crm-figures")).to_contain_text("25")
    expect(page.locator("#crm-statement")).to_contain_text("25")
    expect(page.locator("#crm-timeline")).to_contain_text("old card")
    expect(dialog).to_have_count(0)
    settled(page)
    opened(page.locator("#crm-addresses").get_by_role("link", name="Add"))
    dialog.get_by_label("Street").fill("Rua das Flores")
    dialog.get_by_label("City").fill("Curitiba")
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#crm-addresses li")).to_contain_text("Rua das Flores")
    expect(dialog).to_have_count(0)
    settled(page)

    page.keyboard.press("Control+k")
    page.keyboard.type("corner")
    expect(
        page.get_by_role("option", name=re.compile("Corner café")).or_(page.get_by_text("Corner café")).last
    ).to_be_visible()
    assert differences() == []


def test_all_of_it_works_without_scripts(bakery: str, plain: Callable[[str, str], Page]) -> None:
    page = plain(bakery, "manager")
    page.goto(f"{bakery}/customers/new/")
    page.get_by_label("Name", exact=True).fill("Corner café")
    page.get_by_label("Street").fill("Rua das Flores")
    page.get_by_label("City").fill("Curitiba")
    press(page.locator("main").get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", name="Corner café")).to_be_visible()
    press(page.locator("#crm-timeline").get_by_role("link", name="Open"))
    page.get_by_label("Note").fill("Rings the side door")
    press(page.get_by_role("button", name="Add note"))
    expect(page.locator("#crm-timeline")).to_contain_text("Rings the side door")
    press(page.get_by_role("navigation", name="Timeline").get_by_role("link", name="Points"))
    expect(page.locator("#crm-timeline")).not_to_contain_text("Rings the side door")
    press(page.locator("#crm-addresses").get_by_role("link", name=re.compile("^Edit")))
    page.get_by_label("Number").fill("7")
    press(page.locator("main").get_by_role("button", name="Save"))
    expect(page.locator("#crm-addresses")).to_contain_text("Rua das Flores 7")
    press(page.locator("main .phead").get_by_role("link", name="Edit"))
    page.get_by_label("Name", exact=True).fill("Corner shop")
    press(page.locator("main").get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", name="Corner shop")).to_be_visible()
    press(page.locator("#crm-addresses").get_by_role("link", name=re.compile("^Remove")))
    press(page.locator("main").get_by_role("button", name="Delete"))

    expect(page.locator("#crm-addresses")).to_contain_text("No address yet")
    assert Customer.objects.get(name="Corner shop").revision == 2
