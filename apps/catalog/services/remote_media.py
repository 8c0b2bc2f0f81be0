"""Pictures that a file names by their addresses: fetched in the background, each once, and never a reason to fail.

An importer calls `schedule` inside its transaction. A job then fetches a few at a time by the protected client
(`kernel/outward.py`) and takes each in as an upload is: told by its content, drawn anew. What cannot be fetched is
written down with its reason, for the page of the import.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import unquote, urlsplit

from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from apps.catalog.models import Product, ProductMedia, RemotePicture
from apps.catalog.models.remote import LONGEST_ADDRESS
from backoffice.kernel import bulk, clock, outward
from backoffice.kernel.errors import DomainError
from backoffice.outbox import directives
from backoffice.outbox.models import Directive
from backoffice.transfers.models import TransferRun

from . import media, pictures

TOPIC = "catalog.remote_media"
AT_ONCE = 40  # addresses of one job: after them, others have their turn
SECONDS = 20.0
TRIES = 3
WAITS = (timedelta(minutes=1), timedelta(minutes=15))  # before the second and the third try
HOST_FAILS = 3  # then a server is left alone for the rest of the job
Status = RemotePicture.Status


class _Settled(Exception):
    """Somebody else fetched it, or it is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A picture of a product by its address. The order among those of one product is the order of its pictures."""

    product_id: int
    url: str
    alt: str = ""


def schedule_images(product_id: int, urls: Iterable[str], *, run: TransferRun | None = None) -> int:
    """Have these pictures fetched for a product, in this order; see `schedule`."""
    return schedule([Wanted(product_id, url) for url in urls], run=run)


def schedule(wanted: Sequence[Wanted], *, run: TransferRun | None = None, made: Collection[int] = ()) -> int:
    """Write down pictures to be fetched, inside the caller's transaction. Returns how many are new.

    An address that a product had before, fetched or not, changes nothing. What is no web address is written down as not
    fetched. A few statements for all of them. `made`: keys of products that this transaction has made, which had none.
    """
    assert connection.in_atomic_block, "Pictures are asked for in the transaction that writes their products."
    there: dict[int, set[str]] = defaultdict(set)
    for pk, urls in addresses({each.product_id for each in wanted}.difference(made)).items():
        there[pk].update(urls)
    places = Counter({pk: len(urls) for pk, urls in there.items()})
    blank, fresh = bulk.blanks(RemotePicture), []
    for each in wanted:
        row = _row(each, run, blank)
        if row.url in there[row.product_id]:
            continue
        there[row.product_id].add(row.url)
        row.position = places[row.product_id]
        places[row.product_id] += 1
        fresh.append(row)
    bulk.insert(fresh)
    _issue([row.pk for row in fresh if row.status == Status.WAITING], run=run)
    return len(fresh)


def addresses(product_ids: Collection[int]) -> dict[int, list[str]]:
    """The addresses that were ever asked for each product, in their order. One query."""
    found: dict[int, list[str]] = defaultdict(list)
    rows = RemotePicture.objects.filter(product__in=product_ids).order_by("product", "position", "pk")
    for product_id, url in rows.values_list("product_id", "url") if product_ids else ():
        found[product_id].append(url)
    return found


def as_kept(url: str) -> str:
    """The address as it is written down: cleaned, or cut when it is none."""
    try:
        return outward.clean(url)
    except outward.Unreachable:
        return url.strip()[:LONGEST_ADDRESS]


@transaction.atomic
def try_again(run: TransferRun) -> int:
    """Fetch once more what could not be fetched for this import. Returns how many that are."""
    rows = RemotePicture.objects.failed().filter(run=run).select_for_update(of=("self",)).order_by("pk")
    ids = [row.pk for row in rows if _is_address(row.url)]
    RemotePicture.objects.filter(pk__in=ids).update(
        status=Status.WAITING, attempts=0, reason="", updated_at=clock.now()
    )
    _issue(ids, run=run)
    return len(ids)


def take_back(product_ids: Collection[int], run: TransferRun) -> None:
    """Remove what this import asked for, and the pictures that came. The caller holds the products' locks."""
    mine = RemotePicture.objects.filter(product__in=product_ids, run=run)
    for picture in list(ProductMedia.objects.filter(came_from__in=mine).select_related("product").order_by("pk")):
        media.remove(picture)
    mine.delete()


def forget(product_ids: Collection[int]) -> None:
    """Remove all that was fetched for products that are about to be removed, a few statements for all of them."""
    rows = list(ProductMedia.objects.filter(product__in=product_ids, came_from__isnull=False))
    RemotePicture.objects.filter(product__in=product_ids).delete()
    bulk.remember(rows, "-")
    gone = ProductMedia.objects.filter(pk__in=[row.pk for row in rows])
    gone._raw_delete(gone.db)
    for row in rows:
        transaction.on_commit(partial(media.forget_files, row.stem), robust=True)


