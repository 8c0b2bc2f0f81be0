"""Orders: the list, the page of one, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from apps.orders.filters import OrderFilter
from apps.orders.forms import ReasonForm, RefundForm, RescheduleForm, TakePaymentForm
from apps.orders.models import Order, OrderLine, Payment
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import board, kept, waiting
from apps.orders.services import orders, payments
from apps.orders.services.payments import Tender
from apps.orders.tables import OrderTable
from backoffice import company
from backoffice.kernel import clock, money, quantity, state
from backoffice.ui import htmx, panels
from backoffice.ui.permissions import command, may, requires
from backoffice.ui.screens import Action, ActionScreen, Empty, HistoryScreen, ListScreen, SavedView

PAGE = "orders/order_detail.html"
VIEW = "orders.view_order"
Status = Order.Status


class OrderList(ListScreen):
    model = Order
    permission = VIEW
    title = gettext_lazy("Orders")
    icon = "shopping-bag"
    table_class = OrderTable
    filter_class = OrderFilter
    search_label = gettext_lazy("Order, customer, tab")
    export_permission = "orders.export_order"
    create = Action(gettext_lazy("New sale"), "orders:sale_start", "orders.sell", icon="plus", dialog=False)
    actions = [
        Action(gettext_lazy("Board"), "orders:board", VIEW, icon="square-kanban", dialog=False),
        Action(
            gettext_lazy("Past sales"), "orders:past_sales", "orders.import_past_sales", icon="file-up", dialog=False
        ),
    ]  # fmt: skip
    saved_views = [
        SavedView("open", pgettext_lazy("several orders", "Open"), lambda found: found.open()),
        SavedView("new", gettext_lazy("To accept"), lambda found: found.filter(status=Status.NEW)),
        SavedView("late", gettext_lazy("Late"), lambda found: found.late(clock.now())),
        SavedView("unpaid", gettext_lazy("Unpaid"), lambda found: found.unpaid(), count=False),
        SavedView("past", gettext_lazy("Past sales"), lambda found: found.filter(is_imported=True), count=False),
    ]
    empty = Empty(gettext_lazy("No orders yet"), gettext_lazy("The first sale at the counter is the first order."))

    def get_queryset(self) -> QuerySet[Order]:
        return Order.objects.select_related("channel")

    def lead(self) -> str:
        found = waiting.read()
        return _("%(new)s to accept, %(preparing)s in preparation, %(late)s late.") % {
            "new": found.new, "preparing": found.preparing, "late": found.late,
        }  # fmt: skip


# --- one order ---
@dataclass(frozen=True)
class Stage:
    """One stop on the order's way."""

    label: str
    done: bool
    current: bool
    when: datetime | None
    who: str
    expected: datetime | None = None


@dataclass(frozen=True)
class Step:
    """A state that the order may move to, as a button."""

    to: str
    label: str
    primary: bool


@dataclass(frozen=True)
class Event:
    """One line of the time line."""

    at: datetime
    who: str
    text: str
    icon: str
    tone: str = ""
    before: str = ""
    after: str = ""
    why: str = ""


@requires(VIEW)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The page of one order. The same number of queries however many lines it has."""
    order = _order(pk)
    lines = list(order.lines.select_related("product__category").prefetch_related("lots__lot").order_by("position"))
    history = list(order.history.select_related("history_user").order_by("history_date", "history_id"))
    paid = list(order.payments.prefetch_related("transactions").order_by("pk"))
    context = {
        "order": order,
        "lines": lines,
        "waits": kept.mark(order, lines),
        "lines_note": _lines_note(order, len(lines)),
        "stages": stages(order, history),
        "steps": steps(order, request.user),
        "events": events(history, paid),
        "payments": [(payment, payments.left_of(payment)) for payment in paid],
        "margin": margin(order, lines) if may(request.user, "orders.view_margin") else None,
        "panels": panels.of("orders.order", order, request.user),
        "can_cancel": Status.CANCELLED in state.allowed(order) and may(request.user, "orders.cancel_order"),
        "can_pay": order.due and order.status != Status.CANCELLED and may(request.user, "orders.take_payment"),
        "title": str(order),
        "breadcrumbs": [(_("Orders"), "/orders/"), (order.code, "")],
    }
    return htmx.render(request, PAGE, context, fragments={"order": f"{PAGE}#order"})


class OrderHistory(HistoryScreen):
    model = Order
    permission = VIEW
    title = gettext_lazy("History")
    list_url = "orders:order_list"
    related = ("payments",)
    hidden = ("id", "revision", "created_at", "updated_at", "token", "status_since")


@command("orders.advance_order")
def advance(request: HttpRequest, pk: int) -> HttpResponse:
    """The next step, from the board or from the order's page."""
    order = _order(pk)
    revision = request.POST.get("revision", "")
    if not (revision.isascii() and revision.isdigit()):
        revision = "0"
    to = request.POST.get("to", "")[:12]
    if to == Status.CANCELLED:
        to = ""  # calling off needs its own permission and a reason
    order = orders.advance(order, to, revision=int(revision))
    messages.success(
        request,
        _("%(order)s: %(state)s.") % {"order": order.code, "state": order.get_status_display()},
        extra_tags=order.get_absolute_url(),
    )
    return htmx.done(request, to=order, changed="orders-order")


