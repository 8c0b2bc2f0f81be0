"""How promotions and coupons stand in a list."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Coupon, Promotion
from apps.catalog.services import promotion_rules
from backoffice.kernel import clock
from backoffice.ui import tables
from backoffice.ui.actions import Action

ICONS = {
    Promotion.Kind.PERCENT: "percent", Promotion.Kind.AMOUNT: "banknote", Promotion.Kind.FIXED: "tag",
    Promotion.Kind.BUY_PAY: "gift", Promotion.Kind.FREE_DELIVERY: "truck",
}  # fmt: skip


def state_of(promotion: Promotion) -> tuple[str, str]:
    """Tone and word of where the rule stands now."""
    now = clock.now()
    if not promotion.is_active:
        return "", gettext("Off")
    if promotion.valid_from > now:
        return "info", gettext("Coming")
    if promotion.valid_to is not None and promotion.valid_to <= now:
        return "", gettext("Over")
    if promotion.max_uses is not None and promotion.uses >= promotion.max_uses:
        return "warn", gettext("Used up")
    return "ok", gettext("Running")


def gives(promotion: Promotion) -> str:
    """What the rule gives, in words."""
    return promotion_rules.rule_of(promotion).what


def used(promotion: Promotion) -> str:
    """How often it was used, of how often it may be; empty for a rule that nobody counts."""
    if promotion.max_uses is not None:
        return f"{promotion.uses} / {promotion.max_uses}"
    counted = promotion.by_coupon or promotion.max_uses_each is not None or promotion.uses
    return str(promotion.uses) if counted else ""


class PromotionTable(tables.Table):
    """The rules, the running ones first."""

    name = tables.WhatColumn(verbose_name=_("Promotion"), meta=gives, thumb=lambda row: (ICONS[row.kind], ""))
    level = tables.BadgeColumn(quiet=Promotion.Level.values, card="")
    valid_from = tables.DateTimeColumn(verbose_name=_("From"))
    valid_to = tables.DateTimeColumn(verbose_name=_("Until"), empty_text="–")
    priority = tables.NumberColumn(verbose_name=_("Rank"))
    uses = tables.NumberColumn(verbose_name=_("Used"))
    is_active = tables.Column(verbose_name=_("State"), card="status", empty_values=())

    row_actions = (
        Action(_("Open"), "catalog:promotion_detail", icon="arrow-right", dialog=False),
        Action(_("Edit"), "catalog:promotion_edit", "catalog.change_promotion", icon="pencil"),
        Action(
            _("Switch off"), "catalog:promotion_end", "catalog.change_promotion", icon="power", danger=True,
            when=lambda row: row.is_active,
        ),
    )  # fmt: skip

    class Meta:
        model = Promotion
        fields = ("name", "level", "valid_from", "valid_to", "priority", "uses", "is_active")
        order_by = ("-is_active", "-valid_from")

    def render_is_active(self, record: Promotion) -> Any:
        return format_html('<span class="badge {}">{}</span>', *state_of(record))

    def render_uses(self, record: Promotion) -> str:
        return used(record) or "–"


class CouponTable(tables.Table):
    """The codes of a rule."""

    code = tables.Column(verbose_name=_("Code"), css="code", card="what")
    uses = tables.NumberColumn(verbose_name=_("Used"), card="price")
    is_active = tables.Column(verbose_name=_("State"), card="status", orderable=False)

    row_url = None
    row_actions = (
        Action(
            _("Stop"), "catalog:coupon_stop", "catalog.change_promotion", icon="ban", danger=True,
            when=lambda row: row.is_active,
        ),
    )  # fmt: skip

    class Meta:
        model = Coupon
        fields = ("code", "uses", "is_active")
        order_by = ("-pk",)

    def render_uses(self, record: Coupon) -> str:
        return str(record.uses) if record.max_uses is None else f"{record.uses} / {record.max_uses}"

    def render_is_active(self, record: Coupon) -> Any:
        if not record.is_active:
            return format_html('<span class="badge">{}</span>', gettext("Stopped"))
        if record.max_uses is not None and record.uses >= record.max_uses:
            return format_html('<span class="badge">{}</span>', gettext("Used up"))
        return format_html('<span class="badge ok">{}</span>', gettext("Can be used"))


def when_of(promotion: Promotion) -> str:
    """Days and hours in which the rule counts, in words."""
    parts = [gettext("every day")]
    if promotion.weekdays:
        monday = clock.today().toordinal() - clock.today().weekday()
        days = [type(clock.today()).fromordinal(monday + day) for day in sorted(promotion.weekdays)]
        parts = [", ".join(date_format(day, "D") for day in days)]
    if promotion.from_hour and promotion.until_hour:
        parts.append(f"{promotion.from_hour:%H:%M}–{promotion.until_hour:%H:%M}")
    return " · ".join(parts)
