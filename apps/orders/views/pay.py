"""From the tab to the till: who buys, when it is wanted, how it is paid, and what is given back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.crm.models import Address
from apps.orders.errors import PaymentRefused, SessionClosed
from apps.orders.forms import ArrangeForm, CashForm, PointsForm, PriceForm, SplitForm
from apps.orders.models import Channel, Order, OrderSession, Payment
from apps.orders.selectors import carts, rewards
from apps.orders.services import commit, points, sessions
from apps.orders.services.payments import Tender
from backoffice.kernel import clock, money, quantity
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, requires
from backoffice.ui.screens import ActionScreen

from .sale import SELL, _decimal, _revision, _session

NOTES = (Decimal(5), Decimal(10), Decimal(20), Decimal(50), Decimal(100), Decimal(200))


class TabScreen(ActionScreen):
    """A form about an open tab. Of one that is closed by now it shows what came of it.

    So whoever sends a payment twice, or pays in two windows, gets the one order that there is.
    """

    model = OrderSession
    permission = SELL
    list_title = gettext_lazy("New sale")
    list_url = "orders:sale_start"

    def get_queryset(self) -> Any:
        return OrderSession.objects.select_related("channel", "customer", "address")

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._over() or super().get(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._over() or super().post(request, *args, **kwargs)

    def _over(self) -> HttpResponse | None:
        tab = self.object
        if tab.status == OrderSession.Status.OPEN:
            return None
        if tab.status == OrderSession.Status.ABANDONED:
            messages.error(self.request, SessionClosed(tab).message)
            return htmx.done(self.request, to="orders:sale_start", leave=True)
        messages.info(self.request, _("%(tab)s was ordered already; nothing was taken a second time.") % {"tab": tab})
        return htmx.done(self.request, to=reverse("orders:sale_done", args=[tab.order.pk]), leave=True)

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}

    def success(self, result: Any) -> Any:
        return ""

    def success_url(self, result: Any) -> str:
        return str(self.object.get_absolute_url())


class TillScreen(TabScreen):
    """One that needs a right over customers besides the till's own."""

    def get_queryset(self) -> Any:
        if not may(self.request.user, SELL):
            raise PermissionDenied
        return super().get_queryset()


class Arrange(TabScreen):
    """Name, time and way."""

    title = gettext_lazy("Tab, time and way")
    submit_label = gettext_lazy("Save")
    form_class = ArrangeForm

    def initial(self) -> dict[str, Any]:
        names = ("handle", "needed_at", "fulfilment", "address", "notes", "revision")
        return {name: getattr(self.object, name) for name in names}

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        customer = self.object.customer
        addresses = Address.objects.filter(customer=customer) if customer is not None else None
        return ArrangeForm(data, initial=self.initial(), addresses=addresses)

    def perform(self, form: Any) -> Any:
        return sessions.arrange(self.object, **form.cleaned_data)


class LinePrice(TabScreen):
    """A price by hand."""

    permission = "orders.override_price"
    title = gettext_lazy("Price by hand")
    submit_label = gettext_lazy("Set price")
    form_class = PriceForm

    def initial(self) -> dict[str, Any]:
        line = self.object.lines.filter(pk=self.kwargs["line"]).first()
        return {"revision": self.object.revision, "price": line.price_override if line else None}

    def perform(self, form: Any) -> Any:
        given = form.cleaned_data
        return sessions.override_price(
            self.object,
            line=self.kwargs["line"],
            price=given["price"],
            reason=given["reason"],
            revision=given["revision"],
        )


# --- paying ---
class PayCash(TabScreen):
    """What was handed over; the quick buttons are one tap."""

    title = gettext_lazy("Cash")
    submit_label = gettext_lazy("Take payment")
    form_class = CashForm
    fields_template = "orders/pay_cash.html"
    leave = True

    def get_context(self, **more: Any) -> dict[str, Any]:
        cart = carts.read(self.object)
        return super().get_context(cart=cart, quick=quick_amounts(cart.total), offer=_offer(self, cart), **more)

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        if data is not None and data.get("quick"):
            data = data.copy()
            data["tendered"] = data["quick"]
        return super().get_form(data, files)

    def perform(self, form: Any) -> Order:
        total = _expected(self.request)
        tendered = form.cleaned_data["tendered"]
        if tendered < total:
            raise PaymentRefused(
                _("%(missing)s is missing.") % {"missing": money.format_money(total - tendered)}, field="tendered"
            )
        tenders = [Tender(Payment.Method.CASH, total, tendered=tendered)] if total else []
        return _seal(self.object, form.cleaned_data["revision"], total, tenders, how="cash")

    def success_url(self, result: Any) -> str:
        return reverse("orders:sale_done", args=[result.pk])


class PaySplit(TabScreen):
    """A part in cash, the rest by card."""

    title = gettext_lazy("Split payment")
    submit_label = gettext_lazy("Take payment")
    form_class = SplitForm
    fields_template = "orders/pay_split.html"
    leave = True

    def get_context(self, **more: Any) -> dict[str, Any]:
        cart = carts.read(self.object)
        return super().get_context(cart=cart, offer=_offer(self, cart), **more)

    def perform(self, form: Any) -> Order:
        total, cash = _expected(self.request), form.cleaned_data["cash"]
        if cash >= total:
            raise PaymentRefused(_("The part in cash must be less than the total."), field="cash")
        tenders = [Tender(Payment.Method.CASH, cash), Tender(Payment.Method.CARD, total - cash)]
        return _seal(self.object, form.cleaned_data["revision"], total, tenders, how="split")

    def success_url(self, result: Any) -> str:
        return reverse("orders:sale_done", args=[result.pk])


