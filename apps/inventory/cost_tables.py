"""The list of cost corrections, and what other lists say of them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.inventory.models import CostCorrection, StockOperation
from backoffice.ui.filters import DateRangeFilter, FilterSet
from backoffice.ui.tables import BadgeColumn, Column, DateTimeColumn, LinkColumn, MoneyColumn, Table, WhatColumn

TONES = {"draft": "warn", "applying": "info", "applied": "ok", "discarded": ""}


class CorrectionTable(Table):
    """Corrections of what receipts cost."""

    number = WhatColumn("number", meta="reason", verbose_name=_("Correction"), order_by=("id",))
    receipt = LinkColumn(
        url=lambda row: row.receipt.get_absolute_url(), verbose_name=_("Goods receipt"), orderable=False, card=""
    )
    difference = MoneyColumn(verbose_name=_("Difference"), card="stock")
    reference = Column(css="broad", card="", empty_text="–")
    created_by = Column(accessor="created_by__name", verbose_name=_("By"), card="", empty_text=_("system"))
    created_at = DateTimeColumn(verbose_name=_("When"), card="price")
    status = BadgeColumn(tones=TONES)

    class Meta:
        model = CostCorrection
        order_by = "-number"


class MovedColumn(MoneyColumn):
    """What the stock was worth that moved. A corrected cost moves money there and back: its sum says nothing."""

    card = ""

    def cell(self, value: Any, record: StockOperation) -> Any:
        return super().cell(self.export(value, record), record)

    def export(self, value: Any, record: StockOperation) -> Any:
        return None if record.kind == StockOperation.Kind.CORRECTION else value


class CorrectionFilter(FilterSet):
    search_fields = ("number", "reason", "reference")

    created = DateRangeFilter("created_at", label=_("When"), instant=True)

    class Meta:
        model = CostCorrection
        fields: list[str] = []
