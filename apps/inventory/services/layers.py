"""Taking stock that lies in layers: whoever takes from the shelf need not know what each of it cost."""

from dataclasses import replace
from decimal import Decimal

from apps.inventory.errors import InsufficientStock
from apps.inventory.selectors import cells as stock_cells
from apps.inventory.selectors.cells import ZERO
from apps.inventory.selectors.layers import looking_like
from apps.inventory.services import shortages
from apps.inventory.services.posting import PostLine
from backoffice.kernel import clock


def lines(whole: PostLine, *, held_too: bool = False) -> list[PostLine]:
    """The line; of a silent lot as many as it takes of all that looks like it: what is free, and what came first.

    What others hold comes last, with `held_too`. Raises InsufficientStock when there is not so much. Whether one lot
    suffices is left to the posting. Call under the product's lock.
    """
    product, source, amount = whole.product, whole.source, whole.quantity
    if not whole.lot.is_silent:
        return [whole]
    layers = {layer.pk: layer for layer in looking_like(whole.lot)}
    now = clock.now()
    cells = [
        cell
        for cell in stock_cells.load([product.pk], now=now).get(product.pk, [])
        if cell.location_id == source.pk and cell.lot_id in layers
    ]
    if not cells:
        return [whole]
    free = {cell.lot_id: max(cell.free, ZERO) for cell in cells}
    there = sum((cell.on_hand if held_too else free[cell.lot_id] for cell in cells), ZERO)
    if amount > there:
        short = shortages.shortage(
            product, cells, asked=amount, on=clock.today(), now=now, scope=[source.pk], any_state=True
        )
        raise InsufficientStock([short])
    taken: dict[int, Decimal] = {}
    for room in (free, {cell.lot_id: cell.on_hand - free[cell.lot_id] for cell in cells}):
        for cell in cells:
            if part := min(room[cell.lot_id], amount):
                taken[cell.lot_id] = taken.get(cell.lot_id, ZERO) + part
                amount -= part
    return [replace(whole, lot=layers[lot_id], quantity=part) for lot_id, part in taken.items()]
