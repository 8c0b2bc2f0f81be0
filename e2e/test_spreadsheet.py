"""A spreadsheet goes out, is changed with an error in it, comes in, is looked at, applied and undone, by clicking."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Download, FilePayload, Page, expect

from apps.catalog.models import Product
from apps.catalog.selectors import prices
from backoffice.accounts.models import User
from backoffice.messages import compile_catalogues
from e2e.steps import opened, press, settled

pytestmark = pytest.mark.django_db(transaction=True)
CHANGES = {
    ("VI-CROI", "name"): "Croissant 80",
    ("BR-BAGU", "price:counter"): "13.5",
    ("BR-SOUR", "barcode"): "12345678",
}
WORDS = {
    "en": ("Excel", "xlsx", "Apply 2 rows", "2 rows were written.", "2 rows were undone.", "check digit"),
    "pt-br": (
        "CSV", "csv", "Aplicar 2 linhas", "2 linhas foram gravadas.", "2 linhas foram desfeitas.", "dígito verificador",
    ),
}  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def translated() -> None:
    """The Portuguese pages need the compiled catalogue, also where one runs this file alone."""
    compile_catalogues()


def path_of(download: Download) -> Path:
    path = download.path()
    assert path is not None
    return Path(path)


def changed(path: Path, kind: str) -> FilePayload:
    """The file with three cells changed, as a person would in a spreadsheet program."""
    out = io.BytesIO()
    if kind == "xlsx":
        book = load_workbook(io.BytesIO(path.read_bytes()))
        names = [cell.value for cell in book.active[1]]
        for line in book.active.iter_rows(min_row=2):
            for (sku, name), value in CHANGES.items():
                if line[0].value == sku:
                    line[names.index(name)].value = float(value) if name.startswith("price") else value
        book.save(out)
    else:
        names, *lines = csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";")
        for line in lines:
            for (sku, name), value in CHANGES.items():
                if line[0] == sku:
                    line[names.index(name)] = value.replace(".", ",") if name.startswith("price") else value
        text = io.StringIO()
        csv.writer(text, delimiter=";").writerows([names, *lines])
        out.write(text.getvalue().encode())
    return {"name": f"goods.{kind}", "mimeType": "application/octet-stream", "buffer": out.getvalue()}


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_a_spreadsheet_round_trip_with_errors(bakery: str, login: Callable[[str, str], Page], language: str) -> None:
    link, kind, apply, written, undone, digit = WORDS[language]
    User.objects.filter(username="manager").update(language=language)
    page = login(bakery, "manager")
    croissant, baguette = Product.objects.get(sku="VI-CROI"), Product.objects.get(sku="BR-BAGU")
    before = croissant.name, prices.current(prices.default_list(), [baguette])[baguette.pk]

    page.goto(f"{bakery}/catalog/products/")
    with page.expect_download() as out:
        page.get_by_role("link", name=link, exact=True).click()
    file = changed(path_of(out.value), kind)

    page.goto(f"{bakery}/transfers/new/products/")
    page.locator("input[type=file]").set_input_files(file)
    press(page.locator("form[enctype] button.primary"))
    run = page.locator("#run")
    expect(run.get_by_role("button", name=apply)).to_be_visible()
    settled(page)
    expect(run).to_contain_text("Croissant 80")
    expect(run).to_contain_text(digit)
    expect(run.locator("mark")).to_have_text("12345678")
    with page.expect_download() as out:
        run.locator("a[download][href$='refused.csv']").first.click()
    _head, *refused = csv.reader(
        io.StringIO(path_of(out.value).read_text("utf-8-sig")), delimiter=";" if kind == "csv" else ","
    )
    assert [(line[0], line[-1]) for line in refused] == [("BR-SOUR", "barcode")]
    assert digit in refused[0][-3]

    run.get_by_role("button", name=apply).click()
    expect(run).to_contain_text(written)
    croissant.refresh_from_db()
    assert croissant.name == "Croissant 80"
    address = page.url
    page.goto(f"{bakery}{baguette.get_absolute_url()}")
    expect(page.locator("main")).to_contain_text("13.50" if language == "en" else "13,50")

    page.goto(address)
    dialog = opened(page.locator("#run a[href$='/undo/']"))
    dialog.locator("[name=reason]").fill("oops")
    dialog.locator("button.danger, button.primary").last.click()
    expect(page.locator("#run")).to_contain_text(undone)
    croissant.refresh_from_db()
    assert (croissant.name, prices.current(prices.default_list(), [baguette])[baguette.pk]) == before
