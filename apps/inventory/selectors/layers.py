"""Stock of products without lots. The book keeps it in layers, one for each cost; on the shelf it is one thing."""

from decimal import Decimal

from django.db.models import QuerySet, Sum

from apps.inventory.models import Location, Lot, StockBalance

ZERO = Decimal(0)


def looking_like(lot: Lot) -> QuerySet[Lot]:
    """The lot; of a silent one all that nobody can tell apart from it: the same product, last day and state."""
    if not lot.is_silent:
        return Lot.objects.filter(pk=lot.pk)
    return Lot.objects.filter(product_id=lot.product_id, is_silent=True, expires_on=lot.expires_on, status=lot.status)


def booked(lot: Lot, location: Location, *, alike: bool = True) -> Decimal:
    """What the book says lies there of the lot; with `alike` of all that looks like it."""
    lots = looking_like(lot) if alike else [lot]
    rows = StockBalance.objects.filter(lot__in=lots, location=location)
    return rows.aggregate(total=Sum("quantity"))["total"] or ZERO
