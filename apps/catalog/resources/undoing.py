"""Takes an import of products back: what it made is removed if nothing needs it, what it changed is put back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils.translation import gettext as _

from apps.catalog.models import (
    Attribute,
    BundleItem,
    Category,
    Price,
    PriceList,
    Product,
    ProductMedia,
    ProductUnit,
    RemotePicture,
    Unit,
)
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import bulk, completeness, prices, remote_media
from apps.catalog.services.locks import lock_price_lists, lock_products
from backoffice.kernel import audit, clock
from backoffice.kernel import bulk as rows_at_once
from backoffice.kernel.errors import DomainError

from . import kinship, packing
from .cells import Packs, plain_pack, plain_packs
from .columns import plain_price
from .known import parts_of
from .writing import PACK_FIELDS, shape

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow

# They came with the product and go with it; all else that points to one was built on it.
ITS_OWN = (Price, ProductUnit)
NOT_PUT_BACK = {"id", "revision", "created_at", "updated_at", "search_text", "completeness", "missing"}


def obstacles(rows: Sequence[TransferRow]) -> dict[int, str]:
    """Why which of the written rows cannot be undone, by their keys. A few statements for all of them."""
    asked = [row for row in rows if row.written.get("pk")]
    rows, relatives = kinship.widened(asked)
    ids = {row.written["pk"] for row in rows}
    made = {row.written["pk"] for row in rows if row.written["made"]}
    revisions = dict(Product.objects.filter(pk__in=ids).values_list("pk", "revision"))
    users = _users(made, [pk for row in rows for pk in row.written.get("videos", ())])
    strange_prices = _strange_prices([row for row in rows if row.written["made"]])
    priced = _prices_now(rows)
    packed = _packs_now(rows)
    unlike = packing.put_back(rows)
    composed = parts_of([row.written["pk"] for row in rows if "parts" in row.written])
    before = _before([row for row in rows if not row.written["made"]])
    lost = _lost(before.values())
    found: dict[int, str] = {}
    for row in rows:
        written = row.written
        pk = written["pk"]
        if pk not in revisions:
            why = "" if written["made"] else _("The product is gone.")
        elif revisions[pk] != written["revision"]:
            why = _("Somebody changed the product since.")
        elif pk in users:
            why = _("It is in use: %(kinds)s.") % {"kinds": ", ".join(sorted(users[pk]))}
        elif pk in strange_prices or any(
            priced.get((code, pk)) != after for code, (_was, after) in written["prices"].items()
        ):
            why = _("Its price was changed since.")
        elif "packs" in written and packed.get(pk, {}) != written["packs"][1]:
            why = _("Its packs were changed since.")
        elif pk in unlike:
            why = unlike[pk]
        elif "parts" in written and composed.get(pk, {}) != written["parts"][1]:
            why = _("Its parts were changed since.")
        elif not written["made"] and written["fields"]:
            why = lost.get(pk, "") if pk in before else _("What it was before is not known.")
        else:
            why = ""
        if why:
            found[row.pk] = why
    kinship.hold_fast(rows, relatives, found)
    return {row.pk: found[row.pk] for row in asked if row.pk in found}


def undo(rows: Sequence[TransferRow]) -> dict[int, str]:
    """Remove and put back, inside the caller's transaction. Returns what was kept, with why."""
    locked = lock_products((row.written["pk"] for row in rows if row.written.get("pk")), gone_is_fine=True)
    lock_price_lists()
    kept = obstacles(rows)
    free = [row for row in rows if row.pk not in kept and row.written.get("pk") in locked]
    changed = [row for row in free if not row.written["made"]]
    _put_back(changed, locked)
    _put_prices_back(changed)
    _put_packs_back(changed)
    kinship.put_parts_back(changed)
    kinship.remove_videos([pk for row in free for pk in row.written.get("videos", ())])
    if rows:
        remote_media.take_back([row.written["pk"] for row in changed], rows[0].run)
    completeness.refresh([row.written["pk"] for row in changed])
    _remove([locked[row.written["pk"]] for row in free if row.written["made"]])
    remove_categories([pk for row in rows for pk in row.written.get("categories", ())])
    if connection.vendor == "postgresql":
        connection.check_constraints()  # who used it this very moment makes itself known here, not at the end
    return kept


