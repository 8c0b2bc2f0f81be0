"""How customers stand in a list."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _

from apps.crm.models import Customer, documents
from backoffice.ui import tables
from backoffice.ui.permissions import may


class DocumentColumn(tables.Column):
    """A CPF or CNPJ; masked, on the screen and in files, for who may not see documents."""

    whole = False

    def bind(self, table: Any, name: str) -> None:
        request = getattr(table, "request", None)
        self.whole = request is not None and may(request.user, "crm.view_document")

    def draw(self, value: Any, record: Any) -> Any:
        return documents.formatted(value) if self.whole else documents.masked(value)

    def export(self, value: Any, record: Any) -> Any:
        return self.draw(value, record) if value else ""


class TagsColumn(tables.Column):
    """Words, each a label."""

    def cell(self, value: Any, record: Any) -> Any:
        words = format_html_join(" ", '<span class="tag">{}</span>', ((word,) for word in value or ()))
        return format_html('<span class="hrow n">{}</span>', words) if words else ""

    def export(self, value: Any, record: Any) -> Any:
        return ", ".join(value)


class CustomerTable(tables.Table):
    """Whom we sell to, when they were last here and what they are worth."""

    name = tables.WhatColumn(
        verbose_name=_("Customer"),
        meta=lambda row: f"{row.code} · {row.trade_name}" if row.trade_name else row.code,
        thumb=lambda row: ("building-2" if row.kind == Customer.Kind.COMPANY else "user", ""),
    )
    document = DocumentColumn(verbose_name=_("CPF or CNPJ"), orderable=False, css="code nw")
    phone = tables.Column(
        accessor="phone_formatted", verbose_name=_("Telephone"), orderable=False, css="nw", card="stock"
    )
    tags = TagsColumn(verbose_name=_("Tags"), orderable=False, css="broad")
    orders_count = tables.NumberColumn(verbose_name=_("Orders"))
    spent = tables.MoneyColumn(verbose_name=_("Spent"), card="price")
    last_at = tables.DateColumn(verbose_name=_("Last purchase"), card="status", empty_text=_("never"))
    points = tables.NumberColumn(verbose_name=_("Points"), css="num broad")

    class Meta:
        model = Customer
        fields = ("name", "document", "phone", "tags", "orders_count", "spent", "last_at", "points")
        order_by = ("name",)
        when_few = ("orders_count", "spent", "last_at", "points")
