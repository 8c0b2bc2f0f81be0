"""Prices change by closing one row and opening another, so past and scheduled prices are rows like any other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.errors import PriceChanged, PriceRefused
from apps.catalog.models import Price, PriceList, Product, ProductUnit, Unit
from backoffice.kernel import audit, clock, money
from backoffice.kernel import bulk as kernel_bulk

from . import bulk, completeness, following, packs
from .following import Key
from .locks import lock_price_lists, lock_products

ANY_QUANTITY = Decimal(0)
PLACES = 4


@dataclass(frozen=True, slots=True)
class Change:
    """One price to be: `amount` None takes the product off the list, or lets it follow the base list again.

    `unit_id` is a pack of the product; amount and quantity count in it.
    """

    product_id: int
    amount: Decimal | None
    min_quantity: Decimal = ANY_QUANTITY
    unit_id: int | None = None

    @property
    def key(self) -> Key:
        return self.product_id, self.unit_id, self.min_quantity


@dataclass(frozen=True, slots=True)
class Step:
    """What a change does to the rows of one key: close `close` at `start`, put `amend` to a new amount, open `open`,
    forget `drop`."""

    close: Price | None = None
    drop: Price | None = None
    amend: Price | None = None
    open: Price | None = None


@transaction.atomic
def set_price(
    product: Product,
    price_list: PriceList,
    *,
    amount: Decimal,
    min_quantity: Decimal = ANY_QUANTITY,
    unit: ProductUnit | Unit | None = None,
    valid_from: datetime | None = None,
    reason: str = "",
    shown: Decimal | None = None,
) -> Price:
    """Let the product cost `amount` from `valid_from` (now) until the next price that is already scheduled.

    With a `unit`, a pack of the product or a standard unit that converts, amount and quantity count in it. Lists that
    follow this one follow. Returns the row that then holds. `shown` is the price the person saw, where one was seen:
    PriceChanged if it is another by now. PriceRefused when the amount is negative or too fine, or would rewrite a
    price that was valid.
    """
    if isinstance(unit, Unit):
        unit = None if unit.pk == product.unit_id else packs.standard(product, unit)
    if unit is not None and unit.product_id != product.pk:
        raise PriceRefused(_("This pack is not one of %(product)s.") % {"product": product}, field="unit")
    completeness.priced([product.pk])
    lists = lock_price_lists()
    price_list = lists[price_list.pk]
    start = _start(valid_from)
    change = Change(product.pk, _checked(amount), min_quantity, unit.pk if unit else None)
    windows = _windows(price_list, [product.pk], start).get(change.key, [])
    current = _covering(windows, start)
    if shown is not None and (current is None or current.amount != shown):
        raise PriceChanged(
            name=product.name,
            shown=money.format_amount(shown),
            now=money.format_amount(current.amount) if current else _("none"),
        )
    if valid_from is not None:
        _refuse_rewriting(windows, start, current)
    step = plan(price_list, windows, change, start)
    with audit.acting(reason=reason or None):
        _write(lists, price_list, [step], start)
    return step.open or step.amend or _must(current)


@transaction.atomic
def set_many(
    price_list: PriceList, changes: Iterable[Change], *, valid_from: datetime | None = None, reason: str = ""
) -> int:
    """Many prices of one list at once, with a constant number of queries. Returns how many of them were new."""
    changes = list(changes)
    gone = [change.product_id for change in changes if change.amount is None]
    lock_products(gone, gone_is_fine=True)
    completeness.priced([change.product_id for change in changes if change.amount is not None])
    lists = lock_price_lists()
    price_list = lists[price_list.pk]
    start = _start(valid_from)
    wanted = {change.key: change for change in changes}
    windows = _windows(price_list, {change.product_id for change in wanted.values()}, start)
    steps = []
    for key, change in wanted.items():
        change = Change(change.product_id, _checked(change.amount), change.min_quantity, change.unit_id)
        rows = windows.get(key, [])
        if valid_from is not None:
            _refuse_rewriting(rows, start, _covering(rows, start))
        step = plan(price_list, rows, change, start)
        if step != Step():
            steps.append(step)
    with audit.acting(reason=reason or None):
        _write(lists, price_list, steps, start)
    if gone:
        completeness.refresh(gone)
    return len(steps)


@transaction.atomic
def begin(
    price_list: PriceList, series: Mapping[int, Sequence[tuple[datetime | None, Decimal]]], *,
    made: bool = False, reason: str = "",
) -> int:  # fmt: skip
    """The first prices of products that have none in the list, each until the next of its product begins.

    `series` holds, by product, from when on (None: now) it costs how much, in the order of time; of those that have
    begun the last one counts. A constant number of queries, and every row is written once, with its end. Returns how
    many were written. PriceRefused when one of the products has a price there already, and as `set_price` does.
    `made`: this transaction made the products, as ones that have a price, so that nothing has to be asked about them.
    """
    if not made:
        completeness.priced(list(series))
    lists = lock_price_lists()
    price_list = lists[price_list.pk]
    now = clock.now()
    if not made and _windows(price_list, series, now):
        raise PriceRefused(_("One of these products has a price in this list already."))
    blank, opened = kernel_bulk.blanks(Price), []
    for product_id, steps in series.items():
        begun = [amount for moment, amount in steps if moment is None or moment <= now]
        coming = [(moment, amount) for moment, amount in steps if moment is not None and moment > now]
        starts = [*((now, amount) for amount in begun[-1:]), *coming]
        for (start, amount), end in zip(starts, [*(moment for moment, _amount in starts[1:]), None], strict=True):
            checked = _checked(amount)
            assert checked is not None
            row = blank()
            row.price_list, row.product_id, row.amount = price_list, product_id, checked
            row.valid_from, row.valid_to, row.min_quantity = start, end, ANY_QUANTITY
            opened.append(row)
    with audit.acting(reason=reason or None):
        _write(lists, price_list, [Step(open=row) for row in opened], now)
    return len(opened)


@transaction.atomic
def withdraw(product: Product, price_list: PriceList, *, reason: str = "") -> None:
    """Take the product off the list from now on; scheduled prices stay as they are."""
    set_many(price_list, [Change(product.pk, None)], reason=reason)


@transaction.atomic
def take_away(price: Price, *, reason: str = "") -> None:
    """End a price that holds: another quantity's counts then, or the list that this one follows, or none.

    Scheduled prices stay. PriceRefused when it does not hold, or follows another list.
    """
    lists = lock_price_lists()
    there = Price.objects.filter(pk=price.pk).first()
    if there is None or (there.valid_to is not None and there.valid_to <= clock.now()):
        raise PriceRefused(_("This price is over already."))
    if there.is_derived:
        base = lists[lists[there.price_list_id].base_id or there.price_list_id]
        raise PriceRefused(_("This price follows the list %(list)s. Take it away there.") % {"list": base})
    if there.valid_from > clock.now():
        raise PriceRefused(_("This price has not begun. Cancel it instead."))
    change = Change(there.product_id, None, there.min_quantity, there.unit_id)
    set_many(lists[there.price_list_id], [change], reason=reason)


@transaction.atomic
def cancel_scheduled(price: Price, *, reason: str = "") -> None:
    """Forget a price that has not begun; the one before it goes on. PriceRefused when it is valid already."""
    lists = lock_price_lists()
    price_list = lists[price.price_list_id]
    there = Price.objects.filter(pk=price.pk).first()
    if there is None:
        raise PriceRefused(_("This price was cancelled already."))
    if there.is_derived:
        base = lists[price_list.base_id or price_list.pk]
        raise PriceRefused(_("This price follows the list %(list)s. Cancel it there.") % {"list": base})
    if there.valid_from <= clock.now():
        raise PriceRefused(_("This price is valid already; set another one instead."))
    same = Price.objects.decided().filter(
        price_list=price_list, product=there.product_id, unit=there.unit_id, min_quantity=there.min_quantity
    )
    before = same.filter(valid_to=there.valid_from).first()
    with audit.acting(reason=reason or None):
        there.delete()
        if before:
            before.valid_to = there.valid_to
            before.save(update_fields=["valid_to"])
        following.refresh_all(lists, price_list, [there.product_id], clock.now())


def plan(price_list: PriceList, windows: Sequence[Price], change: Change, start: datetime) -> Step:
    """What a change does to the rows of its key, without touching the database. Derived rows give way by themselves."""
    current = _covering(windows, start)
    if change.amount is None:
        if current is None or current.is_derived:
            return Step()
        return Step(close=current) if current.valid_from < start else Step(drop=current)
    if current and current.amount == change.amount:
        return Step()
    windows = [row for row in windows if not row.is_derived]
    current = _covering(windows, start)
    if current and current.valid_from == start:
        return Step(amend=_with_amount(current, change.amount))
    end = min((row.valid_from for row in windows if row.valid_from > start), default=None)
    return Step(
        close=current,
        open=Price(
            price_list=price_list, product_id=change.product_id, unit_id=change.unit_id,
            min_quantity=change.min_quantity, amount=change.amount, valid_from=start, valid_to=end,
        ),
    )  # fmt: skip


def _write(lists: Mapping[int, PriceList], price_list: PriceList, steps: Sequence[Step], start: datetime) -> None:
    closed = [step.close for step in steps if step.close]
    amended = [step.amend for step in steps if step.amend]
    opened = [step.open for step in steps if step.open]
    dropped = [step.drop for step in steps if step.drop]
    following.make_room(price_list, opened)
    for row in dropped:
        row.delete()
    bulk.close_prices(closed, start)
    audit.bulk_update(amended, ["amount"])
    if len(opened) == 1:
        opened[0].save()
    else:
        audit.bulk_create(opened)
    if products := {row.product_id for row in (*closed, *amended, *opened, *dropped)}:
        following.refresh_all(lists, price_list, products, start)


def _windows(price_list: PriceList, product_ids: Iterable[int], since: datetime) -> dict[Key, list[Price]]:
    """The windows that do not end before `since`: a change costs the same after a hundred others."""
    rows: dict[Key, list[Price]] = defaultdict(list)
    there = Price.objects.filter(Q(valid_to=None) | Q(valid_to__gt=since), price_list=price_list)
    for row in there.filter(product_id__in=set(product_ids)).order_by("valid_from"):
        rows[following.key_of(row)].append(row)
    return rows


def _covering(windows: Sequence[Price], moment: datetime) -> Price | None:
    return next(
        (row for row in windows if row.valid_from <= moment and (row.valid_to is None or row.valid_to > moment)), None
    )


def _start(valid_from: datetime | None) -> datetime:
    return clock.now() if valid_from is None else valid_from


def _refuse_rewriting(windows: Sequence[Price], start: datetime, current: Price | None) -> None:
    """A start in the past is only for the first price of its kind: what was valid stays as it was."""
    now = clock.now()
    if start >= now or not any(
        row.valid_from <= now and (row.valid_to is None or row.valid_to > start) for row in windows
    ):
        return
    raise PriceRefused(
        _("Prices since %(day)s are history and stay. Choose a start that is not in the past.")
        % {"day": date_format(clock.local((current or windows[0]).valid_from), "SHORT_DATE_FORMAT")},
        field="valid_from",
    )


def _checked(amount: Decimal | None) -> Decimal | None:
    if amount is None:
        return None
    if amount < 0:
        raise PriceRefused(_("A price is not negative."), field="amount")
    if amount != money.round_to(amount, PLACES):
        raise PriceRefused(_("A price has four decimals at most."), field="amount")
    return amount


def _with_amount(price: Price, amount: Decimal) -> Price:
    price.amount = amount
    return price


def _must(price: Price | None) -> Price:
    assert price is not None, "A change that does nothing has a price that holds already."
    return price
