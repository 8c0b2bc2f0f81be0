"""The list as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from apps.catalog.models import Product
from apps.catalog.resources import ProductImporter
from backoffice.transfers.importer import Row
from backoffice.transfers.neutral import restore

from .factories import make_product

pytestmark = pytest.mark.django_db
AsUser = Callable[..., Client]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_of_the_list_is_unchanged_when_imported(as_user: AsUser, everything: Product, kind: str) -> None:
    make_product("-1 tricky; “name”", sku="=X", price="4.2567")
    client = as_user("catalog.view_product", "catalog.export_product")

    content = b"".join(client.get(reverse("catalog:product_list"), {"export": kind, "q": "croissant"}))
    assert len(rows_of(kind, content)) == 1
    rows = rows_of(kind, b"".join(client.get(reverse("catalog:product_list"), {"export": kind})))

    class Run:
        options: dict[str, Any] = {}
        mapping: dict[str, Any] = {}

    results = ProductImporter(Run()).check([Row(number, cells) for number, cells in enumerate(rows, start=2)])  # type: ignore[arg-type]
    assert [result.outcome for result in results] == ["unchanged", "unchanged"]


def rows_of(kind: str, content: bytes) -> list[dict[str, str]]:
    if kind == "csv":
        table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    else:
        sheet = load_workbook(io.BytesIO(content)).active
        table = [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    return [dict(zip(table[0], map(restore, row), strict=True)) for row in table[1:]]


def test_the_file_needs_its_own_permission(as_user: AsUser, everything: Product) -> None:
    assert as_user("catalog.view_product").get(reverse("catalog:product_list"), {"export": "csv"}).status_code == 403
