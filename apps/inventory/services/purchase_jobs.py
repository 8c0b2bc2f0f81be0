"""Sending a purchase order to its supplier. An e-mail cannot be rolled back, so it is sent outside of any transaction,
with a Message-ID that stays the same when it is tried again, and written down afterwards."""

from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from apps.inventory.errors import BadPurchase
from apps.inventory.models import PurchaseOrder, Supplier
from apps.inventory.selectors import purchasing as reads
from backoffice import company
from backoffice.kernel import clock, idempotency
from backoffice.kernel.locks import lock
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

DOMAIN = "purchases.invalid"  # only a name inside the Message-ID: nothing is ever sent there


def check_address(supplier: Supplier) -> None:
    """Raise BadPurchase for a supplier that has no e-mail address."""
    if not supplier.email:
        raise BadPurchase(
            _("%(supplier)s has no e-mail address. Add one, or print the order.") % {"supplier": supplier.name},
            field="mail",
        )


@transaction.atomic
def ask_again(order: PurchaseOrder, *, key: str | None = None) -> Directive:
    """Have a sent order mailed: it was not when it was sent, the letter went astray, or it says another day by now.

    Raises BadPurchase once something came or it is over, without an address, and while a letter is on its way. The same
    key mails once.
    """
    if done := idempotency.find(scope="purchasing.mail", key=key, fingerprint=[order.pk]):
        return done
    fresh = lock(order)
    if fresh.status != PurchaseOrder.Status.SENT:
        raise BadPurchase(
            _("%(order)s is %(status)s; it is not e-mailed.")
            % {"order": fresh.number, "status": fresh.get_status_display()}
        )
    check_address(order.supplier)
    before = reads.letter(fresh)
    if before is not None and before.status in (Directive.Status.QUEUED, Directive.Status.RUNNING):
        raise BadPurchase(_("The e-mail of %(order)s is on its way already.") % {"order": fresh.number})
    letter = directives.issue(reads.MAIL, payload={"order": order.pk}, origin=order)
    idempotency.remember(scope="purchasing.mail", key=key, fingerprint=[order.pk], result=letter)
    return letter


def send(directive: Directive) -> None:
    """Mail the order to the supplier, once. Permanent when the order or the address is gone.

    Nothing is sent any more when some of it is here, when it is over, or when a later letter went out.
    """
    order = (
        PurchaseOrder.objects.select_related("supplier", "location").filter(pk=directive.payload.get("order")).first()
    )
    if order is None:
        raise Permanent("The purchase order is gone.")
    went_out = order.mailed_at is not None and order.mailed_at >= directive.created_at
    if went_out or order.status != PurchaseOrder.Status.SENT:
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