class OrderAction(ActionScreen):
    """A form about one order."""

    model = Order
    list_url = "orders:order_list"
    changed = "orders-order"

    def get_queryset(self) -> QuerySet[Order]:
        return Order.objects.select_related("channel", "customer")

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}


class Cancel(OrderAction):
    permission = "orders.cancel_order"
    title = gettext_lazy("Cancel the order")
    submit_label = gettext_lazy("Cancel the order")
    danger = True
    form_class = ReasonForm

    def intro(self) -> str:
        if self.object.paid:
            return _("Its stock is free again, and %(paid)s is given back.") % {
                "paid": money.format_money(self.object.paid)
            }
        return _("Its stock is free again. This cannot be undone.")

    def perform(self, form: Any) -> Order:
        given = form.cleaned_data
        return orders.cancel(self.object, revision=given["revision"], reason=given["reason"])

    def success(self, result: Order) -> str:
        return _("%(order)s is cancelled.") % {"order": result}


class Reschedule(OrderAction):
    permission = "orders.advance_order"
    title = gettext_lazy("Another promised time")
    submit_label = gettext_lazy("Save")
    form_class = RescheduleForm

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision, "needed_at": self.object.needed_at}

    def perform(self, form: Any) -> Order:
        given = form.cleaned_data
        return orders.reschedule(
            self.object, needed_at=given["needed_at"], revision=given["revision"], reason=given["reason"]
        )


class TakePayment(OrderAction):
    permission = "orders.take_payment"
    title = gettext_lazy("Take a payment")
    submit_label = gettext_lazy("Take payment")
    form_class = TakePaymentForm

    def initial(self) -> dict[str, Any]:
        return {"amount": self.object.due, "method": Payment.Method.CASH}

    def perform(self, form: Any) -> Payment:
        given = form.cleaned_data
        tender = Tender(given["method"], given["amount"], tendered=given["tendered"])
        return payments.capture(self.object, tender=tender, key=f"order-{self.object.pk}:{self.key}")

    def success(self, result: Payment) -> str:
        if result.change:
            return _("Paid. Change: %(change)s.") % {"change": money.format_money(result.change)}
        return _("Paid.")

    def success_url(self, result: Any) -> str:
        return str(self.object.get_absolute_url())


class Refund(OrderAction):
    permission = "orders.refund_payment"
    title = gettext_lazy("Give money back")
    submit_label = gettext_lazy("Give back")
    danger = True
    form_class = RefundForm

    @cached_property
    def payment(self) -> Payment:
        return get_object_or_404(self.object.payments, pk=self.kwargs["payment"])

    def initial(self) -> dict[str, Any]:
        return {"amount": payments.left_of(self.payment)}

    def perform(self, form: Any) -> Any:
        given = form.cleaned_data
        return payments.refund(
            self.payment, amount=given["amount"], reason=given["reason"], key=f"refund-{self.payment.pk}:{self.key}"
        )

    def success(self, result: Any) -> str:
        return _("%(amount)s given back.") % {"amount": money.format_money(result.amount)}

    def success_url(self, result: Any) -> str:
        return str(self.object.get_absolute_url())


@requires(VIEW)
def receipt(request: HttpRequest, pk: int) -> HttpResponse:
    """The receipt for an 80 mm printer. It is no fiscal document, and says so."""
    order = _order(pk)
    context = {
        "order": order,
        "lines": order.lines.order_by("position"),
        "payments": order.payments.order_by("pk"),
        "company": company.current(),
        "title": str(order),
    }
    return htmx.render(request, "orders/receipt.html", context)


