"""How people stand in a list."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.ui import tables
from backoffice.ui.actions import Action
from backoffice.ui.filters import FilterSet

from .models import User
from .roles import titles


class PersonTable(tables.Table):
    """Who may log in, as what."""

    name = tables.WhatColumn(
        verbose_name=_("Name"),
        meta="username",
        url=lambda row: reverse("accounts:user_detail", args=[row.pk]),
        thumb=lambda row: ("user", ""),
    )
    roles = tables.Column(verbose_name=_("Roles"), accessor="pk", orderable=False, card="price")
    last_login = tables.DateTimeColumn(verbose_name=_("Last login"), empty_text=_("never"))
    is_active = tables.BoolColumn(verbose_name=_("State"), yes=_("may log in"), no=_("may not log in"), card="status")

    class Meta:
        model = User
        fields = ("name", "roles", "last_login", "is_active")
        order_by = ("name",)
        row_url = staticmethod(lambda row: reverse("accounts:user_detail", args=[row.pk]))
        row_actions = [Action(_("Edit"), "accounts:user_edit", "accounts.change_user", icon="pencil")]

    def render_roles(self, value: Any, record: User) -> str:
        return ", ".join(titles(record)) or "–"


class PersonFilter(FilterSet):
    """By name."""

    search_fields = ("name", "username", "email")

    class Meta:
        model = User
        fields: list[str] = []
