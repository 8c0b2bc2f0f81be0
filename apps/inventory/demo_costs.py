"""Invoices that came after the goods in the demo bakery: one that was corrected, one that waits to be looked at."""

from datetime import timedelta
from decimal import Decimal

from apps.catalog.demo import pick
from apps.inventory.models import CostCorrection, Move, StockOperation
from apps.inventory.services import cost_corrections
from backoffice.kernel import clock, money
from backoffice.kernel.audit import acting
from backoffice.outbox import runner


def build() -> None:
    """Butter was dearer than the delivery note said, and went into everything since; sugar's invoice has just come."""
    if CostCorrection.objects.exists():
        return
    reason = pick("The invoice says more than the delivery note", "A nota fiscal traz mais que o romaneio")
    with clock.fixed(clock.at(clock.today() - timedelta(days=1), 15)), acting(reason=reason):
        if draft := _dearer("MA-BUTT", Decimal("1.06"), reason=reason, reference="NF 55102"):
            cost_corrections.apply(draft)
    runner.drain()
    reason = pick("Freight on the invoice", "Frete na nota fiscal")
    with acting(reason=reason):
        _dearer("MA-SUGA", Decimal("1.03"), reason=reason, reference="NF 8931")


def _dearer(sku: str, factor: Decimal, *, reason: str, reference: str) -> CostCorrection | None:
    """The newest standing receipt of a product that some was used of since, dearer by a factor."""
    rows = Move.objects.filter(
        product__sku=sku, operation__kind=StockOperation.Kind.RECEIPT, operation__reversed_by=None, value__gt=0
    )
    move = rows.select_related("operation").order_by("pk").first()
    if move is None:
        return None
    value = money.round_money(cost_corrections.values_now(move.operation)[move.pk] * factor)
    return cost_corrections.draft(move.operation, values={move.pk: value}, reason=reason, reference=reference)
