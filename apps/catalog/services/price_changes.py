"""Many prices at once, in one or several lists: shown before they are set, then set together or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.catalog import rounding
from apps.catalog.errors import PricesMoved, TooManyPrices
from apps.catalog.models import Price, PriceList, Product
from apps.catalog.selectors import prices as price_reads
from backoffice.kernel import clock, money
from backoffice.kernel.numbers import parse_decimal

from . import prices
from .locks import lock_price_lists

MOST = 5_000  # prices in one go: what a person can still look through, and what one transaction does in a few seconds
BATCH = 2_000
LARGEST = Decimal(10) ** 12
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Wish:
    """A cell as somebody typed or pasted it; an empty text takes the price away. `shown` is what stood there."""

    product_id: int
    list_id: int
    text: str
    shown: Decimal | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A price before and after, or why it cannot be."""

    product: Product
    price_list: PriceList
    before: Decimal | None
    after: Decimal | None
    refused: str = ""

    @property
    def was(self) -> str:
        """The price before, as people read it."""
        return price_text(self.before)

    @property
    def becomes(self) -> str:
        """The price after."""
        return price_text(self.after)

    @property
    def percentage(self) -> Decimal | None:
        """By how many per cent the price would change, to one decimal."""
        if not self.before or self.after is None:
            return None
        return money.round_to((self.after - self.before) * HUNDRED / self.before, 1)


def read_wishes(wishes: Sequence[Wish]) -> list[Proposal]:
    """What the cells would change; those that say what holds already are left out. Three queries."""
    products = Product.objects.select_related("category", "unit").in_bulk({wish.product_id for wish in wishes})
    lists = PriceList.objects.filter(is_active=True).in_bulk({wish.list_id for wish in wishes})
    now = current(lists, products)
    found = []
    for wish in wishes:
        product, price_list = products.get(wish.product_id), lists.get(wish.list_id)
        if product is None or price_list is None:
            continue
        before = now.get((wish.product_id, wish.list_id))
        try:
            after = _amount(wish.text)
        except ValueError as error:
            found.append(Proposal(product, price_list, before, None, str(error)))
            continue
        if after == wish.shown or after == before:
            continue  # nobody touched it, or it is so already
        if wish.shown != before:
            refused = _("Somebody changed it meanwhile; now it is: %s") % price_text(before)
            found.append(Proposal(product, price_list, before, after, refused))
        elif after is None and not _can_be_taken_away(product, price_list):
            refused = _("It follows the list %(list)s; it cannot be empty.") % {"list": price_list.base}
            found.append(Proposal(product, price_list, before, after, refused))
        else:
            found.append(Proposal(product, price_list, before, after))
    return sorted(found, key=lambda one: (one.product.name, one.product.pk, one.price_list.name))


def rule(
    price_list: PriceList,
    products: QuerySet[Product],
    *,
    percentage: Decimal | None = None,
    amount: Decimal | None = None,
    kind: str = rounding.Rounding.CENT,
    source: PriceList | None = None,
) -> list[Proposal]:
    """The prices of the products in the list, or in `source`, changed by a percentage or an amount and rounded.

    Products without a price there are left out, and those whose price stays. Raises TooManyPrices for more than MOST:
    these are looked through as an import is, see `resources/price_rule.py`.
    """
    rows = list(products.select_related("category", "unit").order_by("name", "pk")[: MOST + 1])
    if len(rows) > MOST:
        raise TooManyPrices(MOST, field="category")
    from_list = price_reads.current(source or price_list, rows)
    now = from_list if source is None else price_reads.current(price_list, rows)
    found = []
    for product in rows:
        if (price := from_list.get(product.pk)) is None:
            continue
        moved = _moved(price, percentage, amount)
        before = now.get(product.pk)
        if moved < 0:
            found.append(Proposal(product, price_list, before, None, _("A price is not negative.")))
            continue
        after = rounding.to_ending(moved, kind)
        if after != before:
            found.append(Proposal(product, price_list, before, after))
    return found


