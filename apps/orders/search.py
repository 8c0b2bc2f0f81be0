"""What the palette finds here: "#123", a customer's name, a tab."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.orders.models import Order
from apps.orders.selectors import board
from backoffice.kernel import clock, money
from backoffice.ui.permissions import may
from backoffice.ui.search import Hit

MOST = 6
SAYS_WHO = 3
"""Who has typed two letters of a name types on: until then the customers are shown, and not all their orders, which
would cost another walk through all customers."""


def orders(query: str, user: Any) -> list[Hit]:
    """Orders by number, customer or tab, the newest first. One query."""
    if not may(user, "orders.view_order") or not query.strip("# "):
        return []
    every = Order.objects.select_related("channel", "customer")
    says_who = any(len(word) >= SAYS_WHO for word in query.split())
    found = board.search(every, query, customers=says_who).order_by("-placed_at", "-pk")
    return [
        Hit(
            title=f"{order.code} · {order.customer_name or order.channel}",
            meta=" · ".join(
                (
                    order.get_status_display(),
                    money.format_money(order.total),
                    date_format(clock.local(order.placed_at), "SHORT_DATETIME_FORMAT"),
                )
            ),
            url=order.get_absolute_url(),
            kind=_("Orders"),
            icon="shopping-bag",
        )
        for order in found[:MOST]
    ]
