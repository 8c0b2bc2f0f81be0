"""Telling the customer. An e-mail cannot be rolled back, so it is sent outside of any transaction, with a Message-ID
that stays the same when it is tried again, and written down afterwards."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.crm.models import Interaction
from apps.crm.services import interactions
from apps.orders.models import Order
from backoffice import company
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

DOMAIN = "orders.invalid"  # only a name inside the Message-ID: nothing is ever sent there


def customer(directive: Directive) -> None:
    """Write to the customer about the order, once. Without an address there is nothing to do."""
    order = Order.objects.select_related("customer", "channel").filter(pk=directive.payload.get("order")).first()
    if order is None:
        raise Permanent("The order is gone.")
    if order.customer is None or not order.customer.email or _told(order, directive):
        return
    event = str(directive.payload.get("event", "placed"))
    subject = _subject(order, event)
    context = {"order": order, "event": event, "lines": order.lines.order_by("position"), "company": company.current()}
    EmailMessage(
        subject=subject,
        body=render_to_string("orders/mail/order.txt", context),
        to=[order.customer.email],
        headers={"Message-ID": f"<directive-{directive.pk}@{DOMAIN}>"},
    ).send()
    interactions.note(
        order.customer,
        kind=Interaction.Kind.ORDER,
        summary=_("E-mail sent: %(subject)s") % {"subject": subject},
        channel="email",
        origin=directive,
    )


def _told(order: Order, directive: Directive) -> bool:
    return Interaction.objects.filter(
        customer=order.customer, origin_id=directive.pk, origin_type__app_label="outbox", channel="email"
    ).exists()


def _subject(order: Order, event: str) -> str:
    texts = {
        "placed": _("%(order)s: we have it"),
        Order.Status.READY: _("%(order)s is ready"),
        Order.Status.DISPATCHED: _("%(order)s is on its way"),
        Order.Status.CANCELLED: _("%(order)s was cancelled"),
    }
    return texts.get(event, _("%(order)s")) % {"order": order}
