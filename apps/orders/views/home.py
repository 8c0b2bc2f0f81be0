"""What the home page shows of sales and orders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _

from apps.orders.models import Order
from apps.orders.selectors import board, sales, waiting
from backoffice.kernel import clock
from backoffice.kernel.money import format_money
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import charts, dashboard, htmx
from backoffice.ui.permissions import requires

VIEW = "orders.view_order"
WEEKS = 6
MANY_TIMES = 300  # per cent more than last week; beyond that people think in times
PATIENCE = 10  # minutes that an order may wait for somebody to accept it


def figures(user: Any) -> list[dashboard.Figure]:
    """Orders to accept, and orders whose promised time has passed."""
    found = waiting.read()
    oldest = int((clock.now() - found.oldest).total_seconds() // 60) if found.oldest else 0
    return [
        dashboard.Figure(
            key="orders-new", label=_("Orders to accept"), value=found.new, icon="shopping-bag",
            url=reverse("orders:order_list") + "?view=new",
            note=_("oldest %s min") % oldest if found.new else _("nothing waits"),
            note_tone="bad" if oldest > PATIENCE else "",
        ),
        dashboard.Figure(
            key="orders-late", label=_("Orders late"), value=found.late, icon="clock",
            url=reverse("orders:order_list") + "?view=late", tone="bad" if found.late else "",
            note=_("of %s open") % found.open,
        ),
    ]  # fmt: skip


@requires(VIEW)
def today(request: HttpRequest) -> HttpResponse:
    """Today's sales by hour beside the same weekday last week, compared to the same minute."""
    found = sales.against_last_week()
    weekday = date_format(found.day_before, "D j M")
    chart = charts.Bars(
        label=_("Sales by hour, today and on %(day)s") % {"day": weekday},
        labels=[f"{hour}h" for hour in found.labels],
        series=[charts.Series(weekday, found.before, "prev"), charts.Series(_("Today"), found.today, "now")],
        show=format_money,
        running=found.running,
        heading=_("Hour"),
    )
    lead, tone = "", ""
    if found.change is not None:
        lead = compared(found.change)
        tone = "ok" if found.change >= 0 else "bad"
    note = _("%(amount)s on %(day)s at this time") % {"amount": format_money(found.total_before), "day": weekday}
    panel = dashboard.ChartPanel(
        id="part-sales-today", title=_("Sales today"), chart=chart, headline=format_money(found.total),
        headline_url=_list_url(clock.today(), clock.today()), note_lead=lead, note_tone=tone, note=note,
        refresh="orders-order", self_url=request.path,
    )  # fmt: skip
    return dashboard.render_chart(request, panel)


def compared(percent: Decimal) -> str:
    """A change in words that are read at a glance: "+12.5 %", and "× 21.0" where per cent would be thousands."""
    if percent >= MANY_TIMES:
        return f"× {number_format(round(percent / 100 + 1, 1), 1)}"
    return f"{'+' if percent >= 0 else '−'}{number_format(round(abs(percent), 1), 1)} %"


@requires(VIEW)
def weeks(request: HttpRequest) -> HttpResponse:
    """Sales of the last weeks, day by day; of a shop that only has past sales, the last weeks of these."""
    end, note = clock.today(), ""
    newest = sales.last_day()
    if newest is not None and newest < end - timedelta(days=7 * WEEKS):
        end = newest
        note = _("until %(day)s, the latest day with sales") % {"day": date_format(end, "DATE_FORMAT")}
    days = [end - timedelta(days=back) for back in range(7 * WEEKS - 1, -1, -1)]
    found = sales.by_day(days[0], days[-1])
    nothing = (Decimal(0), 0)
    chart = charts.Bars(
        label=_("Sales by day, the last %(n)s weeks") % {"n": WEEKS},
        labels=[date_format(day, "j M") for day in days],
        series=[charts.Series(_("Sales"), [found.get(day, nothing)[0] for day in days], "now")],
        show=format_money,
        heading=_("Day"),
        every=7,
    )
    total = sum((found.get(day, nothing)[0] for day in days), Decimal(0))
    tickets = sum(found.get(day, nothing)[1] for day in days)
    panel = dashboard.ChartPanel(
        id="part-sales-weeks", title=_("The last %(n)s weeks") % {"n": WEEKS}, chart=chart,
        headline=format_money(total), headline_url=_list_url(days[0], days[-1]),
        note=" · ".join(filter(None, [_("%(n)s orders") % {"n": format_quantity(Decimal(tickets))}, note])),
        refresh="orders-order", self_url=request.path,
    )  # fmt: skip
    return dashboard.render_chart(request, panel)


