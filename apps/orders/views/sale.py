"""The sale screen: tiles, scanner, tab. Every tap is one POST; without scripts each is a form that comes back here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.crm.models import Customer, LoyaltyProgram
from apps.crm.services import loyalty
from apps.orders.errors import BadQuantity
from apps.orders.models import Channel, OrderSession
from apps.orders.selectors import carts, counter
from apps.orders.selectors.carts import Cart
from apps.orders.services import sessions
from backoffice.kernel.errors import DomainError
from backoffice.kernel.numbers import parse_decimal
from backoffice.ui import htmx
from backoffice.ui.permissions import command, requires

PAGE = "orders/sale.html"
SELL = "orders.sell"
MOST = Decimal(10) ** 10  # more than any amount or quantity that a page of ours writes
Verb = Callable[[OrderSession, int], Cart]


# --- the page ---
@requires(SELL)
def start(request: HttpRequest) -> HttpResponse:
    """A sale that has not begun: the first tap opens a tab."""
    return _show(request, _channel(request), None)


@requires(SELL)
def sale(request: HttpRequest, pk: int) -> HttpResponse:
    """An open tab; one that was ordered leads to its order."""
    session = _session(pk)
    if session.status == OrderSession.Status.COMMITTED:
        return redirect("orders:order_detail", pk=session.order.pk)
    if session.status == OrderSession.Status.ABANDONED:
        return redirect("orders:sale_start")
    return _show(request, session.channel, carts.read(session))


def _show(request: HttpRequest, channel: Channel, cart: Cart | None) -> HttpResponse:
    category = request.GET.get("category", "")[:80]
    # The scanner's field is called "code"; while one types in it, it searches.
    text = counter.searched((request.GET.get("q") or request.GET.get("code", "")).replace("\x00", "")[:100])
    shown = counter.tiles(
        counter.offered(category=category, text=text), channel=channel, in_cart=cart.quantities if cart else {},
        own_list=_own_list(cart),
    )  # fmt: skip
    context = {
        **_cart_context(channel, cart),
        "tiles": shown,
        "categories": counter.categories(),
        "category": category,
        "text": text,
        "channels": Channel.objects.active().in_order(),
    }
    return htmx.render(request, PAGE, context, fragments={"tiles": f"{PAGE}#tiles", "cart": f"{PAGE}#cart-answer"})


def _own_list(cart: Cart | None) -> int | None:
    """The price list of the customer who is chosen, if that one has any."""
    customer = cart.session.customer if cart else None
    return customer.price_list_id if customer is not None else None


def _cart_context(channel: Channel, cart: Cart | None) -> dict[str, Any]:
    context: dict[str, Any] = {
        "channel": channel, "cart": cart, "session": cart.session if cart else None,
        "tabs": counter.open_tabs(channel), "revision": cart.session.revision if cart else 0,
    }  # fmt: skip
    customer = cart.session.customer if cart else None
    if cart is not None and customer is not None:
        program = LoyaltyProgram.objects.filter(is_active=True).first()
        context["points"] = balance = loyalty.balance(customer)
        context["earns"] = program.points_for(cart.total) if program else 0
        context["offer"] = program is not None and cart.total > 0 and program.worth(balance) > 0
    return context


# --- taps ---
@command(SELL)
def open_tab(request: HttpRequest) -> HttpResponse:
    """A new tab, with the first product when one was tapped."""
    product = _product(request)
    cart = sessions.open(
        channel=_channel(request),
        handle=request.POST.get("handle", "")[:40],
        wanted=[sessions.Wanted(product)] if product else [],
    )
    return htmx.done(request, to=_back(request, cart.session), leave=True)


@command(SELL)
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """One more of a product."""
    product = _product(request)
    if product is None:
        raise Http404
    return _do(request, pk, lambda tab, rev: sessions.add_line(tab, product=product, revision=rev), [product.pk])


@command(SELL)
def find(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """What was scanned or typed: an exact code adds at once, "3×" before it is the quantity; else it is a search."""
    text = request.POST.get("code", "")[:100].replace("\x00", "")
    try:
        product, quantity, rest = counter.scanned(text)
    except ValueError as error:
        product, quantity, rest = None, Decimal(1), text
        messages.error(request, str(error))
    product = product or counter.only_match(rest)
    if product is None:
        if not htmx.is_htmx(request):
            where = reverse("orders:sale", args=[pk]) if pk else reverse("orders:sale_start")
            return redirect(f"{where}?{urlencode({'q': rest})}")
        messages.warning(request, _("Nothing has the code “%(code)s”.") % {"code": rest})
        return htmx.done(request, to="orders:sale_start", close=False)
    if pk is None:
        cart = sessions.open(channel=_channel(request), wanted=[sessions.Wanted(product, quantity)])
        return htmx.done(request, to=cart.session, leave=True)
    found, times = product, quantity
    return _do(
        request,
        pk,
        lambda tab, rev: sessions.add_line(tab, product=found, quantity=times, revision=rev),
        [found.pk],
        all_tiles=True,
    )


@command(SELL)
def set_line(request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """The stepper: one less, one more, or the quantity that was typed."""
    try:
        was, typed = (
            parse_decimal(request.POST.get("was", "")[:30]),
            parse_decimal(request.POST.get("quantity", "")[:30]),
        )
        step = _decimal(request, "step") if "step" in request.POST else Decimal(0)
    except ValueError as error:
        raise BadQuantity(str(error)) from None
    # A typed quantity goes before the button: Enter in the field presses the first button of the form.
    quantity = typed if typed != was else max(was + step, Decimal(0))
    return _do(request, pk, lambda tab, rev: sessions.set_quantity(tab, line=line, quantity=quantity, revision=rev))


@command(SELL)
def remedy(request: HttpRequest, pk: int) -> HttpResponse:
    """One way out of an issue."""
    kind, line = request.POST.get("remedy", ""), _integer(request, "line")
    product = _product(request)

    def settle(tab: OrderSession, rev: int) -> Cart:
        if kind == "take":
            return sessions.set_quantity(tab, line=line, quantity=_decimal(request, "quantity"), revision=rev)
        if kind == "remove":
            return sessions.remove_line(tab, line=line, revision=rev)
        if kind == "substitute" and product is not None:
            return sessions.replace_product(tab, line=line, product=product, revision=rev)
        if kind == "preorder":
            return sessions.preorder_rest(tab, line=line, revision=rev)
        if kind == "renew":
            return sessions.renew(tab, revision=rev)
        raise Http404

    return _do(request, pk, settle, [product.pk] if product else [])


@command(SELL)
def set_customer(request: HttpRequest, pk: int) -> HttpResponse:
    """Who buys; nobody when none is named."""
    chosen = _integer(request, "customer")
    customer = get_object_or_404(Customer.objects.active(), pk=chosen) if chosen else None
    session = _session(pk)
    sessions.set_customer(session, customer=customer, revision=_integer(request, "revision"))
    return htmx.done(request, to=session, changed="orders-ordersession")


@command(SELL)
def coupon(request: HttpRequest, pk: int) -> HttpResponse:
    """A coupon's code; an empty one takes it off."""
    code = request.POST.get("coupon", "")[:60].replace("\x00", "")
    return _do(request, pk, lambda tab, rev: sessions.apply_coupon(tab, code=code, revision=rev))


