"""How work orders, recipes and work centres stand in a list."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.production.models import Recipe, WorkCenter, WorkOrder
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import tables
from backoffice.ui.actions import Action

TONES: dict[str, str] = {
    WorkOrder.Status.PLANNED: "",
    WorkOrder.Status.RELEASED: "info",
    WorkOrder.Status.IN_PROGRESS: "info",
    WorkOrder.Status.PAUSED: "warn",
    WorkOrder.Status.DONE: "ok",
    WorkOrder.Status.CANCELLED: "",
    WorkOrder.Status.ABORTED: "bad",
}
RECIPE_TONES: dict[str, str] = {Recipe.Status.ACTIVE: "ok", Recipe.Status.DRAFT: "info"}


def product_thumb(record: Any) -> tuple[str, str]:
    """Icon and colour family of the product that is made."""
    return record.product.shown_icon, record.product.hue


class WorkOrderTable(tables.Table):
    """Work orders, the most urgent first."""

    product = tables.WhatColumn(
        "product__name", verbose_name=_("Product"), meta="number", thumb=product_thumb,
        order_by=("product__name", "due_at"),
    )  # fmt: skip
    quantity = tables.QuantityColumn(verbose_name=_("Planned"), unit="product__unit__code", card="price")
    good = tables.QuantityColumn(
        accessor="good", verbose_name=_("Good"), unit="product__unit__code", empty_text="–", card="stock"
    )
    status = tables.BadgeColumn(tones=TONES, card="status")
    due_at = tables.DateTimeColumn(verbose_name=_("Due"), card="")
    recipe = tables.Column(accessor="recipe__version", verbose_name=_("Recipe"), css="muted", card="", orderable=False)

    row_actions = (
        Action(_("Open"), "production:work_order_detail", icon="arrow-right", dialog=False),
        Action(_("Batch sheet"), "production:batch_sheet", icon="printer", dialog=False),
        Action(
            _("Release"), "production:work_order_release", "production.release_workorder", icon="send", post=True,
            to="released",
        ),
        Action(
            _("Start"), "production:work_order_start", "production.run_workorder", icon="play", post=True,
            when=lambda order: order.status == "released",
        ),
        Action(
            _("Cancel"), "production:work_order_cancel", "production.release_workorder", icon="x", danger=True,
            to="cancelled",
        ),
    )  # fmt: skip

    class Meta:
        model = WorkOrder
        fields = ("product", "quantity", "good", "status", "due_at", "recipe")
        order_by = ("-due_at",)

    def render_recipe(self, value: int) -> str:
        return f"v{value}"

    def row_tone(self, record: WorkOrder) -> str:
        return "bad" if record.is_open and record.due_at < clock.now() else ""


class RecipeTable(tables.Table):
    """Recipes: the version in use of everything that is made, and drafts."""

    product = tables.WhatColumn(
        "product__name", verbose_name=_("Product"), meta=lambda row: f"v{row.version}", thumb=product_thumb,
        order_by=("product__name", "-version"),
    )  # fmt: skip
    output_quantity = tables.QuantityColumn(verbose_name=_("Makes"), unit="product__unit__code", card="stock")
    yield_loss_percent = tables.Column(verbose_name=_("Loss"), css="num", card="")
    line_count = tables.NumberColumn(verbose_name=_("Lines"), card="")
    unit_cost = tables.MoneyColumn(
        verbose_name=_("Cost a unit"), orderable=False, places=4, card="price", empty_text="–"
    )
    status = tables.BadgeColumn(tones=RECIPE_TONES, card="status")
    activated_at = tables.DateTimeColumn(verbose_name=_("In use since"), card="", empty_text="–")

    class Meta:
        model = Recipe
        fields = (
            "product",
            "output_quantity",
            "yield_loss_percent",
            "line_count",
            "unit_cost",
            "status",
            "activated_at",
        )
        order_by = ("product",)

    def render_yield_loss_percent(self, value: Decimal) -> str:
        return f"{format_quantity(value)} %" if value else "–"


class WorkCenterTable(tables.Table):
    """Where work is done."""

    name = tables.WhatColumn(verbose_name=_("Work centre"), meta="code", thumb=lambda row: (row.icon or "factory", ""))
    capacity = tables.NumberColumn(verbose_name=_("Jobs at once"), card="stock")
    hourly_cost = tables.MoneyColumn(verbose_name=_("An hour"), card="price")
    is_active = tables.BadgeColumn(verbose_name=_("State"), tones={True: "ok"}, card="status")

    class Meta:
        model = WorkCenter
        fields = ("name", "capacity", "hourly_cost", "is_active")
        order_by = ("name",)

    def render_is_active(self, value: bool) -> str:
        return gettext("Active") if value else gettext("Closed")
