"""Many prices at once, in one or several lists: shown before they are set, then set together or not at all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from django.db import transaction
from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog import rounding
from apps.catalog.errors import PricesMoved, TooManyPrices
from apps.catalog.models import Price, PriceList, Product, ProductUnit
from backoffice.kernel import clock, money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.numbers import parse_decimal

from . import following, prices
from .locks import lock_price_lists

MOST = 5_000  # prices in one go: what a person can still look through, and what one transaction does in a few seconds
BATCH = 2_000
LARGEST = Decimal(10) ** 12
HUNDRED = Decimal(100)
Key = tuple[int, int, int | None, Decimal]  # list, product, pack, quantity


@dataclass(frozen=True, slots=True)
class Wish:
    """A cell as somebody typed or pasted it; an empty text takes the price away. `shown` is what stood there."""

    product_id: int
    list_id: int
    text: str
    shown: Decimal | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A price before and after, or why it cannot be.

    `unit` and `least` say which of the product's prices it is. `follows` is one of a list that follows: it is shown,
    and changes by itself. `notes` say what else the person should know of it.
    """

    product: Product
    price_list: PriceList
    before: Decimal | None
    after: Decimal | None
    refused: str = ""
    unit: ProductUnit | None = None
    least: Decimal = prices.ANY_QUANTITY
    notes: tuple[str, ...] = ()
    follows: bool = False

    @property
    def key(self) -> Key:
        """List, product, pack, quantity."""
        return self.price_list.pk, self.product.pk, self.unit.pk if self.unit else None, self.least

    @property
    def ratio(self) -> Fraction:
        """How much of the product's own unit the price is for."""
        return self.unit.ratio if self.unit else rounding.ONE

    @property
    def which(self) -> str:
        """Which of the product's prices it is, in words; empty for the one of any quantity."""
        least = quantities.format_quantity(self.least)
        if self.unit is not None:
            return _("for one %(pack)s, from %(least)s") % {"pack": self.unit, "least": least}
        return _("from %(least)s") % {"least": f"{least} {self.product.unit.code}"} if self.least else ""

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

    @property
    def difference(self) -> str:
        """The same as people read it: "+10.0 %"; empty where there is none."""
        if (percentage := self.percentage) is None:
            return ""
        sign = "\N{MINUS SIGN}" if percentage < 0 else "+" if percentage else ""
        return f"{sign}{money.format_amount(abs(percentage), 1)} %"


def read_wishes(wishes: Sequence[Wish]) -> list[Proposal]:
    """What the cells would change; those that say what holds already are left out. Three queries."""
    products = Product.objects.select_related("category", "unit").in_bulk({wish.product_id for wish in wishes})
    lists = PriceList.objects.filter(is_active=True).select_related("base").in_bulk({wish.list_id for wish in wishes})
    now = holding(lists, products)
    found = []
    for wish in wishes:
        product, price_list = products.get(wish.product_id), lists.get(wish.list_id)
        if product is None or price_list is None:
            continue
        row = now.get((wish.list_id, wish.product_id, None, prices.ANY_QUANTITY))
        before = row.amount if row else None
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
        elif after is None and row is not None and row.is_derived:
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
    at: datetime | None = None,
) -> list[Proposal]:
    """The prices of the products in the list, or in `source`, changed by a percentage or an amount and rounded.

    Those from a quantity on and those of packs change along; an amount is for one of the product's own unit. They are
    the prices that hold `at` a moment (now). Products without a price there are left out, and what stays as it is.
    Raises TooManyPrices for more than MOST: these are looked through as an import is, see `resources/price_rule.py`.
    """
    rows = list(products.select_related("category", "unit").order_by("name", "pk")[: MOST + 1])
    if len(rows) > MOST:
        raise TooManyPrices(MOST, field="category")
    found = list(_ruled(price_list, rows, percentage, amount, kind, source, at))
    if len(found) > MOST:
        raise TooManyPrices(MOST, field="category")
    return found


