"""Channels: where orders come from, and the rules there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.orders.forms import ChannelForm
from apps.orders.models import Channel
from apps.orders.services import channels
from apps.orders.tables import ChannelTable
from backoffice.ui.screens import (
    Action,
    Badge,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    Fact,
    HistoryScreen,
    ListScreen,
    Tab,
)

LIST = "orders:channel_list"


class ChannelList(ListScreen):
    model = Channel
    permission = "orders.view_channel"
    title = gettext_lazy("Channels")
    icon = "store"
    table_class = ChannelTable
    create = Action(gettext_lazy("New channel"), "orders:channel_create", "orders.add_channel", icon="plus")
    empty = Empty(
        gettext_lazy("No channels yet"),
        gettext_lazy("Add the counter first: a price list and the places it sells from."),
    )

    def get_queryset(self) -> QuerySet[Channel]:
        return Channel.objects.select_related("price_list")


class ChannelDetail(DetailScreen):
    model = Channel
    permission = "orders.view_channel"
    list_url = LIST
    actions = [
        Action(gettext_lazy("Edit"), "orders:channel_edit", "orders.change_channel", icon="pencil", primary=True)
    ]
    tabs = [
        Tab("overview", gettext_lazy("Overview"), "orders:channel_detail"),
        Tab("history", gettext_lazy("History"), "orders:channel_history"),
    ]

    def get_queryset(self) -> QuerySet[Channel]:
        return Channel.objects.select_related("price_list")

    def badge(self) -> Badge | None:
        return None if self.object.is_active else Badge(_("closed"), "warn")

    def meta(self) -> Sequence[Any]:
        return [self.object.get_kind_display(), self.object.code]

    def facts(self) -> Sequence[Fact]:
        channel = self.object
        places = ", ".join(row.location.shown for row in channel.places.select_related("location").order_by("position"))
        return [
            Fact(_("Price list"), str(channel.price_list), channel.price_list.get_absolute_url()),
            Fact(_("Sells from"), places),
            Fact(_("Orders are accepted"), channel.get_acceptance_display()),
            Fact(_("Minutes until then"), channel.acceptance_minutes or "–"),
            Fact(_("Stock is kept for"), _("%(n)s min") % {"n": channel.hold_minutes}),
            Fact(_("Days left before expiry"), channel.expiry_margin_days),
            Fact(_("Warn before the promised time"), _("%(n)s min") % {"n": channel.warn_minutes}),
            Fact(_("Takes pre-orders"), _("yes") if channel.preorder else _("no")),
            Fact(_("Paid"), channel.get_payment_terms_display()),
        ]


class ChannelCreate(CreateScreen):
    model = Channel
    permission = "orders.add_channel"
    form_class = ChannelForm
    list_url = LIST
    wide = True

    def perform(self, form: Any) -> Channel:
        given = dict(form.cleaned_data)
        given.pop("revision", None)
        return channels.create(**given)


class ChannelEdit(EditScreen):
    model = Channel
    permission = "orders.change_channel"
    form_class = ChannelForm
    list_url = LIST
    wide = True

    def perform(self, form: Any) -> Channel:
        given = dict(form.cleaned_data)
        return channels.update(self.object, revision=given.pop("revision"), **given)


class ChannelHistory(HistoryScreen):
    model = Channel
    permission = "orders.view_channel"
    title = gettext_lazy("History")
    list_url = LIST
    detail_class = ChannelDetail
    reasons_count = True  # its places are no column