def fetch(directive: Directive) -> None:
    """The job: fetch some pictures, one after the other. It may start over; what is there is not fetched again."""
    fails: Counter[str] = Counter()
    again: dict[int, int] = {}  # key → tries so far
    for pk in directive.ref("pictures"):
        row = _begin(directive, pk)
        if row is None:
            continue
        host = urlsplit(row.url).hostname or ""
        try:
            if row.attempts > TRIES:  # whoever tried before died of it
                raise outward.Unreachable(_("The program could not work with this picture."))
            if fails[host] >= HOST_FAILS:
                raise outward.Unreachable(_("The server cannot be reached, or broke off."), again=True)
            answer = outward.get(row.url, most_bytes=pictures.MOST_BYTES, seconds=SECONDS, accept="image/*")
            _take_in(directive, row, answer.content)
        except _Settled:
            continue
        except outward.Unreachable as error:
            fails[host] += error.again
            if error.again and row.attempts < TRIES:
                again[pk] = row.attempts
            _say(directive, row, error.message, failed=pk not in again)
        except DomainError as error:
            _say(directive, row, error.message, failed=True)
    for tries in sorted(set(again.values())):
        with transaction.atomic():
            directives.heartbeat(directive)
            ids = [pk for pk, so_far in again.items() if so_far == tries]
            _issue(ids, run=directive.origin, wait=WAITS[min(tries, len(WAITS)) - 1])


def gave_up(directive: Directive) -> None:
    """The process that fetched them died of it: what it did not come to says so."""
    rows = RemotePicture.objects.waiting().filter(pk__in=directive.ref("pictures"))
    sentence = _("The program could not work with this picture.")
    rows.update(status=Status.FAILED, reason=sentence, updated_at=clock.now())


def _row(wanted: Wanted, run: TransferRun | None, blank: Callable[[], RemotePicture]) -> RemotePicture:
    row = blank()
    row.product_id, row.alt = wanted.product_id, " ".join(wanted.alt.split())[:200]
    row.run_id = run.pk if run is not None else None
    try:
        row.url = outward.clean(wanted.url)
    except outward.Unreachable as error:
        row.url, row.status, row.reason = wanted.url.strip()[:LONGEST_ADDRESS], Status.FAILED, error.message[:300]
    return row


def _is_address(url: str) -> bool:
    try:
        outward.clean(url)
    except outward.Unreachable:
        return False
    return True


def _issue(ids: Sequence[int], *, run: object, wait: timedelta = timedelta()) -> None:
    payloads = [{"pictures": list(ids[start : start + AT_ONCE])} for start in range(0, len(ids), AT_ONCE)]
    origin = run if isinstance(run, TransferRun) else None
    directives.issue_many(TOPIC, payloads, origin=origin, available_at=clock.now() + wait)


@transaction.atomic
def _begin(directive: Directive, pk: int) -> RemotePicture | None:
    """Count the try before it is made, so that a picture that kills the process is known by it."""
    directives.heartbeat(directive)
    if not RemotePicture.objects.waiting().filter(pk=pk).update(attempts=F("attempts") + 1, updated_at=clock.now()):
        return None
    return RemotePicture.objects.select_related("product").get(pk=pk)


def _take_in(directive: Directive, row: RemotePicture, content: bytes) -> None:
    name = unquote(urlsplit(row.url).path).rpartition("/")[2]

    def written(picture: ProductMedia) -> None:
        directives.heartbeat(directive)
        values = {"status": Status.FETCHED, "media": picture, "reason": "", "updated_at": clock.now()}
        if not RemotePicture.objects.waiting().filter(pk=row.pk).update(**values):
            raise _Settled
        _put_in_place(row)

    try:
        media.add_picture(row.product, ContentFile(content, name=name or row.url), alt=row.alt, beside=written)
    except Product.DoesNotExist:  # its import was undone meanwhile
        raise _Settled from None


def _put_in_place(row: RemotePicture) -> None:
    """One that came late, on a second try, goes before those that follow it in the file."""
    later = RemotePicture.objects.filter(
        product=row.product_id, position__gt=row.position, media__isnull=False
    ).values_list("media_id", flat=True)
    behind = set(later)
    if not behind:
        return
    ids = list(row.product.media.order_by("position", "pk").values_list("pk", flat=True))
    mine = ids.pop()
    place = next((number for number, pk in enumerate(ids) if pk in behind), len(ids))
    media.reorder(row.product, [*ids[:place], mine, *ids[place:]])


@transaction.atomic
def _say(directive: Directive, row: RemotePicture, reason: str, *, failed: bool) -> None:
    directives.heartbeat(directive)
    status = Status.FAILED if failed else Status.WAITING
    rows = RemotePicture.objects.waiting().filter(pk=row.pk)
    rows.update(status=status, reason=reason[:300], updated_at=clock.now())
