"""What happened since something was counted, and makes its figure useless: it is to be counted again."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.inventory.errors import CountOvertaken
from apps.inventory.models import Location, Lot, Move, StockCountLine
from apps.inventory.services import locations
from backoffice.kernel.quantity import format_quantity

ZERO = Decimal(0)


def refuse(lines: Sequence[StockCountLine], there: dict[tuple[int, int], Decimal]) -> None:
    """Raise CountOvertaken for lines that differ and whose difference would leave less than nothing of what is `there`,
    by lot and place, or that somebody else has set right since: the same would be taken off, or put on, twice."""
    said = [*_below_zero(lines, there), *_set_right(lines)]
    if said:
        raise CountOvertaken(
            " ".join(said) + " " + ngettext("Count that line again.", "Count those lines again.", len(said))
        )


def _below_zero(lines: Iterable[StockCountLine], there: dict[tuple[int, int], Decimal]) -> Iterable[str]:
    for line in lines:
        left = there.get((line.lot_id, line.location_id), ZERO)
        if left + (line.difference or ZERO) < 0:
            yield _(
                "%(product)s, lot %(lot)s at %(place)s: %(counted)s counted where the book had %(book)s; "
                "only %(left)s is left by now."
            ) % {**_figures(line), "left": format_quantity(left, line.product.unit.code)}


def _set_right(lines: Sequence[StockCountLine]) -> Iterable[str]:
    """Lines whose lot was counted or adjusted there by somebody else since, unless that was taken back."""
    since = min((line.counted_at for line in lines if line.counted_at), default=None)
    if since is None:
        return
    other = locations.virtual(Location.Kind.ADJUSTMENT).pk
    moves = Move.objects.filter(lot__in={line.lot_id for line in lines}, operation__occurred_at__gt=since)
    # What is poured from one lot into another was counted all the same.
    pours = ContentType.objects.get_for_model(Lot)
    moves = moves.exclude(operation__origin_type=pours).exclude(operation__reverses__origin_type=pours)
    found: dict[tuple[int, int], list[Move]] = {}
    for move in moves.filter(quantity__gt=0).select_related("operation").order_by("pk"):
        if other in (move.source_id, move.destination_id):
            place = move.destination_id if move.source_id == other else move.source_id
            found.setdefault((move.lot_id, place), []).append(move)
    for line in lines:
        corrections = [
            move
            for move in found.get((line.lot_id, line.location_id), ())
            if line.counted_at and move.operation.occurred_at > line.counted_at
        ]
        if sum(move.quantity if move.source_id == other else -move.quantity for move in corrections):
            yield _(
                "%(product)s, lot %(lot)s at %(place)s: %(counted)s counted where the book had %(book)s; "
                "%(operation)s has set it right since."
            ) % {**_figures(line), "operation": corrections[-1].operation.number}


def _figures(line: StockCountLine) -> dict[str, str]:
    unit = line.product.unit.code
    return {
        "product": line.product.sku,
        "lot": "–" if line.lot.is_silent else line.lot.code,
        "place": line.location.name,
        "counted": format_quantity(line.counted or ZERO, unit),
        "book": format_quantity(line.book or ZERO, unit),
    }
