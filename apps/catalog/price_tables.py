"""How prices stand side by side, one column a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Price, PriceList, Product
from apps.catalog.tables import price_text, thumb
from backoffice.ui import tables


class PriceCell(tables.Column):
    """A field for the price of one list: muted when it follows another list. Who may not change it sees it."""

    def __init__(self, price_list: PriceList, *, may: bool) -> None:
        super().__init__(accessor="pk", verbose_name=price_list.name, orderable=False, empty_values=(), css="num pcell")
        self.price_list, self.may, self.table = price_list, may, None

    def bind(self, table: Any, name: str) -> None:
        super().bind(table, name)
        self.table = table

    def cell(self, value: Any, record: Any) -> Any:
        price = self.table.prices.get((record.pk, self.price_list.pk)) if self.table is not None else None
        shown = price_text(price.amount) if price else ""
        if not self.may:
            return shown or "–"
        follows = " follows" if price and price.is_derived else ""
        name, one = f"c{record.pk}-{self.price_list.pk}", escape(self.price_list)
        return SafeString(
            f'<input class="input{follows}" form="grid" name="{name}" value="{escape(shown)}" inputmode="decimal"'
            f' autocomplete="off" aria-label="{escape(record.name)} · {one}"><small>{one}</small>'
        )


def list_columns(lists: Sequence[PriceList], *, may: bool) -> list[tuple[str, PriceCell]]:
    """One column for each list."""
    return [(f"list_{row.pk}", PriceCell(row, may=may)) for row in lists]


class PriceGridTable(tables.Table):
    """Products with the prices of all lists; the view fills in `prices` for the rows of the page."""

    name = tables.WhatColumn(verbose_name=_("Product"), meta="sku", thumb=thumb)
    unit = tables.Column(accessor="unit__code", verbose_name=_("per"), orderable=False, css="muted", card="")

    row_url = None
    prices: dict[tuple[int, int], Price]

    def body(self) -> SafeString:
        """The rows; what they showed goes with them, so that only what somebody changed counts as a change."""
        rows = super().body()
        seen = " ".join(f"{product}-{one}={price.amount}" for (product, one), price in self.prices.items())
        self.sprite = SafeString(f'{self.sprite}<input type="hidden" form="grid" name="seen" value="{seen}">')
        return rows

    class Meta:
        model = Product
        fields = ("name", "unit")
        order_by = ("name",)
