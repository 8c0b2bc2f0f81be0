"""Undoing what is made of other products: variants go before their product, bundles before their parts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.catalog.errors import InvalidProduct
from apps.catalog.models import BundleItem, Product, ProductMedia
from apps.catalog.services import bundles
from backoffice.kernel import bulk

from .known import by_sku

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow

Relatives = Mapping[int, Collection[int]]  # a product, and those that are its variants or hold it


def widened(rows: Sequence[TransferRow]) -> tuple[list[TransferRow], Relatives]:
    """The rows, with those of the same import that wrote what points to their products; and who points to whom.

    A few statements for each level.
    """
    known = {row.written["pk"]: row for row in rows}
    relatives: dict[int, set[int]] = defaultdict(set)
    asked = {pk for pk, row in known.items() if row.written["made"]}
    while asked:
        pairs = {
            *Product.objects.filter(variant_of__in=asked).values_list("variant_of_id", "pk"),
            *BundleItem.objects.filter(component__in=asked).values_list("component_id", "bundle_id"),
        }
        for lower, upper in pairs:
            relatives[lower].add(upper)
        further = {upper for _lower, upper in pairs} - known.keys()
        asked = set()
        for row in _rows_of(rows, further):
            if row.written.get("pk") in further:
                known[row.written["pk"]] = row
                asked |= {row.written["pk"]} if row.written["made"] else set()
    return list(known.values()), relatives


def hold_fast(rows: Sequence[TransferRow], relatives: Relatives, found: dict[int, str]) -> None:
    """What has a relative that stays, stays too: it is added to the obstacles found, with why."""
    by_product = {row.written["pk"]: row for row in rows}
    again = True
    while again:
        again = False
        for pk, uppers in relatives.items():
            row = by_product[pk]
            if row.pk not in found and any(_stays(by_product.get(upper), found) for upper in uppers):
                found[row.pk] = _("It is in use: %(kinds)s.") % {"kinds": str(Product._meta.verbose_name_plural)}
                again = True


def put_parts_back(rows: Sequence[TransferRow]) -> None:
    """Let changed bundles hold what they held before. Raises InvalidProduct when that is gone."""
    rows = [row for row in rows if "parts" in row.written]
    if not rows:
        return
    skus = {sku.lower() for row in rows for sku in row.written["parts"][0]}
    known = {product.sku.lower(): product.pk for product in by_sku(skus)}
    if lacking := skus - known.keys():
        raise InvalidProduct(_("There is no product %(skus)s.") % {"skus": ", ".join(sorted(lacking)).upper()})
    wanted = {
        row.written["pk"]: {known[sku.lower()]: Decimal(text) for sku, text in row.written["parts"][0].items()}
        for row in rows
    }
    for why in bundles.replace(wanted).values():
        raise InvalidProduct(why)


def remove_parts(ids: Collection[int]) -> None:
    """What bundles that are about to be removed hold."""
    _remove(BundleItem.objects.filter(bundle__in=ids))


def remove_videos(ids: Collection[int]) -> None:
    """Videos that the import wrote down."""
    if ids:
        _remove(ProductMedia.objects.filter(pk__in=ids, kind=ProductMedia.Kind.VIDEO))


def _remove(rows: QuerySet[BundleItem] | QuerySet[ProductMedia]) -> None:
    bulk.remember(list(rows), "-")
    rows._raw_delete(rows.db)


def _stays(row: TransferRow | None, found: Mapping[int, str]) -> bool:
    """Whether what this row is about will still point to the product when the import is undone."""
    return row is None or row.pk in found or not (row.written["made"] or "parts" in row.written)


def _rows_of(rows: Sequence[TransferRow], ids: Collection[int]) -> list[TransferRow]:
    """The rows of the same import that wrote these products."""
    if not ids:
        return []
    skus = Product.objects.filter(pk__in=ids).values_list("sku", flat=True)
    return list(rows[0].run.rows.to_undo().filter(meta__in=list(skus)))
