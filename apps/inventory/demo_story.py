"""What happened in the demo bakery's stock room beside deliveries: counts, purchases. Repeatable."""

from datetime import timedelta
from decimal import Decimal

from apps.catalog.demo import pick
from apps.inventory.models import Location, StockCount
from apps.inventory.services import counting
from backoffice.kernel import clock
from backoffice.kernel.audit import acting


def counts() -> None:
    """One count of the dry store that was posted, and one of the fridge under way."""
    by_code = {place.code: place for place in Location.objects.filter(code__in=["DRY", "FRIDGE"])}
    if StockCount.objects.exists() or len(by_code) < 2:
        return
    with clock.fixed(clock.at(clock.today() - timedelta(days=3), 17, 20)), acting(reason=pick("Count", "Contagem")):
        dry = counting.start(location=by_code["DRY"], note=pick("Before the order", "Antes do pedido"))
        for position, line in enumerate(dry.lines.select_related("product__unit").order_by("pk")):
            there = line.lot.balances.get(location=line.location).quantity
            short = line.product.unit.step if position % 4 == 1 else Decimal(0)
            counting.record(line, quantity=max(there - short, Decimal(0)))
        counting.post(dry, approved=True)
    fridge = counting.start(location=by_code["FRIDGE"], is_blind=True, note=pick("Weekly", "Semanal"))
    for line in fridge.lines.select_related("lot").order_by("pk")[:3]:
        counting.record(line, quantity=line.lot.balances.get(location=line.location).quantity)
