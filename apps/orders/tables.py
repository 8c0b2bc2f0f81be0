"""How orders and channels stand in a list."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.orders.models import Channel, Order
from backoffice.ui import tables


def _who(order: Order) -> str:
    return order.customer_name or str(order.channel)


class OrderTable(tables.Table):
    """Orders, the newest first."""

    number = tables.WhatColumn("code", meta=_who, verbose_name=_("Order"), order_by=("placed_at", "id"))
    placed_at = tables.DateTimeColumn(verbose_name=_("Placed"))
    needed_at = tables.DateTimeColumn(verbose_name=_("Promised for"), empty_text="–")
    channel = tables.Column(verbose_name=_("Channel"), order_by=("channel__name",))
    status = tables.BadgeColumn(verbose_name=_("State"), tones=Order.TONES, quiet=("completed",))
    units = tables.QuantityColumn(verbose_name=_("Units"), css="num broad", card="")
    paid = tables.MoneyColumn(verbose_name=_("Paid"), card="")
    total = tables.MoneyColumn(verbose_name=_("Total"))

    class Meta:
        model = Order
        order_by = ("-placed_at",)
        when_few = ("needed_at", "channel", "status", "units", "paid")


class ChannelTable(tables.Table):
    """Channels in their order."""

    name = tables.WhatColumn("name", meta="get_kind_display", verbose_name=_("Channel"))
    code = tables.Column(verbose_name=_("Code"))
    price_list = tables.Column(verbose_name=_("Price list"), order_by=("price_list__name",))
    acceptance = tables.Column(
        accessor="get_acceptance_display", verbose_name=_("Orders are accepted"), orderable=False
    )
    is_active = tables.BoolColumn(verbose_name=pgettext_lazy("a channel", "Open"), yes=_("Yes"), no=_("No"))

    class Meta:
        model = Channel
        order_by: ClassVar[tuple[str, ...]] = ("name",)

    def row_tone(self, record: Any) -> str:
        return ""
