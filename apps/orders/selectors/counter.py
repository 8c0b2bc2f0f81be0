"""What the sale screen shows beside the tab: tiles of what can be sold, open tabs, what a scanned code means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Category, Product, ProductUnit
from apps.catalog.selectors import prices
from apps.inventory.models import DailyDemand, ExpectedArrival
from apps.inventory.selectors import availability
from apps.inventory.selectors import bundles as bundle_reads
from apps.orders.models import Channel, OrderSession
from apps.orders.selectors import places
from backoffice.kernel import clock, quantity
from backoffice.kernel.numbers import parse_decimal

FEW = 3
MOST_TILES = 60
FAVOURITES = 24
FAVOURITE_DAYS = 28
TIMES = re.compile(r"^\s*(?P<quantity>\d[\d.,]*)\s*[x×*]\s*(?P<code>\S.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Tile:
    """One product to tap. `left` is None for what is made on demand."""

    product: Product
    price: Decimal | None
    left: Decimal | None
    in_cart: Decimal
    next_at: str = ""

    @property
    def sold_out(self) -> bool:
        return self.left is not None and self.left <= 0 and not self.in_cart

    @property
    def low(self) -> bool:
        return self.left is not None and self.left <= FEW

    @property
    def says(self) -> str:
        """What stands at the right: what is left, when the next batch comes, or nothing."""
        if self.left is None:
            return ""
        if self.left <= 0 and not self.in_cart:
            return self.next_at or _("Sold out")
        return _("%(quantity)s left") % {"quantity": quantity.format_quantity(max(self.left, Decimal(0)))}


def categories() -> list[Category]:
    """Categories that have something to sell, in the order of the shelves. One query."""
    return list(
        Category.objects.filter(products__is_active=True, products__is_sellable=True)
        .distinct()
        .order_by("position", "name")
    )


def offered(*, category: str = "", text: str = "") -> list[Product]:
    """The products to show: what the text finds, the category's, or what sells best. Two queries at most."""
    found = Product.objects.sellable().select_related("category", "unit")
    if text:
        return list(found.search(text).order_by("name")[:MOST_TILES])
    if category:
        return list(found.filter(category__slug=category).order_by("name")[:MOST_TILES])
    best = list(
        DailyDemand.objects.filter(day__gte=clock.today() - timedelta(days=FAVOURITE_DAYS))
        .values("product_id")
        .annotate(wanted=Sum("quantity"))
        .order_by("-wanted")
        .values_list("product_id", flat=True)[:FAVOURITES]
    )
    if not best:
        return list(found.order_by(F("category__position").asc(nulls_last=True), "name")[:MOST_TILES])
    rank = {pk: place for place, pk in enumerate(best)}
    # By the shelves, not by the rank: a tile keeps its place from day to day.
    return sorted(found.filter(pk__in=rank), key=lambda one: (one.category.position if one.category else 999, one.name))


def tiles(
    products: Sequence[Product], *, channel: Channel, in_cart: Mapping[int, Decimal], own_list: int | None = None
) -> list[Tile]:
    """Price and what is left of each. The same number of queries for one and sixty.

    `own_list` is that of the customer: its prices go before the channel's, as in quotes. One more query.
    """
    amounts = prices.current(channel.price_list_id, products, selling=True)
    if own_list is not None:
        amounts |= prices.current(own_list, products, selling=True)
    margin = channel.expiry_margin_days
    there = availability.of(products, locations=places.of_channel(channel), margin_days=margin)
    kits = [product.pk for product in products if product.kind == Product.Kind.BUNDLE]
    whole = bundle_reads.available(kits, locations=places.of_channel(channel), margin_days=margin) if kits else {}
    gone = [product.pk for product in products if product.is_stocked and there[product.pk].available <= 0]
    coming = _next_times(gone) if gone else {}
    return [
        Tile(
            product,
            amounts.get(product.pk),
            there[product.pk].available if product.is_stocked else whole.get(product.pk),
            in_cart.get(product.pk, Decimal(0)),
            coming.get(product.pk, ""),
        )
        for product in products
        if product.pk in amounts
    ]


def open_tabs(channel: Channel, *, limit: int = 12) -> list[OrderSession]:
    """The channel's open tabs, oldest first. One query."""
    return list(OrderSession.objects.open().filter(channel=channel).order_by("created_at", "pk")[:limit])


def default_channel() -> Channel | None:
    """The counter: where a sale belongs when nobody says otherwise."""
    return Channel.objects.active().filter(kind=Channel.Kind.COUNTER).in_order().first()


def scanned(text: str) -> tuple[Product | None, Decimal, str]:
    """Product, quantity and the rest of what was typed: "3× CROISSANT" is three of the product with that code.

    A code is a barcode or a SKU, exactly; a pack's barcode is the pack's quantity. Raises ValueError for a quantity
    that is no number.
    """
    times, code = Decimal(1), text.strip()
    if match := TIMES.match(code):
        times, code = parse_decimal(match["quantity"]), match["code"].strip()
    product = (
        Product.objects.sellable()
        .select_related("unit")
        .filter(Q(sku__iexact=code) | Q(barcode=code, barcode__gt=""))
        .first()
    )
    if product is not None:
        return product, times, code
    pack = (
        ProductUnit.objects.select_related("product__unit")
        .filter(barcode=code, barcode__gt="", product__is_active=True, product__is_sellable=True)
        .first()
    )
    if pack is not None:
        return pack.product, times * quantity.from_fraction(pack.ratio), code
    return None, times, code


def searched(text: str) -> str:
    """What is searched for while somebody types: the text without a quantity before it."""
    match = TIMES.match(text)
    return match["code"].strip() if match else text.strip()


def only_match(text: str) -> Product | None:
    """The one product that the text finds; None when there are none or several."""
    found = list(Product.objects.sellable().select_related("unit").search(text)[:2]) if text else []
    return found[0] if len(found) == 1 else None


def _next_times(product_ids: Iterable[int]) -> dict[int, str]:
    now = clock.now()
    rows = ExpectedArrival.objects.filter(product_id__in=product_ids, due_at__gt=now).order_by("-due_at")
    today = clock.local(now).date()
    found = {}
    for product_id, due_at in rows.values_list("product_id", "due_at"):
        local = clock.local(due_at)
        text = date_format(local, "TIME_FORMAT") if local.date() == today else date_format(local, "D H:i")
        found[product_id] = _("At %(time)s") % {"time": text}
    return found