def rule_for_all(
    price_list: PriceList, products: QuerySet[Product], *, percentage: Decimal | None, amount: Decimal | None,
    kind: str, source: PriceList | None = None,
) -> Iterator[tuple[str, Decimal]]:  # fmt: skip
    """The SKU and the price to be of every product that the rule changes, however many they are.

    A price below zero comes as it is, so that whoever reads it can say so.
    """
    rows = list(products.order_by("name", "pk").values_list("pk", "sku"))
    for start in range(0, len(rows), BATCH):
        part = dict(rows[start : start + BATCH])
        from_list = price_reads.current(source or price_list, part)
        now = from_list if source is None else price_reads.current(price_list, part)
        for pk, sku in part.items():
            if (price := from_list.get(pk)) is None:
                continue
            moved = _moved(price, percentage, amount)
            after = moved if moved < 0 else rounding.to_ending(moved, kind)
            if after != now.get(pk):
                yield sku, after


def _moved(price: Decimal, percentage: Decimal | None, amount: Decimal | None) -> Decimal:
    return price + amount if amount is not None else price * (HUNDRED + (percentage or 0)) / HUNDRED


@transaction.atomic
def apply(proposals: Iterable[Proposal], *, valid_from: datetime | None = None, reason: str = "") -> int:
    """Set them all, now or from a moment on; returns how many. Raises PricesMoved, and then sets none, when one of
    the prices is no longer what it was before."""
    wanted = [one for one in proposals if not one.refused]
    if len(wanted) > MOST:
        raise TooManyPrices(MOST)
    lists = lock_price_lists()
    touched = {one.price_list.pk: lists[one.price_list.pk] for one in wanted}
    now = current(touched, {one.product.pk: one.product for one in wanted})
    moved = [one.product.name for one in wanted if now.get((one.product.pk, one.price_list.pk)) != one.before]
    if moved:
        raise PricesMoved(moved)
    changes: dict[int, list[prices.Change]] = defaultdict(list)
    for one in wanted:
        changes[one.price_list.pk].append(prices.Change(one.product.pk, one.after))
    return sum(
        prices.set_many(lists[pk], changes[pk], valid_from=valid_from, reason=reason)
        for pk in sorted(changes, key=lambda pk: _depth(lists[pk], lists))
    )


def current(lists: Mapping[int, PriceList], products: Mapping[int, Product]) -> dict[tuple[int, int], Decimal]:
    """The price that holds for any quantity, by (product, list). One query."""
    rows = (
        Price.objects.at(clock.now())
        .single()
        .filter(price_list__in=lists, product__in=products, min_quantity=0)
        .values_list("product_id", "price_list_id", "amount")
    )
    return {(product, price_list): amount for product, price_list, amount in rows}


def _amount(text: str) -> Decimal | None:
    """What a cell says: a number with or without the currency, in the reader's way of writing. Raises ValueError."""
    cleaned = text.replace("\N{NO-BREAK SPACE}", " ").strip()
    for sign in money.SYMBOLS.values():
        cleaned = cleaned.removeprefix(sign).strip()
    if not cleaned or cleaned in "-–":
        return None
    amount = parse_decimal(cleaned[:40])
    if amount < 0:
        raise ValueError(_("A price is not negative."))
    if amount != money.round_to(amount, prices.PLACES):
        raise ValueError(_("A price has four decimals at most."))
    if amount >= LARGEST:
        raise ValueError(_("This price is too large."))
    return amount


def _can_be_taken_away(product: Product, price_list: PriceList) -> bool:
    """A price of the list's own may go; one that follows comes from elsewhere."""
    if price_list.base_id is None:
        return True
    rows = Price.objects.at(clock.now()).single().decided()
    return rows.filter(price_list=price_list, product=product, min_quantity=0).exists()


def price_text(amount: Decimal | None) -> str:
    """Cents, or as many decimals as the price has; a dash for none."""
    if amount is None:
        return "–"
    return money.format_amount(amount, 2 if amount == money.round_money(amount) else prices.PLACES)


def _depth(price_list: PriceList, lists: Mapping[int, PriceList]) -> tuple[int, int]:
    """Lists after those they follow: what is set in a list by hand comes after what it takes from its base."""
    depth, above = 0, price_list.base_id
    while above is not None:
        depth, above = depth + 1, lists[above].base_id
    return depth, price_list.pk
