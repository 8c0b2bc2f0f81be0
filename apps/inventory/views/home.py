"""What the stock room shows on the home page."""

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.inventory.models import Lot, StockBalance
from apps.inventory.selectors import nearness, stock
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import dashboard
from backoffice.ui.counting import kept
from backoffice.ui.pagination import capped_counts
from backoffice.ui.permissions import requires

ROWS = 6


def _low() -> QuerySet[Any, Any]:
    return stock.below_minimum().order_by().values("product_id").distinct()


def _expiring() -> QuerySet[Lot]:
    return stock.expiring_lots()


def _short() -> QuerySet[Any, Any]:
    return stock.waiting().order_by().values("product_id").distinct()


def figures(user: Any) -> list[dashboard.Figure]:
    """Low stock, expiring lots, short orders: each leads to the list that proves it. Two queries."""
    url, days = reverse("inventory:stock_list"), nearness.days()
    low, lots, short = (found.number for found in capped_counts([kept(_low), kept(_expiring), kept(_short)]))
    return [
        dashboard.Figure(
            "low", _("Low stock"), low, _("below minimum"), f"{url}?view=low", "bad" if low else "", "package-minus"
        ),
        dashboard.Figure(
            "expiring",
            _("Expiring"),
            lots,
            ngettext("lots within %(days)s day", "lots within %(days)s days", days) % {"days": days},
            reverse("inventory:lot_list") + "?view=expiring",
            "warn" if lots else "",
            "calendar-clock",
        ),
        dashboard.Figure(
            "short",
            _("Short"),
            short,
            ngettext("product promised", "products promised", short),
            f"{url}?view=short",
            "bad" if short else "",
            "triangle-alert",
        ),
    ]


@requires("inventory.view_stockbalance")
def low(request: HttpRequest) -> HttpResponse:
    """Products below their minimum."""
    rules = stock.below_minimum().select_related("product__unit", "product__category", "location")
    found: Any = rules.order_by("product__name")[:ROWS]
    rows = [
        dashboard.Row(
            rule.product.name,
            reverse("inventory:product_card", args=[rule.product_id]),
            meta=rule.product.sku,
            value=format_quantity(rule.available, rule.product.unit.code),
            when=_("minimum %(quantity)s") % {"quantity": format_quantity(rule.minimum)},
            tone="bad",
            thumb=(rule.product.shown_icon, rule.product.hue),
        )
        for rule in found
    ]
    count = rules.count()
    return dashboard.render_worklist(
        request,
        dashboard.Worklist(
            id="part-low-stock",
            title=_("Low stock"),
            rows=rows,
            count=count,
            tone="bad",
            url=reverse("inventory:stock_list") + "?view=low",
            link=_("All %s") % count,
            empty=_("Everything is above its minimum."),
            refresh="inventory-stock",
            self_url=reverse("inventory:home_low"),
        ),
    )


@requires("inventory.view_stockbalance")
def expiring(request: HttpRequest) -> HttpResponse:
    """Lots that will soon be too old."""
    balances = stock.expiring().select_related("lot", "product__unit", "product__category")
    by_lot: dict[int, list[StockBalance]] = defaultdict(list)
    for balance in balances.order_by("lot__expires_on", "lot_id")[:100]:
        by_lot[balance.lot_id].append(balance)
    rows = [_row(found) for found in list(by_lot.values())[:ROWS]]
    return dashboard.render_worklist(
        request,
        dashboard.Worklist(
            id="part-expiring",
            title=_("Expiring soon"),
            rows=rows,
            count=len(by_lot),
            tone="warn",
            url=reverse("inventory:lot_list") + "?view=expiring",
            link=_("All %s") % len(by_lot),
            empty=_("Nothing expires in the next days."),
            refresh="inventory-stock",
            self_url=reverse("inventory:home_expiring"),
        ),
    )


def _row(balances: list[StockBalance]) -> dashboard.Row:
    first = balances[0]
    day: date = first.lot.expires_on or clock.today()
    total = sum((balance.quantity for balance in balances), Decimal(0))
    return dashboard.Row(
        first.product.name,
        first.lot.get_absolute_url(),
        meta=first.product.sku if first.lot.is_silent else first.lot.code,
        value=format_quantity(total, first.product.unit.code),
        when=_("today") if day == clock.today() else date_format(day, "D j"),
        when_tone="bad" if day == clock.today() else "warn",
        thumb=(first.product.shown_icon, first.product.hue),
    )
