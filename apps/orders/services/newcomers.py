"""Somebody who buys for the first time: written down at the till, and put on the tab at once."""

from __future__ import annotations

from django.db import transaction

from apps.crm.models import Customer
from apps.crm.services import customers
from apps.orders.models import OrderSession
from apps.orders.services import sessions
from backoffice.kernel import idempotency
from backoffice.kernel.locks import retry_conflict

SCOPE = "orders.newcomer"


@retry_conflict
@transaction.atomic
def write_down(
    session: OrderSession, *, name: str, phone: str = "", document: str = "", revision: int, key: str = ""
) -> Customer:
    """Make the customer and name them on the tab, both or neither. The same key makes one customer.

    Raises CustomerExists when somebody has the document, ValidationError, StaleRevision, SessionClosed.
    """
    fingerprint = [session.pk, name, phone, document]
    if done := idempotency.find(scope=SCOPE, key=key, fingerprint=fingerprint):
        return done
    customer = customers.create(name=name, phone=phone, document=document)
    sessions.set_customer(session, customer=customer, revision=revision)
    idempotency.remember(scope=SCOPE, key=key, fingerprint=fingerprint, result=customer)
    return customer
