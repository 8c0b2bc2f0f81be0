"""Tables of the counts."""

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.inventory.models import StockCount
from backoffice.ui.tables import BadgeColumn, Column, DateTimeColumn, Table, WhatColumn

TONES = {"open": "info", "approval": "warn", "posted": "ok"}


class CountTable(Table):
    """Counts, newest first."""

    number = WhatColumn("number", meta="note", verbose_name=_("Count"))
    scope = Column(accessor="pk", verbose_name=_("What"), orderable=False, card="")
    counted = Column(accessor="done", verbose_name=_("Counted"), orderable=False, card="stock", css="num")
    created_at = DateTimeColumn(verbose_name=_("Started"), card="price")
    started_by = Column(accessor="started_by__name", verbose_name=_("By"), card="", empty_text="–")
    status = BadgeColumn(tones=TONES)

    class Meta:
        model = StockCount
        order_by = "-created_at"

    def render_scope(self, record: StockCount) -> Any:
        return scope_of(record)

    def render_counted(self, record: StockCount) -> Any:
        return format_html(
            "{}",
            gettext("%(done)s of %(lines)s") % {"done": record.done, "lines": record.all_lines},  # type: ignore[attr-defined]
        )


def scope_of(count: StockCount) -> str:
    """What is counted, in a few words. Prefetch `products` for many."""
    parts = [str(thing) for thing in (count.location, count.category) if thing]
    if listed := len(count.products.all()):
        parts.append(gettext("%(count)s listed products") % {"count": listed})
    return ", ".join(parts) or gettext("everything")
