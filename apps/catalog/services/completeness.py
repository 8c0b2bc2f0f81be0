"""How complete a product is: price, picture, barcode and the attributes that its category asks for.

Two small columns of the product keep it, so that lists show and narrow by it without counting. Whoever changes what
they depend on brings them up to date in the same transaction, through this module. The columns are no news for the
history, and no reason for a conflict: they follow from what is written down elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.catalog.models import Price, Product
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors.schemas import Demand, Demands, Lack, Schemas, wanting
from backoffice.kernel import clock
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

from .locks import lock_products

TOPIC = "catalog.completeness"
AT_ONCE = 200
BATCH = 500
LATELY = timedelta(days=3)


RELEVANT = frozenset({"barcode", "category", "attributes", "is_sellable", "kind", "cover", "variant_of", "axes"})


def judge(product: Product, schema: Iterable[Demand], *, priced: bool) -> None:
    """Set the two columns of the product, without saving it."""
    schema = [entry for entry in schema if entry.required and entry.code not in product.axes]
    sold = product.is_sellable
    labelled = sold and product.kind != Product.Kind.VIRTUAL  # nobody scans what is no thing
    asked = 1 + sold + labelled + len(schema)
    lacking = wanting(product, schema)
    parent = product.variant_of if product.variant_of_id else None
    lacks = Lack(0)
    if not (product.cover or (parent and parent.cover)):
        lacks |= Lack.PICTURE
    if labelled and not product.barcode:
        lacks |= Lack.BARCODE
    if sold and not priced:
        lacks |= Lack.PRICE
    gaps = int(lacks).bit_count() + len(lacking)
    if lacking:
        lacks |= Lack.ATTRIBUTES
    product.missing, product.completeness = int(lacks), 100 * (asked - gaps) // asked


def judge_alone(product: Product, *, priced: bool | None = None) -> None:
    """Set the two columns of one product that is about to be saved. `priced` where the caller knows it."""
    if priced is None:
        priced = bool(product.pk and product.is_sellable and _with_price([product.pk]).exists())
    judge(product, Schemas().of(product.category_id), priced=priced)


def refresh(product_ids: Collection[int]) -> None:
    """Bring the columns of these products, and of their variants, up to date, writing only what differs.

    Locks them, in the order of the house.
    """
    ids = {*product_ids, *Product.objects.filter(variant_of__in=product_ids).values_list("pk", flat=True)}
    rows = list(lock_products(ids, gone_is_fine=True).values())
    sold = [row.pk for row in rows if row.is_sellable]
    _write(rows, set(_with_price(sold).values_list("product_id", flat=True)))


def priced(product_ids: Collection[int]) -> None:
    """These products have a price from now on. One query where none of them lacked one.

    For whoever sets prices, before it locks the price list: products are locked first in this house.
    """
    lacking = Product.objects.filter(pk__in=product_ids, missing__in=Lack.PRICE.masks)
    ids = list(lacking.values_list("pk", flat=True))
    if ids:
        _write(list(lock_products(ids, gone_is_fine=True).values()), set(ids))


def ended() -> int:
    """Bring up to date what is known of products whose last price has run out by itself of late: nobody wrote anything
    then. Returns how many were looked at."""
    now = clock.now()
    lasting = Price.objects.filter(Q(valid_to=None) | Q(valid_to__gt=now), product=OuterRef("product_id"))
    out = Price.objects.filter(~Exists(lasting), valid_to__gt=now - LATELY, valid_to__lte=now)
    ids = sorted(set(out.values_list("product_id", flat=True)))
    for start in range(0, len(ids), BATCH):
        with transaction.atomic():
            refresh(ids[start : start + BATCH])
    return len(ids)


def _write(rows: Sequence[Product], with_price: Collection[int]) -> None:
    """Judge locked products and write what is new, one statement for each outcome."""
    parents = Product.objects.in_bulk({row.variant_of_id for row in rows if row.variant_of_id})
    demands = Demands()
    changed: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in rows:
        before = row.completeness, row.missing
        if row.variant_of_id:
            row.variant_of = parents[row.variant_of_id]
        judge(row, demands.of(row.category_id), priced=row.pk in with_price)
        if (row.completeness, row.missing) != before:
            changed[row.completeness, row.missing].append(row.pk)
    for (completeness, missing), ids in changed.items():
        Product.objects.filter(pk__in=ids).update(completeness=completeness, missing=missing)


def of_category(category_id: int) -> None:
    """The schema of the category changed: now where few products are concerned, else in the background."""
    ids = list(_inside(category_id).values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(ids) <= AT_ONCE:
        refresh(ids)
    else:
        directives.issue(TOPIC, payload={"category": category_id})


def of_categories(category_ids: Iterable[int]) -> None:
    """The same for several."""
    for category_id in sorted(category_ids):
        of_category(category_id)


def recompute(directive: Directive) -> None:
    """The job: a category's products in batches, each its own transaction. It may start over."""
    category_id: Any = directive.payload.get("category")
    if category_id is None:
        raise Permanent("Which category?")
    last = 0
    while True:
        with transaction.atomic():
            directives.heartbeat(directive)
            ids = list(_inside(category_id).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
            if not ids:
                return
            refresh(ids)
            last = ids[-1]


def _inside(category_id: int) -> QuerySet[Product]:
    return Product.objects.filter(category__in=category_tree.with_descendants(category_id))


def _with_price(product_ids: Collection[int]) -> QuerySet[Price]:
    """Prices that hold now or will."""
    return Price.objects.filter(Q(valid_to=None) | Q(valid_to__gt=clock.now()), product__in=product_ids)