def rule_for_all(
    price_list: PriceList, products: QuerySet[Product], *, percentage: Decimal | None, amount: Decimal | None,
    kind: str, source: PriceList | None = None, at: datetime | None = None,
) -> Iterator[Proposal]:  # fmt: skip
    """The same for however many there are, a batch at a time."""
    every = list(products.order_by("name", "pk").values_list("pk", flat=True))
    for start in range(0, len(every), BATCH):
        rows = Product.objects.filter(pk__in=every[start : start + BATCH]).select_related("unit").order_by("name", "pk")
        yield from _ruled(price_list, rows.defer(*Product.DETAILS), percentage, amount, kind, source, at)


def _ruled(
    price_list: PriceList, rows: Iterable[Product], percentage: Decimal | None, amount: Decimal | None, kind: str,
    source: PriceList | None, at: datetime | None,
) -> Iterator[Proposal]:  # fmt: skip
    products = {row.pk: row for row in rows}
    start = source or price_list
    held = holding({start.pk, price_list.pk}, products, at)
    of_product: dict[int, list[Price]] = defaultdict(list)
    for price in held.values():
        if price.price_list_id == start.pk:
            of_product[price.product_id].append(price)
    for product in products.values():
        for price in sorted(of_product[product.pk], key=_by_size):
            ratio = price.unit.ratio if price.unit else rounding.ONE
            moved = _moved(price.amount, percentage, amount, ratio)
            there = held.get((price_list.pk, product.pk, price.unit_id, price.min_quantity))
            one = Proposal(
                product, price_list, there.amount if there else None, rounding.to_ending(moved, kind, ratio),
                unit=price.unit, least=price.min_quantity,
            )  # fmt: skip
            if moved < 0:
                yield replace(one, after=None, refused=_("A price is not negative."))
            elif one.after != one.before:
                yield one


def _by_size(price: Price) -> tuple[bool, str, Decimal]:
    return price.unit is not None, price.unit.name if price.unit else "", price.min_quantity


def _moved(price: Decimal, percentage: Decimal | None, amount: Decimal | None, ratio: Fraction) -> Decimal:
    if amount is None:
        return price * (HUNDRED + (percentage or 0)) / HUNDRED
    return price + money.round_to(amount * ratio.numerator / ratio.denominator, prices.PLACES)


def with_notes(proposals: Sequence[Proposal], at: datetime | None = None) -> list[Proposal]:
    """The proposals with what else should be known of them, and after each the prices of lists that follow along.

    Those are shown as far as they are not more than MOST. Three queries.
    """
    at = at or clock.now()
    good = [one for one in proposals if not one.refused]
    products = {one.product.pk for one in good}
    lists = {row.pk: row for row in PriceList.objects.select_related("base")}
    touched = {one.price_list.pk for one in good}
    below = {pk: [one for one in following.descendants(lists, lists[pk]) if one.is_active] for pk in touched}
    held = holding(touched.union(one.pk for some in below.values() for one in some), products, at)
    later = {(price.price_list_id, price.product_id, price.unit_id, price.min_quantity): price
             for price in Price.objects.after(at).decided().filter(price_list__in=touched, product__in=products)
             .order_by("-valid_from")}  # fmt: skip
    of_product: dict[tuple[int, int], list[Price]] = defaultdict(list)
    for price in held.values():
        of_product[price.price_list_id, price.product_id].append(price)
    changed = {one.key for one in good}
    found: list[Proposal] = []
    followers = 0
    for one in proposals:
        if one.refused:
            found.append(one)
            continue
        own = of_product[one.price_list.pk, one.product.pk]
        found.append(replace(one, notes=tuple(_notes(one, held.get(one.key), later.get(one.key), own, changed))))
        along = list(_along(one, below[one.price_list.pk], of_product, changed))
        followers += len(along)
        if len(proposals) + followers <= MOST:
            found += along
    return found


