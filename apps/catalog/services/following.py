"""Lists that follow another one: their prices are written out as rows, so that every reader finds them in one place.

The rows say what holds and what is scheduled, for each moment from a change on; what was charged before stays as it
was, even when the rule changes. A price that somebody set in the following list itself wins from its quantity on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db.models import Q

from apps.catalog import rounding
from apps.catalog.models import Price, PriceList

BATCH = 2000
Key = tuple[int, int | None, Decimal]
Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A derived price that should be there."""

    key: Key
    start: datetime
    end: datetime | None
    amount: Decimal


def key_of(price: Price) -> Key:
    """What a window belongs to within its list: product, pack, quantity."""
    return price.product_id, price.unit_id, price.min_quantity


def threshold(price: Price) -> Fraction:
    """From how much of the product's own unit on the price holds. Needs the pack loaded."""
    return Fraction(price.min_quantity) * (price.unit.ratio if price.unit else 1)


def descendants(lists: Mapping[int, PriceList], price_list: PriceList) -> list[PriceList]:
    """The lists that follow this one, directly or not, each after the one it follows."""
    children: dict[int | None, list[PriceList]] = defaultdict(list)
    for other in sorted(lists.values(), key=lambda one: one.pk):
        children[other.base_id].append(other)
    found: list[PriceList] = []
    waiting = [*children[price_list.pk]]
    while waiting:
        one = waiting.pop(0)
        found.append(one)
        waiting += children[one.pk]
    return found


def refresh_all(
    lists: Mapping[int, PriceList], price_list: PriceList, product_ids: Collection[int] | None, since: datetime
) -> None:
    """Bring the list, when it follows one, and all that follow it up to date from `since` on; None is all products.

    The caller holds the locks of all price lists.
    """
    for one in [price_list, *descendants(lists, price_list)]:
        refresh(one, product_ids, since)


def refresh(price_list: PriceList, product_ids: Collection[int] | None, since: datetime) -> None:
    """Write the derived prices of one list anew from `since` on, touching only rows that change."""
    if price_list.base_id is None:
        return
    rows = Price.objects.filter(Q(valid_to=None) | Q(valid_to__gt=since), price_list=price_list)
    base = Price.objects.filter(Q(valid_to=None) | Q(valid_to__gt=since), price_list=price_list.base_id)
    if product_ids is not None:
        rows, base = rows.filter(product__in=product_ids), base.filter(product__in=product_ids)
    own: dict[int, list[Price]] = defaultdict(list)
    there: dict[Key, list[Price]] = defaultdict(list)
    for row in rows.select_related("unit").order_by("valid_from"):
        if row.is_derived:
            there[key_of(row)].append(row)
        else:
            own[row.product_id].append(row)
    wanted: dict[Key, list[Piece]] = defaultdict(list)
    for row in base.select_related("unit").order_by("valid_from"):
        ratio = row.unit.ratio if row.unit else rounding.ONE
        amount = rounding.derived(row.amount, price_list.percentage, price_list.rounding, ratio)
        stronger = [one for one in own.get(row.product_id, ()) if threshold(one) <= threshold(row)]
        for start, end in _without((max(row.valid_from, since), row.valid_to), stronger):
            _add(wanted[key_of(row)], Piece(key_of(row), start, end, amount))
    _write(price_list, there, wanted, since)


def make_room(price_list: PriceList, opened: Sequence[Price]) -> None:
    """Take derived prices out of the way of prices that are about to be set in the list itself."""
    if price_list.base_id is None or not opened:
        return
    new = {key_of(row): row for row in opened}
    rows = Price.objects.filter(price_list=price_list, is_derived=True, product__in={row.product_id for row in opened})
    gone, closed = [], defaultdict(list)
    for row in rows:
        mine = new.get(key_of(row))
        if mine is None or (row.valid_to is not None and row.valid_to <= mine.valid_from):
            continue
        if mine.valid_to is not None and row.valid_from >= mine.valid_to:
            continue
        if row.valid_from >= mine.valid_from:
            gone.append(row.pk)
        else:
            closed[mine.valid_from].append(row.pk)
    _delete(gone)
    for moment, pks in closed.items():
        _end(pks, moment)


def _without(span: Span, stronger: Iterable[Price]) -> Iterator[Span]:
    """What is left of a span of time beside the windows of the list's own prices."""
    start, end = span
    for one in sorted(stronger, key=lambda price: price.valid_from):
        if one.valid_to is not None and one.valid_to <= start:
            continue
        if end is not None and one.valid_from >= end:
            break
        if one.valid_from > start:
            yield start, one.valid_from
        if one.valid_to is None:
            return
        start = one.valid_to
    if end is None or start < end:
        yield start, end


def _add(pieces: list[Piece], piece: Piece) -> None:
    """One window where the rounded price stays the same."""
    last = pieces[-1] if pieces else None
    if last is not None and last.end == piece.start and last.amount == piece.amount:
        pieces[-1] = Piece(last.key, last.start, piece.end, last.amount)
    else:
        pieces.append(piece)


def _write(
    price_list: PriceList,
    there: Mapping[Key, Sequence[Price]],
    wanted: Mapping[Key, Sequence[Piece]],
    since: datetime,
) -> None:
    gone: list[int] = []
    ends: dict[datetime | None, list[int]] = defaultdict(list)
    fresh: list[Price] = []
    for key in {*there, *wanted}:
        missing = {(piece.start, piece.amount): piece for piece in wanted.get(key, ())}
        for row in there.get(key, ()):
            piece = missing.pop((max(row.valid_from, since), row.amount), None)
            if piece is not None:
                if piece.end != row.valid_to:
                    ends[piece.end].append(row.pk)
            elif row.valid_from >= since:
                gone.append(row.pk)
            else:
                ends[since].append(row.pk)
        fresh += [
            Price(
                price_list=price_list, product_id=key[0], unit_id=key[1], min_quantity=key[2], amount=piece.amount,
                valid_from=piece.start, valid_to=piece.end, is_derived=True,
            )
            for piece in missing.values()
        ]  # fmt: skip
    _delete(gone)
    # The shortest windows first: none may reach into another on the way.
    for moment in sorted(one for one in ends if one is not None):
        _end(ends[moment], moment)
    _end(ends.get(None, []), None)
    Price.objects.bulk_create(fresh, batch_size=BATCH)


def _delete(pks: Sequence[int]) -> None:
    for place in range(0, len(pks), BATCH):
        rows = Price.objects.filter(pk__in=pks[place : place + BATCH])
        rows._raw_delete(rows.db)  # derived rows have no history, and nothing points at them


def _end(pks: Sequence[int], moment: datetime | None) -> None:
    for place in range(0, len(pks), BATCH):
        Price.objects.filter(pk__in=pks[place : place + BATCH]).update(valid_to=moment)
