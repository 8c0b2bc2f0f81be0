"""Is the history as it was sealed? Reads the whole chain and every row that it covers; changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext_noop

from backoffice.observability import seals
from backoffice.observability.models import AuditSeal, LedgerRun

LINKS = 500
"""So many seals are in memory."""


@dataclass(frozen=True)
class Difference:
    """What is not as it was sealed, and where. Digests say nothing to a person: figures are numbers of rows."""

    kind: str
    subject: str
    expected: str = ""
    found: str = ""


def differences() -> list[Difference]:
    """Where the chain or the rows under it differ from what was sealed, in the order of the chain."""
    return [*_chain(), *_cut_off()]


def _chain() -> Iterator[Difference]:
    kept = seals.histories()
    begun = _begun()
    before, covered = "", dict[str, int]()
    for seal in _links():
        expected, before = before, seal.digest
        if seal.pk < begun.get(seal.table, 0):
            continue  # somebody looked into it and sealed the table anew, with a reason
        if seal.previous != expected:
            yield Difference("seal removed", f"{seal} · {seal.pk}")
        if seals.digest(seal) != seal.digest:
            yield Difference("seal changed", f"{seal} · {seal.pk}")
        if seal.first_id != covered.get(seal.table, 0) + 1:
            yield Difference(
                "rows without a seal", f"{seal.table} {covered.get(seal.table, 0) + 1}–{seal.first_id - 1}"
            )
        covered[seal.table] = seal.last_id
        model = kept.get(seal.table)
        columns = {field.column for field in model._meta.concrete_fields} if model else set()
        if missing := set(seal.columns) - columns:
            yield Difference("sealed columns are gone", f"{seal} · {', '.join(sorted(missing))}")
            continue
        rows, content = seals.content(model, seal.columns, seal.first_id, seal.last_id)
        if rows != seal.rows:
            yield Difference("number of entries", str(seal), str(seal.rows), str(rows))
        elif content != seal.content:
            yield Difference("entry changed", str(seal))


def _cut_off() -> Iterator[Difference]:
    """Seals that earlier looks at the books saw at the end of the chain, and that are no more; until somebody seals a
    table anew and says why."""
    there = AuditSeal.objects.filter(digest=OuterRef("sealed"))
    explained = AuditSeal.objects.exclude(reason="").filter(sealed_at__gt=OuterRef("started_at"))
    for run in LedgerRun.objects.exclude(sealed="").filter(~Exists(there), ~Exists(explained)).order_by("pk"):
        yield Difference("seal removed", str(run))


def _begun() -> dict[str, int]:
    """The seal that began each table anew, for those that were."""
    anew = AuditSeal.objects.exclude(reason="").order_by("pk").values_list("table", "pk")
    return dict(anew)


def _links() -> Iterator[AuditSeal]:
    place = 0
    while page := list(AuditSeal.objects.filter(pk__gt=place).order_by("pk")[:LINKS]):
        yield from page
        place = page[-1].pk


# For the translations: what it may find.
KINDS = (
    gettext_noop("seal removed"),
    gettext_noop("seal changed"),
    gettext_noop("rows without a seal"),
    gettext_noop("sealed columns are gone"),
    gettext_noop("number of entries"),
    gettext_noop("entry changed"),
)
