"""The active holds of a document: read under the products' locks, ended once. Internal to the stock room."""

from collections.abc import Iterable, Sequence

from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models import F, Model

from apps.catalog.models import Product
from apps.inventory.models import Hold
from apps.inventory.services import allocation, refusals, stock_locks
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled, CompiledUpdate

_PRODUCTS = Compiled(
    lambda kind, pk: Hold.objects.filter(origin_type_id=kind, origin_id=pk, status=Hold.Status.ACTIVE).values_list(
        "product_id", flat=True
    )
)
_ACTIVE = Compiled(
    lambda kind, pk: Hold.objects.filter(origin_type_id=kind, origin_id=pk, status=Hold.Status.ACTIVE).order_by("pk")
)
_END = CompiledUpdate(
    lambda ids, status, reason, now: (
        Hold.objects.filter(pk__in=ids, status=Hold.Status.ACTIVE),
        {"status": status, "reason": reason, "resolved_at": now, "updated_at": now},
    )
)
_FULFIL = CompiledUpdate(
    lambda ids, reason, now: (
        Hold.objects.filter(pk__in=ids, status=Hold.Status.ACTIVE),
        {
            "status": Hold.Status.FULFILLED,
            "fulfilled": F("quantity"),
            "reason": reason,
            "resolved_at": now,
            "updated_at": now,
        },
    )
)


def active(origin: Model) -> list[Hold]:
    """The document's active holds, oldest first. One query."""
    return _ACTIVE(*_document(origin))


def locked(origin: Model, others: Iterable[int] = ()) -> tuple[dict[int, Product], list[Hold]]:
    """Lock the products that the document holds, and `others`; then read its active holds, oldest first."""
    if not connection.features.has_select_for_update:  # the transaction is the lock: nothing comes in between
        holds = active(origin)
        return stock_locks.lock_products({*(hold.product_id for hold in holds), *others}), holds
    products = stock_locks.lock_products({*_PRODUCTS(*_document(origin)), *others})
    # Read again under the locks: what was held of a product that is not locked came in between and is left alone.
    return products, [hold for hold in active(origin) if hold.product_id in products]


def end(holds: Sequence[Hold], status: str, *, reason: str) -> int:
    """End active holds: a conditional update, so that each resolves once. Returns how many this call ended."""
    if not holds:
        return 0
    now, ids = clock.now(), [hold.pk for hold in holds]
    if status == Hold.Status.FULFILLED:
        ended = _FULFIL(ids, reason[:200], now)
    else:
        ended = _END(ids, status, reason[:200], now)
    if ended != len(holds):
        raise refusals.resolved(ids, ended_at=now)
    allocation.drop(holds)
    for hold in holds:
        hold.status, hold.reason, hold.resolved_at = status, reason[:200], now
    return ended


def _document(origin: Model) -> tuple[int, int]:
    return ContentType.objects.get_for_model(origin).pk, origin.pk
