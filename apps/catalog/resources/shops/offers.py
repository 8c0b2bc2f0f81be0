"""Regular and sale prices as one list keeps them: what holds now, and what begins when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from apps.catalog.models import Price
from backoffice.transfers.rows import BadCell, Row

from .item import Offer

LARGEST = Decimal(10) ** 12
Step = tuple[datetime | None, Decimal]  # from when on; None is now


def read_amount(row: Row, column: str) -> Decimal | None:
    """The price in a cell. Raises BadCell."""
    text = row.text(column).removeprefix("'").strip()
    if not text:
        return None
    amount = row.decimal(column, places=4, minimum=0)
    if amount is not None and amount >= LARGEST:
        raise BadCell(column, f"{amount:f}")
    return amount


def steps(offer: Offer, *, now: datetime, until: datetime | None) -> list[Step]:
    """What the product costs from now on. A sale without an end lasts `until` then, or for good."""
    regular, sale = offer.regular, offer.sale
    if sale is None or (regular is not None and sale >= regular):
        return [] if regular is None else [(None, regular)]
    if regular is None:
        return [(None, sale)]
    end = offer.end or until
    start = offer.start if offer.start is not None and offer.start > now else None
    if end is not None and end <= (start or now):
        if offer.end is not None:
            return [(None, regular)]
        end = None
    found: list[Step] = [(None, sale)] if start is None else [(None, regular), (start, sale)]
    return found if end is None else [*found, (end, regular)]


def lacking(wanted: Iterable[Step], windows: Sequence[Price]) -> list[tuple[datetime, Decimal, Decimal | None]]:
    """Of the steps that come later, those that are not so yet, with what would hold at that moment."""
    found = []
    for moment, amount in wanted:
        if moment is None:
            continue
        held = next(
            (
                row.amount
                for row in windows
                if row.valid_from <= moment and (row.valid_to is None or row.valid_to > moment)
            ),
            None,
        )
        if held != amount:
            found.append((moment, amount, held))
    return found
