"""Do the books agree? Every night and whenever somebody asks, as a job; what is found is kept.

The books are those that `composition.LEDGER_CHECKS` names. Reading them changes nothing and locks nothing.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Sum
from django.utils.module_loading import import_string

from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.observability import seals
from backoffice.observability.models import LedgerFinding, LedgerPart, LedgerRun
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

TOPIC = "ledgers.verify"
KEPT = 500
"""So many differences of a book are written down; the number of all of them is."""
CENTS = -2
NIGHT = 3
"""From this hour on the books are looked at for the day that begins."""
PATIENCE = timedelta(hours=1)
"""A run that has not ended for so long is given up; another may begin."""


@dataclass(frozen=True)
class Book:
    """One ledger, read."""

    name: str
    differences: list[Any]
    milliseconds: int


def names() -> list[str]:
    """The dotted paths of the checks, by their order."""
    from backoffice.composition import LEDGER_CHECKS

    return LEDGER_CHECKS


def book_of(path: str) -> str:
    """The room whose book a check reads: the second name of "apps.orders.services.verify.differences". The house's own
    are named after their module: "audit" of "backoffice.observability.audit.differences"."""
    house, room, *_rest, module, _function = path.split(".")
    return room if house == "apps" else module


def read(path: str) -> Book:
    """Compare one ledger with the figures kept beside it. Changes nothing."""
    started = time.perf_counter()
    differences = list(import_string(path)())
    return Book(book_of(path), differences, round((time.perf_counter() - started) * 1000))


@transaction.atomic
def start() -> LedgerRun:
    """Begin a look at all books as a job, in the name of whoever acts; the one that is under way, when there is one."""
    now, actor = clock.now(), current_actor().user
    busy = LedgerRun.objects.filter(finished_at=None, started_at__gt=now - PATIENCE).order_by("-pk").first()
    if busy is not None:
        return busy
    run = LedgerRun.objects.create(
        started_at=now, asked_by=actor if getattr(actor, "pk", None) else None, books=len(names())
    )
    directives.issue(TOPIC, payload={"run": run.pk}, origin=run, dedupe_key=f"run:{run.pk}")
    return run


def due() -> bool:
    """Whether nobody looked since the night of this day began."""
    now = clock.now()
    night = clock.at(clock.today(), NIGHT)
    return now >= night and not LedgerRun.objects.filter(started_at__gte=night).exists()


def carry_out(directive: Directive) -> None:
    """Read book after book; those that a crash had left done are not read again."""
    run = LedgerRun.objects.filter(pk=directive.payload.get("run")).first()
    if run is None:
        raise Permanent("The run is gone.")
    for _book in _carry_out(run, directive):
        pass


def now() -> Iterator[Book]:
    """Read the books here and now, one by one, and write down what they say: for the command."""
    run = LedgerRun.objects.create(started_at=clock.now(), books=len(names()))
    yield from _carry_out(run, None)


def _carry_out(run: LedgerRun, directive: Directive | None) -> Iterator[Book]:
    done = set(run.parts.values_list("book", flat=True))
    for path in names():
        if book_of(path) in done:
            continue
        book = read(path)
        with transaction.atomic():
            if directive is not None:
                directives.heartbeat(directive)
            _write(run, book)
        yield book
    with transaction.atomic():
        run.found = run.parts.aggregate(total=Sum("found"))["total"] or 0
        run.finished_at, run.sealed = clock.now(), seals.head()
        run.save(update_fields=["found", "finished_at", "sealed"])


def _write(run: LedgerRun, book: Book) -> None:
    LedgerPart.objects.create(run=run, book=book.name, milliseconds=book.milliseconds, found=len(book.differences))
    LedgerFinding.objects.bulk_create(
        [
            LedgerFinding(
                run=run,
                book=book.name,
                kind=one.kind[:120],
                subject=one.subject[:200],
                expected=text(one.expected)[:80],
                found=text(one.found)[:80],
                **_about(getattr(one, "about", None)),
            )
            for one in book.differences[:KEPT]
        ]
    )


def _about(about: tuple[str, int] | None) -> dict[str, Any]:
    if about is None:
        return {}
    return {"about_type": ContentType.objects.get_for_model(apps.get_model(about[0])), "about_id": about[1]}


def text(value: Any) -> str:
    """A figure as it is written down: exact, without idle noughts; of money the cents stay."""
    if isinstance(value, Decimal):
        return f"{value:f}" if value.as_tuple().exponent == CENTS else f"{value.normalize():f}"
    return "" if value is None else str(value)


def alarming() -> Any:
    """The newest look, when it found something: for the red line above every page."""
    return LedgerRun.objects.alarming()
