"""Tables of buying."""

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.inventory.models import PurchaseOrder, Supplier
from backoffice.ui.filters import DateRangeFilter, FilterSet, ModelChoiceFilter
from backoffice.ui.tables import BadgeColumn, BoolColumn, Column, DateColumn, MoneyColumn, Table, WhatColumn

TONES = {"draft": "", "sent": "info", "part": "warn", "received": "ok", "cancelled": ""}


class SupplierTable(Table):
    """Suppliers."""

    name = WhatColumn("name", meta="code", verbose_name=_("Supplier"))
    email = Column(card="", empty_text="–")
    phone = Column(card="", empty_text="–")
    lead_days = Column(verbose_name=_("Days"), css="num", card="stock")
    minimum_order = MoneyColumn(card="price")
    items = Column(accessor="item_count", verbose_name=_("Items"), css="num", card="", orderable=False)
    is_active = BoolColumn(yes=_("active"), no=_("not active"), verbose_name=_("State"), card="status")

    class Meta:
        model = Supplier
        order_by = "name"


class PurchaseTable(Table):
    """Purchase orders, newest first."""

    number = WhatColumn("number", meta="supplier", verbose_name=_("Order"))
    location = Column(accessor="location__name", verbose_name=_("Deliver to"), card="")
    expected_on = DateColumn(card="price", empty_text="–")
    worth = MoneyColumn(verbose_name=_("Worth"), orderable=False, card="stock")
    status = BadgeColumn(tones=TONES)

    class Meta:
        model = PurchaseOrder
        order_by = "-pk"

    def render_status(self, record: PurchaseOrder) -> Any:
        if record.is_late:
            return format_html('<span class="badge bad">{}</span>', gettext("late"))
        return self.columns["status"].column.cell(record.status, record)


class SupplierFilter(FilterSet):
    search_fields = ("name", "code", "email", "document")

    class Meta:
        model = Supplier
        fields: list[str] = []


class PurchaseFilter(FilterSet):
    search_fields = ("number", "supplier__name", "note")

    supplier = ModelChoiceFilter(
        queryset=lambda request: Supplier.objects.order_by("name"), label=_("Supplier"), empty_label=_("Supplier")
    )
    expected = DateRangeFilter("expected_on", label=_("Expected"))

    class Meta:
        model = PurchaseOrder
        fields: list[str] = []
