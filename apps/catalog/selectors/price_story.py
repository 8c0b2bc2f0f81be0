"""How the prices of a product developed: for the chart, and for what the law wants to know before a discount."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from apps.catalog.models import Price
from backoffice.kernel import clock

WEEKS_BACK, WEEKS_AHEAD = 26, 4
LOOK_BACK = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Story:
    """One list's price at the beginning of each week; None where there was none."""

    price_list: str
    amounts: list[Decimal | None]


@dataclass(frozen=True, slots=True)
class Lowest:
    """A price that went down, with the lowest price of the 30 days before it did."""

    price_list: str
    since: datetime
    amount: Decimal
    before: Decimal


def weeks(today: date) -> list[date]:
    """The days at which the chart reads the prices: half a year back, four weeks ahead."""
    return [today + timedelta(weeks=number) for number in range(-WEEKS_BACK, WEEKS_AHEAD + 1)]


def development(rows: Iterable[Price], days: Sequence[date]) -> list[Story]:
    """The price for any quantity in each active list on these days, from rows with their lists loaded."""
    of_list: dict[str, list[Price]] = defaultdict(list)
    for row in rows:
        if row.unit_id is None and not row.min_quantity and row.price_list.is_active:
            of_list[row.price_list.name].append(row)
    moments = [clock.now() if day == clock.today() else clock.at(day) for day in days]
    stories = [Story(name, [_amount(prices, moment) for moment in moments]) for name, prices in sorted(of_list.items())]
    return [story for story in stories if any(amount is not None for amount in story.amounts)]


def _amount(rows: Iterable[Price], moment: datetime) -> Decimal | None:
    return next((row.amount for row in rows if _covers(row, moment)), None)


def _covers(row: Price, moment: datetime) -> bool:
    return row.valid_from <= moment and (row.valid_to is None or row.valid_to > moment)


def lowest_before(rows: Iterable[Price], moment: datetime) -> Decimal | None:
    """The lowest of the prices that held at some time in the 30 days before the moment, of one list."""
    held = [
        row.amount
        for row in rows
        if row.valid_from < moment and (row.valid_to is None or row.valid_to > moment - LOOK_BACK)
    ]
    return min(held, default=None)


def reductions(rows: Iterable[Price]) -> list[Lowest]:
    """Where the price that holds now, or one that is scheduled, is lower than the one before it: what it has to be
    compared with. Rows with their lists loaded."""
    of_list: dict[int, list[Price]] = defaultdict(list)
    for row in rows:
        if row.unit_id is None and not row.min_quantity and row.price_list.is_active:
            of_list[row.price_list_id].append(row)
    now, found = clock.now(), []
    for prices in of_list.values():
        prices.sort(key=lambda row: row.valid_from)
        for before, row in pairwise(prices):
            ended = row.valid_to is not None and row.valid_to <= now
            if ended or row.amount >= before.amount:
                continue
            lowest = lowest_before([one for one in prices if one is not row], row.valid_from)
            if lowest is not None:
                found.append(Lowest(row.price_list.name, row.valid_from, row.amount, lowest))
    return found
