"""Work centres: plain records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.production.filters import WorkCenterFilter
from apps.production.forms import WorkCenterForm
from apps.production.models import WorkCenter
from apps.production.tables import WorkCenterTable
from backoffice.kernel.money import format_money
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
)


class WorkCenterList(ListScreen):
    model = WorkCenter
    permission = "production.view_workcenter"
    icon = "factory"
    table_class = WorkCenterTable
    filter_class = WorkCenterFilter
    create = Action(
        gettext_lazy("New work centre"), "production:work_center_create", "production.add_workcenter", icon="plus"
    )
    empty = Empty(
        gettext_lazy("No work centres yet"),
        gettext_lazy("Mixer, bench, oven: where steps are done, and what an hour costs."),
    )


class WorkCenterDetail(DetailScreen):
    model = WorkCenter
    permission = "production.view_workcenter"
    list_url = "production:work_center_list"
    actions = [
        Action(gettext_lazy("History"), "production:work_center_history", icon="history", dialog=False),
        Action(
            gettext_lazy("Edit"),
            "production:work_center_edit",
            "production.change_workcenter",
            icon="pencil",
            primary=True,
        ),
    ]

    def badge(self) -> Badge:
        return Badge(_("Active"), "ok") if self.object.is_active else Badge(_("Closed"))

    def thumb(self) -> tuple[str, str]:
        return self.object.icon or "factory", ""

    def facts(self) -> Sequence[Any]:
        center = self.object
        return [
            Fact(_("Code"), center.code),
            Fact(_("Jobs at once"), center.capacity),
            Fact(_("Cost of an hour"), format_money(center.hourly_cost)),
            Fact(_("Takes from"), center.takes_from.shown if center.takes_from else _("as for all")),
            Fact(_("Puts to"), center.puts_to.shown if center.puts_to else _("as for all")),
            Fact(_("Used in recipe steps"), center.recipe_steps.filter(recipe__status="active").count()),
        ]


class WorkCenterHistory(HistoryScreen):
    model = WorkCenter
    permission = "production.view_workcenter"
    list_url = "production:work_center_list"
    detail_class = WorkCenterDetail


class WorkCenterCreate(CreateScreen):
    model = WorkCenter
    permission = "production.add_workcenter"
    list_url = "production:work_center_list"
    form_class = WorkCenterForm


class WorkCenterEdit(EditScreen):
    model = WorkCenter
    permission = "production.change_workcenter"
    list_url = "production:work_center_list"
    form_class = WorkCenterForm
