"""What makes a product of other products, and its pictures: variants, parts of bundles, media, from checked rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import Product, ProductMedia
from apps.catalog.services import bundles, remote_media
from apps.catalog.services.variants import key_of
from backoffice.kernel import bulk

from .cells import VIDEO
from .known import by_sku, parts_of

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow, TransferRun

Written = Sequence[tuple[Product, "TransferRow"]]


def concerned(rows: Sequence[TransferRow]) -> set[int]:
    """Keys of products that the rows need besides their own: to be locked with those. Two queries at most.

    Whoever changes a bundle that is there holds all bundles, because together they could close a circle. Nobody sees a
    new bundle yet: its parts are enough.
    """
    named = {sku.lower() for row in rows for sku in row.data.get("parts") or ()}
    named |= {row.data["variant"]["of"].lower() for row in rows if row.data.get("variant")}
    found = set(by_sku(named).values_list("pk", flat=True)) if named else set()
    return found | (
        set(bundles.every_id()) if any("parts" in row.data and row.data.get("pk") for row in rows) else set()
    )


class Parents:
    """The products that new variants of one batch belong to, and the combinations that are taken."""

    def __init__(self, rows: Iterable[TransferRow], products: Iterable[Product]) -> None:
        """`products` are those that may be meant: what `concerned` found, locked, and what the batch has made."""
        skus = {row.data["variant"]["of"].lower() for row in rows}
        self.by_sku = {row.sku.lower(): row for row in products if row.sku.lower() in skus} if skus else {}
        taken = Product.objects.filter(variant_of__in=list(self.by_sku.values()))
        self.taken = set(taken.values_list("variant_of_id", "variant_key")) if skus else set()

    def fit(self, product: Product, variant: Mapping[str, Any]) -> str:
        """Make the new product this variant; the reason when it cannot be any more."""
        parent = self.by_sku.get(variant["of"].lower())
        if parent is None:
            return _("Its product %(sku)s is not there.") % {"sku": variant["of"]}
        if parent.kind != Product.Kind.CONFIGURABLE or parent.axes != variant["axes"]:
            return _("Somebody changed its product since the preview.")
        key = key_of(parent.axes, tuple(variant["choices"][code] for code in parent.axes))
        if (parent.pk, key) in self.taken:
            return _("Somebody made this variant since the preview.")
        self.taken.add((parent.pk, key))
        product.variant_of, product.variant_key, product.category_id = parent, key, parent.category_id
        return ""


def write_parts(written: Written, products: Iterable[Product]) -> dict[int, list[dict[str, str]]]:
    """Let bundles hold what their rows say. Returns, by key of the row, what they held before and hold now.

    `products` are those that may be parts: what `concerned` found, locked, and what the batch has made.
    Raises InvalidProduct when one cannot; the runner then takes the rows one by one.
    """
    rows = [(product, row) for product, row in written if row.data.get("parts") is not None]
    if not rows:
        return {}
    named = {sku.lower() for _product, row in rows for sku in row.data["parts"]}
    known = {part.sku.lower(): part for part in products if part.sku.lower() in named}
    old = [product.pk for product, row in rows if row.data.get("pk")]
    before = parts_of(old) if old else {}
    wanted: dict[int, dict[int, Decimal]] = {}
    for product, row in rows:
        if product.kind != Product.Kind.BUNDLE:
            raise InvalidProduct(_("Somebody changed this product since the preview."))
        wanted[product.pk] = {}
        for sku, quantity in row.data["parts"].items():
            part = known.get(sku.lower())
            if part is None or part.kind == Product.Kind.CONFIGURABLE:
                raise InvalidProduct(_("Its part %(sku)s is not there.") % {"sku": sku})
            wanted[product.pk][part.pk] = Decimal(quantity)
    for why in bundles.replace(wanted).values():
        raise InvalidProduct(why)
    after = parts_of(wanted)
    return {row.pk: [before.get(product.pk, {}), after.get(product.pk, {})] for product, row in rows}


def ask_for_media(written: Written, run: TransferRun) -> tuple[int, dict[int, list[int]]]:
    """Have pictures fetched in the background, and write down videos. How many are new, and the videos' keys by row."""
    rows = [(product, row) for product, row in written if row.data.get("media")]
    if not rows:
        return 0, {}
    pictures = [
        remote_media.Wanted(product.pk, url, row.data.get("alts", {}).get(url, ""))
        for product, row in rows
        for url in row.data["media"]
        if not url.startswith(VIDEO)
    ]
    videos = [
        (row.pk, ProductMedia(product=product, kind=ProductMedia.Kind.VIDEO, url=url.removeprefix(VIDEO)))
        for product, row in rows
        for url in row.data["media"]
        if url.startswith(VIDEO)
    ]
    there = ProductMedia.objects.filter(product__in={video.product_id for _row, video in videos})
    lasts: dict[int, int] = dict(there.values_list("product_id").annotate(last=Max("position")))
    for _row, video in videos:
        video.position = lasts[video.product_id] = lasts.get(video.product_id, -1) + 1
    bulk.insert([video for _row, video in videos])
    made: dict[int, list[int]] = defaultdict(list)
    for pk, video in videos:
        made[pk].append(video.pk)
    new = {product.pk for product, row in rows if not row.data.get("pk")}
    return remote_media.schedule(pictures, run=run, made=new) + len(videos), made