def _notes(
    one: Proposal, there: Price | None, later: Price | None, own: Sequence[Price], changed: Collection[Key]
) -> Iterator[str]:
    base = one.price_list.base
    if there is not None and there.is_derived and base is not None:
        yield _("no longer follows %(list)s") % {"list": base}
    elif one.after is None and base is not None:
        yield _("follows %(list)s again") % {"list": base}
    if later is not None:
        words = {
            "price": price_text(later.amount),
            "day": date_format(clock.local(later.valid_from), "SHORT_DATE_FORMAT"),
        }
        yield _("%(price)s from %(day)s stays scheduled") % words
    if one.unit is None and not one.least and one.after is not None:
        for price in sorted(own, key=_by_size):
            key = price.price_list_id, price.product_id, price.unit_id, price.min_quantity
            if price.unit is None and price.min_quantity and price.amount > one.after and key not in changed:
                words = {"least": quantities.format_quantity(price.min_quantity), "price": price_text(price.amount)}
                yield _("dearer from %(least)s on: %(price)s") % words


def _along(
    one: Proposal, below: Sequence[PriceList], of_product: Mapping[tuple[int, int], Sequence[Price]],
    changed: Collection[Key],
) -> Iterator[Proposal]:  # fmt: skip
    """What the lists that follow make of it: those with a price of their own from this quantity on do not."""
    size = Fraction(one.least) * one.ratio
    after: dict[int, Decimal | None] = {one.price_list.pk: one.after}
    for price_list in below:
        assert price_list.base_id is not None
        rows = of_product.get((price_list.pk, one.product.pk), ())
        stands = any(not row.is_derived and following.threshold(row) <= size for row in rows)
        if price_list.base_id not in after or stands or (price_list.pk, *one.key[1:]) in changed:
            continue
        new = after[price_list.base_id]
        if new is not None:
            new = rounding.derived(new, price_list.percentage, price_list.rounding, one.ratio)
        after[price_list.pk] = new
        there = next((row for row in rows if (row.unit_id, row.min_quantity) == one.key[2:]), None)
        before = there.amount if there else None
        if before != new:
            yield replace(one, price_list=price_list, before=before, after=new, notes=(), follows=True)


@transaction.atomic
def apply(
    proposals: Iterable[Proposal], *, valid_from: datetime | None = None, reason: str = "", seen: datetime | None = None
) -> int:
    """Set them all, now or from a moment on; returns how many. Raises PricesMoved, and then sets none, when one of
    the prices is no longer what it was before: now, or at the moment `seen` where that was shown."""
    wanted = [one for one in proposals if not one.refused and not one.follows]
    if len(wanted) > MOST:
        raise TooManyPrices(MOST)
    lists = lock_price_lists()
    now = holding({one.price_list.pk for one in wanted}, {one.product.pk for one in wanted}, seen)
    held = {key: price.amount for key, price in now.items()}
    moved = [one.product.name for one in wanted if held.get(one.key) != one.before]
    if moved:
        raise PricesMoved(list(dict.fromkeys(moved)))
    changes: dict[int, list[prices.Change]] = defaultdict(list)
    for one in wanted:
        unit_id = one.unit.pk if one.unit else None
        changes[one.price_list.pk].append(prices.Change(one.product.pk, one.after, one.least, unit_id))
    return sum(
        prices.set_many(lists[pk], changes[pk], valid_from=valid_from, reason=reason)
        for pk in sorted(changes, key=lambda pk: _depth(lists[pk], lists))
    )


def holding(lists: Collection[int], products: Collection[int], at: datetime | None = None) -> dict[Key, Price]:
    """Every price of the products in the lists that holds at a moment (now), with its pack. One query."""
    rows = Price.objects.at(at or clock.now()).filter(price_list__in=set(lists), product__in=set(products))
    return {
        (row.price_list_id, row.product_id, row.unit_id, row.min_quantity): row for row in rows.select_related("unit")
    }


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