# --- what is, and what was ----------------------------------------------------------------------------------------
def _users(ids: Collection[int], videos: Collection[int]) -> dict[int, set[str]]:
    """What points to the products, but for other products and what came along: words for people, by product."""
    found: dict[int, set[str]] = defaultdict(set)
    for relation in Product._meta.related_objects if ids else ():
        model = relation.related_model
        if model in (*ITS_OWN, RemotePicture, Product, BundleItem):
            continue
        column = relation.field.attname
        users = model._base_manager.filter(**{f"{column}__in": ids})
        if model is ProductMedia:
            users = users.filter(came_from=None).exclude(pk__in=videos)
        for pk in users.values_list(column, flat=True).distinct():
            found[pk].add(str(model._meta.verbose_name_plural))
    for relation in ProductUnit._meta.related_objects if ids else ():
        model = relation.related_model
        if model not in ITS_OWN:
            column = f"{relation.field.name}__product"
            for pk in model._base_manager.filter(**{f"{column}__in": ids}).values_list(column, flat=True).distinct():
                found[pk].add(str(model._meta.verbose_name_plural))
    return found


def _strange_prices(rows: Sequence[TransferRow]) -> set[int]:
    """Products that the import made and that have other prices by now than those it set."""
    expected = {row.written["pk"]: len(row.written["prices"]) + row.written.get("scheduled", 0) for row in rows}
    counts: dict[int, int] = defaultdict(int)
    for pk in Price.objects.decided().filter(product__in=expected).values_list("product_id", flat=True):
        counts[pk] += 1
    return {pk for pk, number in expected.items() if counts[pk] != number}


def _prices_now(rows: Sequence[TransferRow]) -> dict[tuple[str, int], str | None]:
    wanted: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        for code in row.written["prices"]:
            wanted[code].append(row.written["pk"])
    return {
        (price_list.code, pk): plain_price(amount)
        for price_list in PriceList.objects.filter(code__in=wanted)
        for pk, amount in price_reads.current(price_list, wanted[price_list.code]).items()
    }


def _packs_now(rows: Sequence[TransferRow]) -> dict[int, Packs]:
    ids = [row.written["pk"] for row in rows if "packs" in row.written]
    packs: dict[int, list[ProductUnit]] = defaultdict(list)
    for pack in ProductUnit.objects.filter(product__in=ids) if ids else ():
        packs[pack.product_id].append(pack)
    return {pk: plain_packs(some) for pk, some in packs.items()}


def _before(rows: Sequence[TransferRow]) -> dict[int, Any]:
    """The entries of the history that tell what the products were before the import changed them."""
    wanted = {row.written["pk"]: row.written["revision"] - 1 for row in rows if row.written["fields"]}
    if not wanted:
        return {}
    entries = Product.history.filter(id__in=wanted, revision__in=set(wanted.values())).order_by(
        "history_date", "history_id"
    )
    return {entry.id: entry for entry in entries if wanted[entry.id] == entry.revision}


def _lost(entries: Iterable[Any]) -> dict[int, str]:
    """Products that cannot be what they were, because what they pointed to is gone or another one took their place."""
    entries = list(entries)
    categories = set(
        Category.objects.filter(pk__in={entry.category_id for entry in entries}).values_list("pk", flat=True)
    )
    units = set(Unit.objects.filter(pk__in={entry.unit_id for entry in entries}).values_list("pk", flat=True))
    barcodes = {entry.barcode for entry in entries} - {""}
    holders = dict(Product.objects.filter(barcode__in=barcodes).values_list("barcode", "pk"))
    holders |= dict.fromkeys(ProductUnit.objects.filter(barcode__in=barcodes).values_list("barcode", flat=True), 0)
    found = {}
    for entry in entries:
        if entry.category_id not in {None, *categories} or entry.unit_id not in units:
            found[entry.id] = _("Its former category or unit is gone.")
        elif holders.get(entry.barcode, entry.id) != entry.id:
            found[entry.id] = _("Another product has its former barcode now.")
    return found


