"""Takes an import of prices back. What was charged meanwhile stays in the books: the former price begins anew, now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.models import Price, PriceList, Product
from apps.catalog.services import prices
from apps.catalog.services.locks import lock_price_lists, lock_products
from backoffice.kernel import clock

from .columns import plain_number, plain_price

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow

Key = tuple[int, int, int | None, str]  # list, product, pack, quantity


def remember(
    price_list: PriceList, start: datetime | None, rows: Sequence[TransferRow], changes: Sequence[prices.Change]
) -> dict[int, dict[str, Any]]:
    """What undoing these rows will need, asked before they are written. One query."""
    moment = start or clock.now()
    held = _held([price_list.pk], [change.product_id for change in changes], moment)
    found = {}
    for row, change in zip(rows, changes, strict=True):
        key = (price_list.pk, change.product_id, change.unit_id, plain_number(change.min_quantity))
        now = holding(held.get(key, ()), moment)
        found[row.pk] = {
            "key": list(key), "start": start.isoformat() if start else "",
            "after": None if change.amount is None else plain_price(change.amount),
            "before": plain_price(now.amount) if now else None,
            "began": bool(now and start and now.valid_from == start),
        }  # fmt: skip
    return found


def obstacles(rows: Sequence[TransferRow]) -> dict[int, str]:
    """Why which prices cannot be put back, by their keys. Three queries."""
    now = clock.now()
    told = {row.pk: row.written for row in rows if row.written.get("key")}
    lists = {written["key"][0] for written in told.values()}
    products = {written["key"][1] for written in told.values()}
    there = set(PriceList.objects.filter(pk__in=lists, is_active=True).values_list("pk", flat=True))
    alive = set(Product.objects.filter(pk__in=products).values_list("pk", flat=True))
    held = _held(lists, products, now)
    found: dict[int, str] = {}
    for pk, written in told.items():
        key = _key(written)
        price = holding(held.get(key, ()), max(now, _start(written) or now))
        if key[0] not in there or key[1] not in alive:
            found[pk] = _("The price list or the product is gone.")
        elif (plain_price(price.amount) if price else None) != written["after"]:
            found[pk] = _("The price was changed since.")
    return found


def undo(rows: Sequence[TransferRow]) -> dict[int, str]:
    """Put former prices back and forget those that have not begun, inside the caller's transaction."""
    lock_products({row.written["key"][1] for row in rows if row.written.get("key")}, gone_is_fine=True)
    lists = lock_price_lists()
    kept = obstacles(rows)
    now = clock.now()
    wanted: dict[tuple[datetime | None, int], list[prices.Change]] = defaultdict(list)
    cancelled: list[tuple[Key, datetime]] = []
    for row in rows:
        if row.pk in kept or not row.written.get("key"):
            continue
        written, key = row.written, _key(row.written)
        start = _start(written)
        start = start if start and start > now else None
        if start and written["after"] is not None and not written["began"]:
            cancelled.append((key, start))
            continue
        before = None if written["before"] is None else Decimal(written["before"])
        wanted[start, key[0]].append(prices.Change(key[1], before, Decimal(key[3]), key[2]))
    for price in _scheduled(cancelled):
        prices.cancel_scheduled(price)
    # What is to begin later first; lists after those that they follow.
    for start, pk in sorted(wanted, key=lambda pair: (pair[0] is None, _depth(lists, pair[1]), pair[1])):
        prices.set_many(lists[pk], wanted[start, pk], valid_from=start)
    return kept


def holding(rows: Iterable[Price], moment: datetime) -> Price | None:
    """The price whose window holds the moment."""
    return next(
        (row for row in rows if row.valid_from <= moment and (row.valid_to is None or row.valid_to > moment)), None
    )


def _held(lists: Iterable[int], products: Iterable[int], since: datetime) -> dict[Key, list[Price]]:
    """The windows that somebody decided on and that do not end before."""
    found: dict[Key, list[Price]] = defaultdict(list)
    rows = Price.objects.decided().filter(Q(valid_to=None) | Q(valid_to__gt=since), price_list__in=lists)
    for row in rows.filter(product__in=products):
        found[row.price_list_id, row.product_id, row.unit_id, plain_number(row.min_quantity)].append(row)
    return found


def _scheduled(cancelled: Sequence[tuple[Key, datetime]]) -> list[Price]:
    wanted = set(cancelled)
    rows = Price.objects.decided().filter(
        price_list__in={key[0] for key, _start in wanted}, product__in={key[1] for key, _start in wanted},
        valid_from__in={start for _key, start in wanted},
    )  # fmt: skip
    return [
        row
        for row in rows.order_by("pk")
        if ((row.price_list_id, row.product_id, row.unit_id, plain_number(row.min_quantity)), row.valid_from) in wanted
    ]


def _key(written: Mapping[str, Any]) -> Key:
    price_list, product, unit, least = written["key"]
    return price_list, product, unit, least


def _start(written: Mapping[str, Any]) -> datetime | None:
    return datetime.fromisoformat(written["start"]) if written["start"] else None


def _depth(lists: Mapping[int, PriceList], pk: int) -> int:
    depth, base = 0, lists[pk].base_id
    while base is not None and depth < len(lists):
        depth, base = depth + 1, lists[base].base_id
    return depth
