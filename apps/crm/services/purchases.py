"""What was bought, as told by whoever sold it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import models, transaction

from apps.crm.models import Customer, Purchase, PurchaseItem
from apps.crm.models.origin import origin_fields
from backoffice.kernel import clock


@transaction.atomic
def record(
    customer: Customer,
    *,
    origin: models.Model,
    at: datetime,
    channel_code: str,
    amount: Decimal,
    items: Iterable[tuple[int, Decimal, Decimal]] = (),
) -> Purchase:
    """Write down a completed sale as (product id, quantity, net amount) items. The same origin is written once."""
    purchase, created = Purchase.objects.get_or_create(
        **origin_fields(origin),
        defaults={"customer": customer, "at": at, "channel_code": channel_code, "amount": amount},
    )
    if created:
        PurchaseItem.objects.bulk_create(
            PurchaseItem(purchase=purchase, product_id=product_id, quantity=quantity, amount=money)
            for product_id, quantity, money in items
        )
    return purchase


@transaction.atomic
def reverse(origin: models.Model) -> Purchase | None:
    """Take a sale back: it stays in the book, but counts no more. Twice changes nothing."""
    purchase = Purchase.objects.select_for_update().filter(**origin_fields(origin)).first()
    if purchase is not None and purchase.reversed_at is None:
        purchase.reversed_at = clock.now()
        purchase.save(update_fields=["reversed_at"])
    return purchase
