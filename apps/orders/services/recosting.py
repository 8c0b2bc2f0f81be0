"""What was sold costs what it really cost, once that is known."""

from collections.abc import Sequence

from apps.inventory.selectors.replay import MoveChange
from apps.orders.selectors import recosting
from backoffice.kernel import bulk


def apply(changes: Sequence[MoveChange]) -> None:
    """Write the cost of the lines that were filled with it; everything else of a line was agreed and stays."""
    recosted = recosting.lines(changes)
    for one in recosted:
        one.line.unit_cost = one.unit_cost
    bulk.update([one.line for one in recosted], ["unit_cost"])
