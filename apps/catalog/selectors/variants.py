"""The variants of a product as a grid: what there is of each combination, and what is not made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from apps.catalog.models import PriceList, Product
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import stock_states
from apps.catalog.selectors.schemas import Entry, Schemas
from backoffice.kernel import money, quantity

MOST_COLUMNS = 6


@dataclass(slots=True)
class Place:
    """One combination: its variant and the variant's price, or none yet."""

    key: str
    words: str
    variant: Product | None = None
    price: Decimal | None = None
    stock: Decimal | None = None
    typed: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    @property
    def text(self) -> str:
        """The price as one types it."""
        if self.price is None:
            return ""
        return money.format_amount(self.price, 2 if self.price == money.round_money(self.price) else 4)

    @property
    def stock_text(self) -> str:
        """What is on hand, in the product's unit."""
        return "" if self.stock is None else quantity.format_quantity(self.stock)


@dataclass(slots=True)
class Grid:
    """`rows` as (name, places) where two axes stand against each other, else one place a row."""

    axes: list[Entry]
    columns: list[str]
    rows: list[tuple[str, list[Place]]]
    made: int
    possible: int

    @property
    def places(self) -> list[Place]:
        return [place for _name, places in self.rows for place in places]


def axes_of(product: Product, schemas: Schemas) -> list[Entry]:
    """What the product's variants differ by, in its order."""
    entries = {entry.code: entry for entry in schemas.of(product.category_id)}
    return [entries[code] for code in product.axes if code in entries]


def grid(product: Product, schemas: Schemas, price_list: PriceList | None) -> Grid:
    """Everything there is to see of the variants. Two queries."""
    axes = axes_of(product, schemas)
    variants = {row.variant_key: row for row in product.variants.order_by("pk")}
    found = price_reads.current(price_list, variants.values()) if variants else {}
    possible = 1
    for entry in axes:
        possible *= len(entry.attribute.options)
    used = _used(axes, list(variants))
    if len(axes) == 2 and len(used[1]) <= MOST_COLUMNS:
        names = [entry.attribute.option_names for entry in axes]
        rows = [
            (
                names[0].get(first, first),
                [
                    _place(
                        product,
                        (first, second),
                        f"{names[0].get(first, first)}, {names[1].get(second, second)}",
                        variants,
                        found,
                    )
                    for second in used[1]
                ],
            )
            for first in used[0]
        ]
        columns = [names[1].get(second, second) for second in used[1]]
    else:
        columns, rows = [], []
        for key, variant in variants.items():
            codes = [pair.partition("=")[2] for pair in key.split(";")]
            words = ", ".join(e.attribute.option_names.get(code, code) for e, code in zip(axes, codes, strict=False))
            rows.append((words, [Place(key, words, variant, found.get(variant.pk))]))
    return Grid(axes, columns, rows, len(variants), possible if axes else 0)


def with_stock(grid: Grid) -> Grid:
    """The grid with what is on hand of each variant that is kept in stock; for those who may see it."""
    kept = [place for place in grid.places if place.variant is not None and place.variant.is_stocked]
    found = stock_states.on_hand([place.variant.pk for place in kept if place.variant is not None])
    for place in kept:
        place.stock = found.get(place.variant.pk, Decimal(0)) if place.variant is not None else None
    return grid


def _place(
    product: Product, codes: tuple[str, ...], words: str, variants: dict[str, Product], prices: dict[int, Decimal]
) -> Place:
    key = ";".join(f"{axis}={code}" for axis, code in zip(product.axes, codes, strict=True))
    variant = variants.get(key)
    return Place(key, words, variant, prices.get(variant.pk) if variant else None)


def _used(axes: Sequence[Entry], keys: Sequence[str]) -> list[list[str]]:
    """Of each axis the choices that some variant has, in the axis' order."""
    there: list[set[str]] = [set() for _entry in axes]
    for key in keys:
        for place, pair in enumerate(key.split(";")):
            if place < len(there):
                there[place].add(pair.partition("=")[2])
    return [[code for code in entry.attribute.option_names if code in there[place]] for place, entry in enumerate(axes)]