class PayPoints(TillScreen):
    """A part (or all) with the customer's points, the rest in money."""

    permission = "crm.redeem_points"
    title = gettext_lazy("Pay with points")
    submit_label = gettext_lazy("Take payment")
    form_class = PointsForm
    fields_template = "orders/pay_points.html"
    leave = True

    @cached_property
    def cart(self) -> carts.Cart:
        return carts.read(self.object)

    def fragments(self) -> Mapping[str, str]:
        return {**super().fragments(), "points-rest": f"{self.fields_template}#points-rest"}

    def get_context(self, **more: Any) -> dict[str, Any]:
        offer = rewards.offered(self.object.customer, self.cart.total)
        typed = str(more["form"]["points"].value() or "")
        worth = Decimal(0)
        if offer and typed.isascii() and typed.isdigit() and len(typed) < 10:
            worth = offer.worth(int(typed))
        return super().get_context(cart=self.cart, offer=offer, worth=worth, rest=self.cart.total - worth, **more)

    def initial(self) -> dict[str, Any]:
        offer = rewards.offered(self.object.customer, self.cart.total)
        typed = self.request.GET.get("points", "")
        return {"revision": self.object.revision, "points": typed or (offer.most if offer else None)}

    def perform(self, form: Any) -> Order:
        total, given = _expected(self.request), form.cleaned_data
        customer = self.object.customer
        if customer is None:
            raise PaymentRefused(_("Points are a customer's; say first who buys."))
        first = points.tender(customer, points=given["points"], due=total)
        tenders, rest = [first], total - first.amount
        if rest:
            tendered = given["tendered"] if given["rest"] == Payment.Method.CASH else None
            if tendered is not None and tendered < rest:
                raise PaymentRefused(
                    _("%(missing)s is missing.") % {"missing": money.format_money(rest - tendered)}, field="tendered"
                )
            tenders.append(Tender(given["rest"], rest, tendered=tendered))
        return _seal(self.object, given["revision"], total, tenders, how=f"points{given['points']}")

    def success_url(self, result: Any) -> str:
        return reverse("orders:sale_done", args=[result.pk])


@command(SELL)
def pay_card(request: HttpRequest, pk: int) -> HttpResponse:
    """Paid by card, on the terminal beside the till."""
    total = _expected(request)
    return _finish(request, pk, [Tender(Payment.Method.CARD, total)] if total else [], how="card")


@command(SELL)
def pay_later(request: HttpRequest, pk: int) -> HttpResponse:
    """An order that is paid when it is handed over, or on account."""
    return _finish(request, pk, [], how="later")


@requires(SELL)
def done(request: HttpRequest, pk: int) -> HttpResponse:
    """After the sale: the change, the number, the receipt, the next one."""
    order = get_object_or_404(Order.objects.select_related("channel", "customer"), pk=pk)
    payments = list(order.payments.order_by("pk"))
    context = {
        "order": order,
        "payments": payments,
        "change": sum((payment.change for payment in payments), Decimal(0)),
        "title": str(order),
    }
    return htmx.render(request, "orders/sale_done.html", context)


def _offer(screen: TabScreen, cart: carts.Cart) -> rewards.Offer | None:
    """Points that could pay, for who may take them."""
    if not may(screen.request.user, "crm.redeem_points"):
        return None
    return rewards.offered(screen.object.customer, cart.total)


def quick_amounts(total: Decimal) -> list[Decimal]:
    """What people hand over: the exact amount, then the next round ones."""
    found = [total]
    for note in NOTES:
        rounded = money.round_money(quantity.round_up(total, note))
        if rounded not in found:
            found.append(rounded)
    return found[:5]


def _finish(request: HttpRequest, pk: int, tenders: Sequence[Tender], *, how: str) -> HttpResponse:
    session = _session(pk)
    try:
        order = _seal(session, _revision(request), _expected(request), tenders, how=how)
    except DomainError as error:
        messages.error(request, error.message)
        if not htmx.is_htmx(request):
            return redirect(session.get_absolute_url())
        return htmx.done(request, to=session, changed="orders-ordersession")
    return htmx.done(request, to=reverse("orders:sale_done", args=[order.pk]), leave=True)


def _seal(session: OrderSession, revision: int, total: Decimal, tenders: Sequence[Tender], *, how: str) -> Order:
    """Commit the tab. At the counter, what is wanted now and paid (or on account) is handed over at once."""
    now_wanted = session.needed_at is None or session.needed_at <= clock.now()
    settled = bool(tenders) or not total or session.channel.payment_terms == Channel.Terms.ACCOUNT
    at_counter = session.channel.kind == Channel.Kind.COUNTER and session.fulfilment != "delivery"
    return commit.commit(
        session,
        # The same tab in the same state, paid in the same way, is the same request however often it is sent.
        key=f"{session.key}:{revision}:{how}",
        revision=revision,
        expected_total=total,
        tenders=tenders,
        hand_over=at_counter and now_wanted and settled and how != "later",
    )


def _expected(request: HttpRequest) -> Decimal:
    """The total that the person saw."""
    return money.round_money(_decimal(request, "total"))