@requires(VIEW)
def channels(request: HttpRequest) -> HttpResponse:
    """Where today's sales came from."""
    day = clock.today()
    rows = sales.by_channel(day, day)
    total = sum((revenue for _c, _n, revenue, _o in rows), Decimal(0))
    tickets = sum(count for _c, _n, _r, count in rows)
    page, address = "orders/home_channels.html", _list_url(day, day)
    context = {
        "rows": [
            (f"{address}&channel={pk}", name, format_money(revenue), f"{revenue * 100 / (total or 1):.0f} %", css)
            for (pk, name, revenue, _count), css in zip(rows, ("", "a2", "a3", "w", "w", "w", "w"), strict=False)
        ],
        "chart": charts.Shares(
            _("Sales by channel"), [(name, revenue) for _c, name, revenue, _o in rows], format_money
        ),
        "tickets": tickets,
        "average": format_money(total / tickets) if tickets else "",
        "title": _("Where it came from"),
        "day": day,
    }
    return htmx.render(request, page, context, fragments={"part-sales-channels": f"{page}#part-sales-channels"})


@requires(VIEW)
def to_accept(request: HttpRequest) -> HttpResponse:
    """Orders that wait to be accepted, the oldest first."""
    rows, count = waiting.to_accept(), waiting.read().new
    return dashboard.render_worklist(
        request,
        dashboard.Worklist(
            id="part-to-accept", title=_("Orders to accept"), rows=list(_rows(rows)), count=count,
            url=reverse("orders:order_list") + "?view=new", link=_("All"), empty=_("Nothing waits."),
            refresh="orders-order", self_url=request.path,
        ),
    )  # fmt: skip


@requires(VIEW)
def late(request: HttpRequest) -> HttpResponse:
    """Open orders past their promised time, the latest first."""
    rows, count = waiting.late(), waiting.read().late
    return dashboard.render_worklist(
        request,
        dashboard.Worklist(
            id="part-late", title=_("Orders late"), rows=list(_rows(rows)), count=count, tone="bad",
            url=reverse("orders:board") + "?late=1", link=_("Board"), empty=_("Nothing is late."),
            refresh="orders-order", self_url=request.path,
        ),
    )  # fmt: skip


def _rows(found: Iterable[Order]) -> Iterable[dashboard.Row]:
    now = clock.now()
    for order in found:
        card = board.card(order, "", "", now)
        units = _("%(n)s units") % {"n": format_quantity(order.units)}
        yield dashboard.Row(
            title=f"{order.code} · {order.customer_name or order.channel}",
            url=order.get_absolute_url(),
            meta=" · ".join([str(order.channel), units, str(order.get_status_display())]),
            value=format_money(order.total),
            when=f"{card.when} {card.relative}".strip(),
            when_tone="bad" if card.age == "late" else "",
            thumb=(order.channel.icon, None),
            action=dashboard.RowAction(_("Open"), order.get_absolute_url(), post=False),
        )


def _list_url(first: date, last: date) -> str:
    return f"{reverse('orders:order_list')}?day_from={first:%Y-%m-%d}&day_to={last:%Y-%m-%d}"