@command(SELL)
def abandon(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the tab up."""
    session = _session(pk)
    sessions.abandon(session, revision=_revision(request))
    messages.success(request, _("%(tab)s given up; its stock is free.") % {"tab": session})
    return htmx.done(request, to="orders:sale_start", leave=True)


# --- how a tap is answered ---
def _do(
    request: HttpRequest, pk: int, verb: Verb, touched: Iterable[int] = (), *, all_tiles: bool = False
) -> HttpResponse:
    """Do it to the tab; show the tab, with the tiles that changed. A refusal shows the tab as it is, and says why.

    With `all_tiles` the tiles are drawn anew: after a scan, what was typed no longer narrows them.
    """
    session, status = _session(pk), 200
    before = set(session.lines.values_list("product_id", flat=True)) if htmx.is_htmx(request) else set()
    try:
        cart = verb(session, _revision(request))
    except DomainError as error:
        messages.error(request, error.message)
        status = error.status
        session = _session(pk)
        if session.status != OrderSession.Status.OPEN or not htmx.is_htmx(request):
            return htmx.done(request, to=_back(request, session), leave=True)
        cart = carts.read(session)
    if not htmx.is_htmx(request):
        return redirect(_back(request, cart.session))
    channel = cart.session.channel
    if all_tiles:
        products = counter.offered(category=request.POST.get("category", "")[:80])
    else:
        changed = {*before, *cart.quantities, *touched}
        products = list(Product.objects.select_related("category", "unit").filter(pk__in=changed))
    drawn = counter.tiles(products, channel=channel, in_cart=cart.quantities, own_list=_own_list(cart))
    context = {**_cart_context(channel, cart), ("tiles" if all_tiles else "changed_tiles"): drawn, "tapped": True}
    return htmx.render(request, f"{PAGE}#cart-answer", context, status=status)


def _session(pk: int) -> OrderSession:
    return get_object_or_404(OrderSession.objects.select_related("channel", "customer", "address"), pk=pk)


def _channel(request: HttpRequest) -> Channel:
    wanted = request.POST.get("channel") or request.GET.get("channel")
    found = Channel.objects.active().filter(code=wanted).first() if wanted else None
    channel = found or counter.default_channel()
    if channel is None:
        raise DomainError(_("There is no counter yet. Add a channel of the kind “counter” first."))
    return channel


def _product(request: HttpRequest) -> Product | None:
    chosen = _integer(request, "product")
    return get_object_or_404(Product.objects.select_related("unit"), pk=chosen) if chosen else None


def _revision(request: HttpRequest) -> int:
    """The revision that the page knows: scripts keep `revision` up to date, `seen` is what the form was drawn with."""
    return _integer(request, "revision") or _integer(request, "seen")


def _integer(request: HttpRequest, name: str) -> int:
    value = request.POST.get(name, "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < 16 else 0


def _decimal(request: HttpRequest, name: str) -> Decimal:
    """A number that the page itself wrote, with a point. Raises DomainError for anything else."""
    try:
        found = Decimal(request.POST.get(name, "")[:30])
    except ArithmeticError:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found) >= MOST:
        raise DomainError(_("This page is out of date. Reload it and try again."))
    return found


def _back(request: HttpRequest, session: OrderSession) -> str:
    query = {k: request.POST[k][:100] for k in ("category", "q") if request.POST.get(k)}
    return session.get_absolute_url() + (f"?{urlencode(query)}" if query else "")