# --- what the page is made of ---
def stages(order: Order, history: list[Any]) -> list[Stage]:
    """The way of this order, from its history: what was, what is, what is to come."""
    S = Status
    way = [S.NEW, S.ACCEPTED, S.PREPARING, S.READY]
    way += [S.DISPATCHED, S.DELIVERED] if order.fulfilment == Fulfilment.DELIVERY else []
    way.append(S.COMPLETED)
    reached: dict[str, Any] = {}
    for row in history:
        if row.status not in reached or row.status == order.status:
            reached.setdefault(row.status, row)
    if order.status == S.CANCELLED:
        way = [one for one in way if one in reached] + [S.CANCELLED]
    elif order.status == S.COMPLETED:
        # A sale at the counter is complete at once: stops that it never made are not shown.
        way = [one for one in way if one in reached]
    here = way.index(S(order.status)) if order.status in way else 0
    found = []
    for place, one in enumerate(way):
        row = reached.get(one)
        skipped = row is None and place < here
        found.append(
            Stage(
                label=str(one.label),
                done=place < here or order.status in (S.COMPLETED, S.CANCELLED),
                current=place == here and order.is_open,
                when=None if skipped or row is None or place > here else row.history_date,
                who=str(row.history_user) if row is not None and row.history_user and place <= here else "",
                expected=order.needed_at if one == S.COMPLETED and order.is_open else None,
            )
        )
    return [stage for stage in found if stage.when or stage.current or not stage.done] or found


def steps(order: Order, user: Any) -> list[Step]:
    """The buttons: what the table allows, the way of this order, and the person's permission."""
    if not may(user, "orders.advance_order"):
        return []
    forward, label = board.next_step(order)
    found = [Step(forward, label, primary=True)] if forward in state.allowed(order) else []
    if order.status == Status.READY:
        found.insert(0, Step(Status.PREPARING, _("Back to preparing"), primary=False))
    return found


def events(history: list[Any], paid: list[Payment]) -> list[Event]:
    """State changes, other changes and money, the newest first."""
    words = dict(Status.choices)
    found: list[Event] = []
    before: Any = None
    for row in history:
        who = str(row.history_user) if row.history_user else _("The system")
        why = row.history_change_reason or ""
        if before is None:
            found.append(Event(row.history_date, who, _("wrote the order down"), "receipt-text", "", "", "", why))
        elif row.status != before.status:
            tone = "bad" if row.status == Status.CANCELLED else "ok" if row.status in ("ready", "completed") else ""
            icon = "x" if tone == "bad" else "check"
            found.append(
                Event(
                    row.history_date, who, _("moved it on"), icon, tone,
                    str(words[before.status]), str(words[row.status]), why,
                )
            )  # fmt: skip
        elif row.needed_at != before.needed_at:
            found.append(
                Event(
                    row.history_date, who, _("changed the promised time"), "clock", "warn",
                    _local(before.needed_at), _local(row.needed_at), why,
                )
            )  # fmt: skip
        before = row
    for payment in paid:
        for entry in payment.transactions.all():
            verb = _("received") if entry.kind == "capture" else _("given back")
            text = f"{payment.get_method_display()} {money.format_money(entry.amount)} {verb}"
            found.append(
                Event(entry.at, "", text, payment.icon, "ok" if entry.kind == "capture" else "warn", why=entry.reason)
            )
    return sorted(found, key=lambda event: event.at, reverse=True)


def margin(order: Order, lines: list[OrderLine]) -> dict[str, Decimal] | None:
    """What is left of the net amount after the cost of the goods; None while the cost of a stocked line is unknown."""
    if any(line.unit_cost is None and line.is_stocked for line in lines) or not order.total:
        return None
    cost = sum((money.round_money(line.quantity * (line.unit_cost or 0)) for line in lines), Decimal(0))
    net = order.total - order.tax
    return {"cost": cost, "margin": net - cost, "percent": (net - cost) * 100 / net} if net else None


def _local(instant: datetime | None) -> str:
    return f"{clock.local(instant):%d/%m %H:%M}" if instant else "–"


def _lines_note(order: Order, lines: int) -> str:
    said = ngettext("%(lines)s line", "%(lines)s lines", lines) % {"lines": lines}
    # One and a half is plural too.
    units = ngettext("%(units)s unit", "%(units)s units", 1 if order.units == 1 else 2)
    return f"{said} · {units % {'units': quantity.format_quantity(order.units)}}"


def _order(pk: int) -> Order:
    return get_object_or_404(Order.objects.select_related("channel", "customer", "session"), pk=pk)