# --- putting back, removing ---------------------------------------------------------------------------------------
def _put_back(rows: Sequence[TransferRow], locked: Mapping[int, Product]) -> None:
    before = _before(rows)
    columns = [field for field in Product._meta.concrete_fields if field.name not in NOT_PUT_BACK]
    columns = [field for field in columns if field in Product.history.model.tracked_fields]
    changed, choices = [], Attribute.choices_of()
    for pk, entry in before.items():
        product = locked[pk]
        for field in columns:
            setattr(product, field.attname, getattr(entry, field.attname))
        product.refresh_search_text(choices)
        product.revision += 1
        product.updated_at = clock.now()
        changed.append(product)
    bulk.save_products(changed, [*(field.name for field in columns), "search_text", "revision", "updated_at"])


def _put_prices_back(rows: Sequence[TransferRow]) -> None:
    """What was charged meanwhile stays in the books: the former price begins anew, now."""
    wanted: dict[str, list[prices.Change]] = defaultdict(list)
    for row in rows:
        for code, (was, _after) in row.written["prices"].items():
            wanted[code].append(prices.Change(row.written["pk"], None if was is None else Decimal(was)))
    for price_list in PriceList.objects.filter(code__in=wanted).order_by("pk"):
        prices.set_many(price_list, wanted[price_list.code])


def _put_packs_back(rows: Sequence[TransferRow]) -> None:
    former = {row.written["pk"]: row.written["packs"][0] for row in rows if "packs" in row.written}
    there = {
        (pack.product_id, pack.name): pack
        for pack in (ProductUnit.objects.filter(product__in=former) if former else ())
    }
    wanted = {(pk, name): said for pk, packs in former.items() for name, said in packs.items()}
    _delete_packs([there[key] for key in there.keys() - wanted.keys()])
    fresh: list[ProductUnit] = []
    changed: list[ProductUnit] = []
    for key, said in wanted.items():
        pack = there.get(key) or ProductUnit(product_id=key[0], name=key[1])
        if pack.pk is None or plain_pack(pack) != said:
            shape(pack, said)
            (changed if pack.pk else fresh).append(pack)
    audit.bulk_create(fresh)
    audit.bulk_update(changed, PACK_FIELDS)


def _delete_packs(packs: Sequence[ProductUnit]) -> None:
    ids = [pack.pk for pack in packs]
    for relation in ProductUnit._meta.related_objects if ids else ():
        if relation.related_model._base_manager.filter(**{f"{relation.field.attname}__in": ids}).exists():
            raise DomainError(_("One of its packs is in use."))
    rows_at_once.remember(packs, "-")
    gone = ProductUnit._base_manager.filter(pk__in=ids)
    gone._raw_delete(gone.db)


def _remove(products: Sequence[Product]) -> None:
    """Products with the prices and packs that came with them, a statement each; their history stays."""
    ids = [product.pk for product in products]
    if not ids:
        return
    remote_media.forget(ids)
    kinship.remove_parts(ids)
    for model in ITS_OWN:
        mine = model._base_manager.filter(product__in=ids)
        # Prices that follow another list have no history of their own.
        rows_at_once.remember([row for row in mine if not getattr(row, "is_derived", False)], "-")
        mine._raw_delete(mine.db)
    rows_at_once.remember(products, "-")
    gone = Product._base_manager.filter(pk__in=ids)
    gone._raw_delete(gone.db)


def remove_categories(ids: Sequence[int]) -> None:
    """Categories that the import made and that nothing is in any more, the deepest first."""
    for category in sorted(Category.objects.filter(pk__in=ids), key=lambda row: ids.index(row.pk), reverse=True):
        relations = Category._meta.related_objects
        if not any(
            relation.related_model._base_manager.filter(**{relation.field.attname: category.pk}).exists()
            for relation in relations
        ):
            category.delete()
