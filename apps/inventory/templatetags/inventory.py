"""`{% load inventory %}`: lots, days, documents and changes as the stock room's pages draw them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django import template
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from apps.catalog.models import Product
from apps.inventory.models import Lot
from apps.inventory.selectors import nearness
from backoffice.kernel import clock
from backoffice.kernel.money import format_amount, round_money
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.fields import QuantityFormField
from backoffice.ui.icons import icon
from backoffice.ui.permissions import may, may_open
from backoffice.ui.templatetags.ui import day

register = template.Library()

SEND_BACK = "undo-2"
VERBS = (
    ("inventory:transfer", "inventory.transfer_stock", "arrow-left-right"),
    ("inventory:adjust", "inventory.adjust_stock", "clipboard-check"),
    ("inventory:waste", "inventory.waste_stock", "trash-2"),
    ("inventory:return_to_supplier", "inventory.adjust_stock", SEND_BACK),
    ("inventory:lot_split", "inventory.adjust_stock", "split"),
    ("inventory:lot_merge", "inventory.adjust_stock", "merge"),
)


@register.simple_tag
def lot_link(lot: Lot, product: Product) -> SafeString:
    """The lot's code, leading to it; a silent lot, which nobody knows by its code, says that it is none."""
    css = "muted" if lot.is_silent else "code"
    return format_html('<a class="{}" href="{}">{}</a>', css, lot.get_absolute_url(), lot.label)


@register.simple_tag
def expiry(lot: Lot, product: Product) -> SafeString:
    """A lot's last good day: red when it is over, amber when it is near, by the rule that alerts follow."""
    if lot.expires_on is None:
        return format_html('<span class="muted">{}</span>', "–")
    tone = nearness.now().tone(lot.expires_on, product.shelf_life_days)
    css = f"c-{tone}" if tone else ""
    return format_html('<span class="{}">{}</span>', css, date_format(lot.expires_on, "SHORT_DATE_FORMAT"))


@register.simple_tag
def paper_expiry(lot: Lot) -> SafeString:
    """The same on paper, which has no colours: bold when it is near, with a mark of exclamation when it is over."""
    if lot.expires_on is None:
        return SafeString("")
    text = date_format(lot.expires_on, "SHORT_DATE_FORMAT")
    tone = nearness.now().tone(lot.expires_on, lot.product.shelf_life_days)
    if not tone:
        return format_html("{}", text)
    return format_html("<b>{}{}</b>", text, " !" if tone == "bad" else "")


@register.simple_tag(takes_context=True)
def document(context: Any, origin: Any) -> SafeString:
    """The document that caused something, with a link when it has a page that the person may open."""
    if origin is None:
        return format_html('<span class="muted">{}</span>', "–")
    url = origin.get_absolute_url() if hasattr(origin, "get_absolute_url") else ""
    if not url or not may_open(context["request"].user, origin, url):
        return format_html("<span>{}</span>", origin)
    return format_html('<a href="{}">{}</a>', url, origin)


@register.simple_tag
def change(amount: Decimal, moved: Decimal) -> SafeString:
    """What a move changed in the house: + in green, − in plain; what only moved inside is grey."""
    if not moved:  # a cost correction moves value alone
        return format_html('<span class="muted">{}</span>', "–")
    if amount > 0:
        return format_html('<span class="c-ok">+ {}</span>', format_quantity(amount))
    if amount < 0:
        return format_html("<span>{}</span>", format_quantity(amount))
    return format_html('<span class="muted">({})</span>', format_quantity(moved))


@register.simple_tag
def unit_price(value: Decimal | None) -> str:
    """The price of one: with cents, and with the hundredths of a cent that packs are sometimes agreed in."""
    if value is None:
        return ""
    return format_amount(value, 2 if value == round_money(value) else 4)


@register.simple_tag
def signed(amount: Decimal) -> SafeString:
    """A difference of money: + in amber, since it costs more; − in green; nothing is a dash."""
    if not amount:
        return format_html('<span class="muted">{}</span>', "–")
    if amount > 0:
        return format_html('<span class="c-warn">+{}</span>', format_amount(amount))
    return format_html('<span class="c-ok">{}</span>', format_amount(amount))


@register.simple_tag
def shift(before: Decimal, after: Decimal, places: int = 2) -> SafeString:
    """What an amount was and is: the old one in grey, an arrow, the new one. One that stays is said once."""
    if before == after:
        return format_html("<span>{}</span>", format_amount(after, places))
    was, now = format_amount(before, places), format_amount(after, places)
    tone = "c-bad" if after < 0 else ""
    return format_html('<span class="nw"><span class="muted">{} →</span> <b class="{}">{}</b></span>', was, tone, now)


@register.simple_tag
def corrected_value(move: Any) -> str:
    """What a move is worth since its cost was corrected."""
    return format_amount(move.value + move.corrected)


def _verbs(request: Any) -> list[tuple[str, str, SafeString]]:
    """Address, icon and name of what this person may do with stock: asked once a request, not once a row."""
    if not hasattr(request, "_stock_verbs"):
        labels = (
            gettext("Transfer"), gettext("Adjust"), gettext("Waste"), gettext("Return to supplier"),
            gettext("Split lot"), gettext("Merge lots"),
        )  # fmt: skip
        request._stock_verbs = [
            (reverse(url), name, conditional_escape(label))
            for (url, permission, name), label in zip(VERBS, labels, strict=True)
            if may(request.user, permission)
        ]
    found: list[tuple[str, str, SafeString]] = request._stock_verbs
    return found


@register.simple_tag(takes_context=True)
def balance_menu(context: Any, balance: Any) -> SafeString:
    """What may be done with this stock: transfer, adjust, waste. What was made here has nobody to be sent back to."""
    verbs = _verbs(context["request"])
    if balance.lot.produced_on is not None:
        verbs = [verb for verb in verbs if verb[1] != SEND_BACK]
    if not verbs:
        return SafeString("")
    key = int(balance.pk)
    entries = "".join(
        f'<a href="{url}?stock={key}" hx-get="{url}?stock={key}" hx-target="#dialog" hx-swap="innerHTML">'
        f"{icon(name)}{label}</a>"
        for url, name, label in verbs
    )
    return format_html(
        '<button class="btn ghost icon-only xs" type="button" popovertarget="stock-menu-{0}" aria-label="{1}">{2}'
        '</button><div class="menu" popover id="stock-menu-{0}">{3}</div>',
        str(key),
        gettext("Actions for %s") % balance.lot.label,
        icon("ellipsis"),
        SafeString(entries),
    )


@register.simple_tag(takes_context=True)
def stock_menu(context: Any, line: Any) -> SafeString:
    """The same for a line of the stock card."""
    return balance_menu(context, line.balance)


@register.simple_tag
def plain(value: Decimal) -> str:
    """A quantity as a field would hold it: the language's decimal sign, no unit."""
    return str(QuantityFormField().prepare_value(value))


@register.simple_tag
def counted_when(moment: datetime) -> str:
    """The time of day, with the day unless that is today."""
    at = clock.local(moment)
    return f"{at:%H:%M}" if at.date() == clock.today() else f"{day(at)} {at:%H:%M}"
