"""Long product lists by category and by price, part by part: no index of the products has these orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from apps.catalog.models import Category, Price, PriceList, Product
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.fields import QuantityField
from backoffice.ui.parts import Kept, KeptKeys, Part, Parts, asked_by

PACK = 500
"""Categories with fewer products are sorted together."""
in_categories: Kept[dict[int | None, int]] = Kept()
with_prices: Kept[tuple[int, int]] = Kept()


def by_category(rows: QuerySet[Product], *, falls: bool) -> QuerySet[Product]:
    """By the name of the category, in it by the product's; what has none comes last either way."""
    sign = "-" if falls else ""
    name = F("category__name")
    first = name.desc(nulls_last=True) if falls else name.asc(nulls_last=True)
    return rows.order_by(first, f"{sign}category_id", f"{sign}name", f"{sign}pk")


def category_parts(rows: QuerySet[Product], *, falls: bool) -> Parts:
    """The keys of `by_category`: category after category, each as the index of its products by name has them."""
    narrowed, rows = bool(rows.query.where), rows.order_by()  # one that nothing narrows keeps its statements
    counts = in_categories.of(
        asked_by(rows) if narrowed else None,
        lambda: dict(rows.values_list("category_id").annotate(number=Count("pk"))),
    )
    names = [pk for (pk,) in _by_their_names()]
    packs: list[list[int]] = [[]]
    packed = 0
    for pk in reversed(names) if falls else names:
        number = counts.get(pk, 0)
        if packed + number > PACK and packs[-1]:
            packs.append([])
            packed = 0
        packs[-1].append(pk)
        packed += number
    parts = [
        _of_categories(rows, pack, sum(counts.get(pk, 0) for pk in pack), falls, narrowed) for pack in packs if pack
    ]
    without = Part(
        lambda: rows.filter(category=None).order_by(*_by_name(falls)).values_list("pk", flat=True), counts.get(None, 0)
    )
    return Parts([*parts, without])


def _of_categories(rows: QuerySet[Product], pack: list[int], number: int, falls: bool, narrowed: bool) -> Part:
    def keys() -> Any:
        if not narrowed:
            return _in_category(pack[0], falls=falls) if len(pack) == 1 else _in_any_of(pack, falls=falls)
        if len(pack) == 1:
            found = rows.filter(category=pack[0]).order_by(*_by_name(falls))
        else:
            found = by_category(rows.filter(category__in=pack), falls=falls)
        return found.values_list("pk", flat=True)

    return Part(keys, number)


def _by_name(falls: bool) -> tuple[str, str]:
    return ("-name", "-pk") if falls else ("name", "pk")


def by_price(rows: QuerySet[Product], *, falls: bool) -> QuerySet[Product]:
    """Products that have `price` beside them by it; what has none comes last either way."""
    price = F("price")
    if falls:
        return rows.order_by(price.desc(nulls_last=True), "-pk")
    return rows.order_by(price.asc(nulls_last=True), "pk")


def price_parts(rows: QuerySet[Product], price_list: PriceList | None, *, falls: bool) -> Parts:
    """The keys of `by_price` for the prices of the list in force now: the list's price rows as their index has them,
    then the products without one."""
    pk, now = price_list.pk if price_list else 0, clock.now()
    narrowed = bool(rows.query.where)
    rows = rows.order_by()

    def counts() -> tuple[int, int]:
        # The moment is left out: it is another one each time.
        return with_prices.of((pk, asked_by(rows) if narrowed else None), counted)

    def counted() -> tuple[int, int]:
        priced = mine(_lasting(pk, now)).count() + mine(_ending(pk, now)).count()
        return priced, rows.count() - priced

    def mine(prices: QuerySet[Price]) -> QuerySet[Price]:
        # Every price has its product: they are only looked at where something narrows them.
        return prices.filter(Exists(rows.filter(pk=OuterRef("product")))) if narrowed else prices

    def priced() -> Any:
        ends = bool(_ends(pk, now))
        if not narrowed:
            return (_all_by_price if ends else _by_price)(pk, now, falls=falls)
        lasting = _keys(mine(_lasting(pk, now)))
        found = lasting.union(_keys(mine(_ending(pk, now))), all=True) if ends else lasting
        return found.order_by(*(("-amount", "-product_id") if falls else ("amount", "product_id")))

    def others() -> Any:
        if not narrowed:
            return _without(pk, now, falls=falls)
        return _priceless(rows, pk, now).order_by("-pk" if falls else "pk").values_list("pk", flat=True)

    # Rows of a narrowed list have the price before the key.
    return Parts([Part(priced, lambda: counts()[0], _product if narrowed else None), Part(others, lambda: counts()[1])])


def _begun(price_list: int, now: datetime) -> QuerySet[Price]:
    """The price of each product that has begun and not been replaced: that of the smallest quantity."""
    mine = Price.objects.single().filter(price_list_id=price_list)
    from_here = ExpressionWrapper(OuterRef("min_quantity"), output_field=QuantityField())
    smaller = mine.at(now).filter(product=OuterRef("product"), min_quantity__lt=from_here)
    return mine.filter(Q(min_quantity=0) | ~Exists(smaller), valid_from__lte=now)


def _lasting(price_list: int, now: datetime) -> QuerySet[Price]:
    return _begun(price_list, now).filter(valid_to=None)


def _ending(price_list: int, now: datetime) -> QuerySet[Price]:
    return _begun(price_list, now).filter(valid_to__gt=now)


def _priceless(rows: QuerySet[Product], price_list: int, now: datetime) -> QuerySet[Product]:
    prices = Price.objects.single().filter(price_list_id=price_list)
    return rows.filter(~Exists(prices.at(now).filter(product=OuterRef("pk"))))


def _keys(prices: QuerySet[Price]) -> Any:
    return prices.order_by().values_list("amount", "product_id")


def _product(row: Any) -> int:
    return int(row[1])


_by_their_names: Compiled[tuple[int]] = Compiled(lambda: Category.objects.order_by("name", "pk").values_list("pk"))
_in_category = KeptKeys(
    lambda category: Product.objects.filter(category_id=category).order_by("name", "pk").values_list("pk")
)
_in_any_of = KeptKeys(
    lambda categories: by_category(Product.objects.filter(category_id__in=categories), falls=False).values_list("pk"),
    most=PACK,
)
# The last one: without an order PostgreSQL looks through the prices, since it takes a third of them to end.
_ends: Compiled[Any] = Compiled(
    lambda price_list, now: (
        Price.objects.filter(price_list_id=price_list, valid_to__gt=now).order_by("-valid_to").values_list("pk")[:1]
    )
)
# Of a list that nothing narrows: what is asked most, and is always the same.
_by_price = KeptKeys(lambda price_list, now: _keys(_lasting(price_list, now)).order_by("amount", "product_id"))
_all_by_price = KeptKeys(
    lambda price_list, now: (
        _keys(_lasting(price_list, now))
        .union(_keys(_ending(price_list, now)), all=True)
        .order_by("amount", "product_id")
    )
)
_without = KeptKeys(
    lambda price_list, now: _priceless(Product.objects.all(), price_list, now).order_by("pk").values_list("pk")
)
