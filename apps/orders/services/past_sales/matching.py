"""From the names in a till's log to products: proposals, what was decided last time, and products made on demand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _

from apps.catalog.models import PriceList, Product, Unit
from apps.catalog.services import prices, products
from backoffice.kernel import money
from backoffice.kernel.errors import DomainError
from backoffice.kernel.numbers import parse_decimal
from backoffice.kernel.text import fold
from backoffice.transfers.importer import Decision, MapEntry
from backoffice.transfers.models import TransferRun

NAMELESS = frozenset({"none", "null", "nan", "n/a", "unknown", "desconhecido", "sem nome"})
UNIT = "un"
SKU_LENGTH = 40
PLACES = 4
MOST = Decimal(1_000_000)


def propose(counts: Mapping[str, int], *, importer: str) -> list[MapEntry]:
    """An entry for each name, most frequent first: as decided last time, else the product of that name, else new.

    A name by which tills say that they know none is to be ignored.
    """
    before = remembered(importer)
    known = by_name(counts)
    alive = set(
        Product.objects.filter(sku__in=[entry.target for entry in before.values()]).values_list("sku", flat=True)
    )
    entries = []
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        last = before.get(name)
        product = known.get(fold(name))
        if last is not None and last.action == "ignore":
            entries.append(MapEntry(name, count, "ignore", note=_("ignored last time")))
        elif last is not None and last.action == "map" and last.target in alive:
            entries.append(MapEntry(name, count, "map", last.target, note=_("as last time")))
        elif product is not None:
            entries.append(MapEntry(name, count, "map", product.sku, note=_("same name")))
        elif fold(name) in NAMELESS:
            entries.append(MapEntry(name, count, "ignore", note=_("a line that the till could not name")))
        else:
            entries.append(MapEntry(name, count, "create"))
    return entries


def remembered(importer: str) -> dict[str, Decision]:
    """What people decided in earlier imports of this kind, the latest word on each name."""
    runs = TransferRun.objects.filter(importer=importer, status=TransferRun.Status.DONE).order_by("pk")
    found: dict[str, Decision] = {}
    for mapping in runs.values_list("mapping", flat=True):
        for entry in mapping.get("entries", ()):
            found[entry["key"]] = Decision(entry["action"], entry.get("target", ""))
    return found


def by_name(names: Iterable[str]) -> dict[str, Product]:
    """Products by folded name, for those of the names that are a product's. Of two alike the one in use counts."""
    wanted = {fold(name) for name in names}
    rows = Product.objects.order_by("is_active", "is_sellable", "-pk").only("pk", "sku", "name")
    return {fold(row.name): row for row in rows.iterator() if fold(row.name) in wanted}


def new_sku(name: str) -> str:
    """The SKU that a product made of this name gets: the same each time, so that it is made once."""
    return f"TILL-{slugify(fold(name))[: SKU_LENGTH - 5].strip('-') or 'item'}".upper()


def price_text(answer: str) -> str:
    """The price typed for a new product, in the form that is kept; "" when none was. DomainError for what is none."""
    if not answer.strip():
        return ""
    try:
        price = parse_decimal(answer)
    except ValueError as error:
        raise DomainError(str(error)) from None
    if not 0 <= price <= MOST or price != money.round_to(price, PLACES):
        raise DomainError(_("“%(text)s” is not a price.") % {"text": answer[:30]})
    return format(price, "f")


def resolve(decisions: Mapping[str, Decision], names: Collection[str]) -> dict[str, Product]:
    """The product of each name that is mapped, or was made before. Names that are still to be made are absent."""
    skus = {name: decisions[name].target if decisions[name].action == "map" else new_sku(name) for name in names}
    found = {row.sku: row for row in Product.objects.filter(sku__in=set(skus.values())).select_related("unit")}
    return {name: found[sku] for name, sku in skus.items() if sku in found}


def create(name: str, *, price_list: PriceList, price: Decimal | None) -> Product:
    """Make a product of a name in the log, sold by the piece, with its price when one is known."""
    fields: dict[str, Any] = {"sku": new_sku(name), "name": name, "unit": Unit.objects.get(code=UNIT)}
    product = products.create(**fields)
    if price is not None:
        prices.set_price(product, price_list, amount=price, reason=_("past sales"))
    return product
