"""Pictures and videos of products: added, ordered, described, removed. The first picture is the cover."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from apps.catalog.errors import ChangedMeanwhile, MediaRefused
from apps.catalog.models import Product, ProductMedia
from apps.catalog.models.media import SIZES, file_name
from backoffice.kernel import outward
from backoffice.kernel.locks import lock
from backoffice.outbox import directives
from backoffice.outbox.models import Directive

from . import completeness, pictures, validation
from .locks import lock_products

TOPIC = "catalog.thumbnails"
MOST_EACH = 30


def add_picture(
    product: Product, upload: Any, *, alt: str = "", beside: Callable[[ProductMedia], None] | None = None
) -> ProductMedia:
    """Take in an uploaded picture as the product's last one; thumbnails follow in the background.

    The file is decoded and stored before the transaction begins. Raises MediaRefused. `beside` is called with the new
    picture in the same transaction; when it raises, nothing remains.
    """
    drawn = pictures.take_in(upload)
    stem = uuid4().hex
    default_storage.save(file_name(stem), ContentFile(drawn.content))
    try:
        with transaction.atomic():
            row = ProductMedia(
                product=product, stem=stem, alt=" ".join(alt.split()), width=drawn.width, height=drawn.height,
                size=len(drawn.content),
            )  # fmt: skip
            _append(row)
            directives.issue(TOPIC, payload={"media": row.pk}, origin=product, dedupe_key=stem)
            if beside is not None:
                beside(row)
    except BaseException:
        default_storage.delete(file_name(stem))
        raise
    return row


@transaction.atomic
def add_video(product: Product, *, url: str, alt: str = "") -> ProductMedia:
    """Keep the address of a video, as files bring it too. Raises MediaRefused when it is no secure web address, or one
    that the product has already."""
    try:
        address = outward.clean(url)
    except outward.Unreachable as error:
        raise MediaRefused(error.message, field="url") from error
    if not address.startswith("https://"):
        raise MediaRefused(_("The address of a video begins with https://."), field="url")
    row = ProductMedia(product=product, kind=ProductMedia.Kind.VIDEO, url=address, alt=" ".join(alt.split()))
    lock_products([product.pk])
    if product.media.filter(url=address).exists():
        raise MediaRefused(_("The product has this video already."), field="url")
    _append(row)
    return row


@transaction.atomic
def describe(media: ProductMedia, *, alt: str, seen: str | None = None) -> ProductMedia:
    """Say what is to be seen, for those who do not see it. `seen` is what the person saw said: ChangedMeanwhile when it
    is something else now."""
    media = lock(media)
    if seen is not None and seen != media.alt:
        raise ChangedMeanwhile(media.alt or "–")
    media.alt = " ".join(alt.split())
    validation.check(media)
    media.save(update_fields=["alt"])
    return media


@transaction.atomic
def reorder(product: Product, ids: Sequence[int]) -> None:
    """Put the product's media in this order; what is not named follows as it was, what is not its own is ignored."""
    lock_products([product.pk])
    rows = list(product.media.order_by("position", "pk"))
    place = {pk: number for number, pk in enumerate(dict.fromkeys(ids))}
    for position, row in enumerate(sorted(rows, key=lambda row: place.get(row.pk, len(place)))):
        if row.position != position:
            row.position = position
            row.save(update_fields=["position"])
    _settle_cover(product)


@transaction.atomic
def move(media: ProductMedia, *, earlier: bool) -> None:
    """One place earlier or later; what somebody removed meanwhile goes nowhere."""
    lock_products([media.product_id])
    ids = list(
        ProductMedia.objects.filter(product=media.product_id).order_by("position", "pk").values_list("pk", flat=True)
    )
    if media.pk not in ids:
        return
    here = ids.index(media.pk)
    there = max(0, here - 1) if earlier else min(len(ids) - 1, here + 1)
    ids[here], ids[there] = ids[there], ids[here]
    reorder(media.product, ids)


@transaction.atomic
def make_cover(media: ProductMedia) -> None:
    """Put a picture first."""
    reorder(media.product, [media.pk])


@transaction.atomic
def remove(media: ProductMedia) -> None:
    """Take a picture or video away; its files go once that is certain."""
    product = media.product
    lock_products([product.pk])
    stem = media.stem
    media.delete()
    _settle_cover(product)
    if stem:
        transaction.on_commit(partial(forget_files, stem), robust=True)


def make_thumbnails(directive: Directive) -> None:
    """The job: the smaller sizes that one picture lacks; those of every picture where the job names none, as after a
    new size. It may start over."""
    rows = ProductMedia.objects.filter(kind=ProductMedia.Kind.IMAGE).order_by("pk")
    if "media" in directive.payload:
        rows = rows.filter(pk=directive.payload["media"])  # removed meanwhile, perhaps
    for stem in rows.values_list("stem", flat=True).iterator(chunk_size=500):
        _make_smaller(stem)
        with transaction.atomic():
            directives.heartbeat(directive)


def _make_smaller(stem: str) -> None:
    """A picture whose file is gone has nothing to be made smaller, and keeps nobody else waiting."""
    for side in SIZES:
        name = file_name(stem, side)
        if not default_storage.exists(name) and default_storage.exists(file_name(stem)):
            with default_storage.open(file_name(stem)) as whole:
                default_storage.save(name, ContentFile(pictures.smaller(whole, side)))


def _append(row: ProductMedia) -> None:
    lock_products([row.product_id])
    there = ProductMedia.objects.filter(product=row.product_id)
    if there.count() >= MOST_EACH:
        raise MediaRefused(_("A product has %(most)d pictures and videos at most.") % {"most": MOST_EACH})
    last = there.aggregate(last=Max("position"))["last"]
    row.position = 0 if last is None else last + 1
    validation.check(row)
    row.save()
    _settle_cover(row.product)


def _settle_cover(product: Product) -> None:
    """The product shows its first picture; whether it has one counts for completeness. No news for its history."""
    first = product.media.filter(kind=ProductMedia.Kind.IMAGE).order_by("position", "pk").first()
    Product.objects.filter(pk=product.pk).update(cover=first.stem if first else "")
    completeness.refresh([product.pk])


def forget_files(stem: str) -> None:
    """Remove a picture's files from the storage; once the row is gone for certain."""
    for name in (file_name(stem), *(file_name(stem, side) for side in SIZES)):
        default_storage.delete(name)
