"""Cells that nobody types, and that come all the same."""

import io
from decimal import Decimal

import pytest

from backoffice.transfers import files
from backoffice.transfers.rows import BadCell, Row


@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "-" + "9" * 20 + ".5"])
def test_a_number_with_more_digits_than_anything_has_is_refused_in_words(number):
    row = Row(2, {"rate": number}, style="dot")
    with pytest.raises(BadCell, match="too long"):
        row.decimal("rate", places=4)
    assert Row(2, {"rate": "9" * 17}, style="dot").decimal("rate", places=4) == Decimal("9" * 17)


def test_a_sign_that_no_database_keeps_is_left_out():
    content = "SKU;Name\nPA\0-1;Brea\0d\n".encode("utf-16")
    with files.opened(io.BytesIO(content), kind="csv", style="dot") as sheet:
        assert list(sheet.lines) == [(2, ["PA-1", "Bread"])]
