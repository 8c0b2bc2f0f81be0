"""The table of alerts."""

from typing import Any

from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.inventory.models import StockAlert
from backoffice.ui.actions import Action
from backoffice.ui.tables import BadgeColumn, Column, DateTimeColumn, Table, WhatColumn
from backoffice.ui.templatetags.ui import ago

TONES = {"low": "bad", "expired": "bad", "waiting": "bad", "expiring": "warn", "margin": "warn"}


def is_unseen(alert: StockAlert) -> bool:
    return alert.state == "new"


class AlertTable(Table):
    """What crossed a line, since when, and who has seen it."""

    product = WhatColumn(
        "product__name",
        meta=lambda row: row.product.sku if row.lot is None or row.lot.is_silent else row.lot.code,
        verbose_name=_("What"),
        order_by=("product__name", "id"),
        thumb=lambda row: (row.product.shown_icon, row.product.hue),
    )
    kind = BadgeColumn(tones=TONES, verbose_name=_("Alert"), card="status")
    says = Column(verbose_name=_("Figures"), orderable=False, card="note")
    raised_at = DateTimeColumn(verbose_name=_("Since"), card="price")
    seen = Column(
        accessor="acknowledged_by__name",
        empty_text="–",
        verbose_name=_("Seen by"),
        css="broad",
        card="",
        order_by=("acknowledged_at", "id"),
    )

    class Meta:
        model = StockAlert
        row_url = "inventory:alert_detail"
        order_by = "-raised_at"
        row_actions = [
            Action(
                _("Seen"),
                "inventory:alert_acknowledge",
                "inventory.acknowledge_stockalert",
                icon="check",
                when=is_unseen,
            )
        ]

    def render_raised_at(self, record: StockAlert) -> Any:
        if record.resolved_at is None:
            return ago(record.raised_at)
        return format_html('{} <small class="muted">{}</small>', ago(record.raised_at), self._over(record))

    def _over(self, record: StockAlert) -> Any:
        return format_html("· {} {}", gettext("over"), ago(record.resolved_at))
