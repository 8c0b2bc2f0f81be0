"""Long product lists by category and by price, part by part: no index of the products has these orders."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from apps.catalog.models import Category, Price, PriceList, Product
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.fields import QuantityField
from backoffice.ui.parts import Kept, Part, Parts, asked_by

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
    rows = rows.order_by()
    counts = in_categories.of(
        asked_by(rows), lambda: dict(rows.values_list("category_id").annotate(number=Count("pk")))
    )
    names = Category.objects.order_by("name", "pk").values_list("pk", flat=True)
    packs: list[list[int]] = [[]]
    packed = 0
    for pk in names.reverse() if falls else names:
        number = counts.get(pk, 0)
        if packed + number > PACK and packs[-1]:
            packs.append([])
            packed = 0
        packs[-1].append(pk)
        packed += number
    parts = [_of_categories(rows, pack, sum(counts.get(pk, 0) for pk in pack), falls) for pack in packs if pack]
    without = Part(
        lambda: rows.filter(category=None).order_by(*_by_name(falls)).values_list("pk", flat=True), counts.get(None, 0)
    )
    return Parts([*parts, without])


def _of_categories(rows: QuerySet[Product], pack: list[int], number: int, falls: bool) -> Part:
    def keys() -> QuerySet[Any]:
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
    now = clock.now()
    rows = rows.order_by()
    mine = Price.objects.single().filter(price_list=price_list)
    from_here = ExpressionWrapper(OuterRef("min_quantity"), output_field=QuantityField())
    smaller = mine.at(now).filter(product=OuterRef("product"), min_quantity__lt=from_here)
    begun = mine.filter(Q(min_quantity=0) | ~Exists(smaller), valid_from__lte=now)
    if rows.query.where:  # every price has its product: they are only looked at where something narrows them
        begun = begun.filter(Exists(rows.filter(pk=OuterRef("product"))))
    lasting = begun.filter(valid_to=None)

    def counted() -> tuple[int, int]:
        priced = lasting.count() + begun.filter(valid_to__gt=now).count()
        return priced, rows.count() - priced

    # The moment is left out: it is another one each time.
    price_number, other_number = with_prices.of((price_list and price_list.pk, asked_by(rows)), counted)

    def priced() -> Any:
        if not _ending(price_list.pk if price_list else 0, now):
            return _keys(lasting).order_by(*order)
        return _keys(lasting).union(_keys(begun.filter(valid_to__gt=now)), all=True).order_by(*order)

    def others() -> Any:
        without = rows.filter(~Exists(mine.at(now).filter(product=OuterRef("pk"))))
        return without.order_by("-pk" if falls else "pk").values_list("pk", flat=True)

    order = ("-amount", "-product_id") if falls else ("amount", "product_id")
    return Parts([Part(priced, price_number, key=_product), Part(others, other_number)])


_ending: Compiled[Any] = Compiled(
    lambda price_list, now: Price.objects.filter(price_list_id=price_list, valid_to__gt=now).values_list("pk")[:1]
)


def _keys(prices: QuerySet[Price]) -> Any:
    return prices.order_by().values_list("amount", "product_id")


def _product(row: Any) -> int:
    return int(row[1])
