"""One level each way: the lots that went into an order, and where its own lots went."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet

from apps.inventory.models import Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.selectors import recosting
from apps.production.models import WorkOrder
from backoffice.kernel.compiled import Compiled


@dataclass(frozen=True)
class Part:
    """A quantity of a lot, and what it is part of."""

    lot: Lot
    quantity: Decimal
    value: Decimal
    label: str = ""
    url: str = ""
    icon: str = "package"


def moves_in(order: WorkOrder) -> QuerySet[Move]:
    """What the order took out of stock."""
    return Move.objects.filter(
        operation__origin_type=ContentType.objects.get_for_model(WorkOrder),
        operation__origin_id=order.pk,
        operation__kind=StockOperation.Kind.CONSUMPTION,
    )


_LOTS = Compiled(lambda ids: Lot.objects.filter(pk__in=ids))
_LOT_IDS = Compiled(
    lambda kind, pk: Move.objects.filter(
        operation__origin_type_id=kind,
        operation__origin_id=pk,
        operation__kind=StockOperation.Kind.CONSUMPTION,
    ).values_list("lot_id", flat=True)
)


def lots_used(order: WorkOrder) -> list[Lot]:
    """Every lot that went into the order so far."""
    return _LOTS(_LOT_IDS(ContentType.objects.get_for_model(WorkOrder).pk, order.pk))


def taken(order: WorkOrder) -> dict[int, list[Part]]:
    """The lots taken of each material, with quantity and value, in the order they were taken."""
    found: dict[int, dict[int, Part]] = {}
    for move in recosting.with_corrections(moves_in(order).select_related("lot__product__unit").order_by("pk")):
        of_product = found.setdefault(move.product_id, {})
        before = of_product.get(move.lot_id)
        of_product[move.lot_id] = Part(
            lot=move.lot,
            quantity=move.quantity + (before.quantity if before else Decimal(0)),
            value=move.value + (move.corrected or Decimal(0)) + (before.value if before else Decimal(0)),
        )
    return {product_id: list(parts.values()) for product_id, parts in found.items()}


@dataclass(frozen=True)
class Went:
    """Where some of an output lot went, or is."""

    title: str
    meta: str
    quantity: Decimal
    url: str = ""
    icon: str = "package"


ICONS = {
    StockOperation.Kind.SALE: "shopping-bag",
    StockOperation.Kind.CONSUMPTION: "cooking-pot",
    StockOperation.Kind.WASTE: "trash-2",
    StockOperation.Kind.ADJUSTMENT: "scale",
}


def went(lots: Sequence[Lot]) -> list[Went]:
    """What became of the lots: who took them, and what is still there. A constant number of queries."""
    if not lots:
        return []
    ids = [lot.pk for lot in lots]
    found: dict[Any, Went] = {}
    moves = (
        Move.objects.filter(
            lot_id__in=ids,
            quantity__gt=0,
            source__kind__in=Location.PHYSICAL,
            destination__kind__in=Location.VIRTUAL,
        )
        .select_related("operation__origin_type", "operation", "destination")
        .prefetch_related("operation__origin")
        .order_by("pk")
    )
    for move in moves:
        operation = move.operation
        cause = operation.origin or operation
        where = (type(cause), cause.pk)
        before = found.get(where)
        found[where] = Went(
            title=str(cause),
            meta=operation.get_kind_display(),
            quantity=move.quantity + (before.quantity if before else Decimal(0)),
            url=cause.get_absolute_url() if hasattr(cause, "get_absolute_url") else "",
            icon=ICONS.get(operation.kind, "package"),  # type: ignore[call-overload]
        )
    for balance in StockBalance.objects.filter(lot_id__in=ids, quantity__gt=0).select_related("location", "lot"):
        found["on", balance.pk] = Went(
            title=balance.location.name,
            meta=balance.lot.label,
            quantity=balance.quantity,
            url=balance.lot.get_absolute_url(),
            icon="warehouse",
        )
    return list(found.values())
