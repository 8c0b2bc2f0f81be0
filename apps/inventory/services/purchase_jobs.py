"""Sending a purchase order to its supplier. An e-mail cannot be rolled back, so it is sent outside of any transaction,
with a Message-ID that stays the same when it is tried again, and written down afterwards."""

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.inventory.models import PurchaseOrder
from apps.inventory.selectors import purchasing as reads
from backoffice import company
from backoffice.kernel import clock
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

DOMAIN = "purchases.invalid"  # only a name inside the Message-ID: nothing is ever sent there


def send(directive: Directive) -> None:
    """Mail the order to the supplier, once. Permanent when the order or the address is gone."""
    order = (
        PurchaseOrder.objects.select_related("supplier", "location").filter(pk=directive.payload.get("order")).first()
    )
    if order is None:
        raise Permanent("The purchase order is gone.")
    if order.mailed_at is not None or order.status == PurchaseOrder.Status.CANCELLED:
        return
    if not order.supplier.email:
        raise Permanent("The supplier has no e-mail address.")
    shop = company.current()
    context = {
        "order": order,
        "lines": reads.to_send(order),
        "total": order.worth,
        "company": shop,
    }
    EmailMessage(
        subject=_("Order %(number)s from %(company)s") % {"number": order.number, "company": shop},
        body=render_to_string("inventory/mail/purchase.txt", context),
        to=[order.supplier.email],
        headers={"Message-ID": f"<directive-{directive.pk}@{DOMAIN}>"},
    ).send()
    order.mailed_at = clock.now()
    order.save(update_fields=["mailed_at", "updated_at"])
