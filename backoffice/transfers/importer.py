"""What a file import has to say about itself; everything else (screens, jobs, progress, files) is done here.

The way of a file, and what of an importer is called when:

1. **Upload.** The page shows ``title``, ``help``, the ``columns`` and the fields of ``options_form``. The file is
   stored privately, its headings are matched with ``columns`` (name, label or alias; case and accents do not matter).
2. **Mapping** (only when ``needs_mapping``). In the background ``scan(rows)`` is given *all* rows once and returns the
   distinct names somebody has to decide on, as ``MapEntry``. The mapping page shows them, most frequent first; each
   becomes a ``Decision``: ``create``, ``map`` (with the ``value`` of one of ``targets()``) or ``ignore``.
   Later steps read them: ``self.decisions["Bread"].action``. Nothing is written to the business tables here.
3. **Preview.** In the background a fresh importer is made, ``look(rows)`` is given all rows once
   (override it to know what stands further down), and for each batch of ``batches(rows)`` (default: 1,000
   rows; override it where rows belong together, such as the lines of one ticket) ``check(batch)`` yields ``RowResult``:
   new, changed (with before → after), unchanged or refused (with line and reason). ``check`` writes nothing.
   What is new is shown as ``facts(rows)`` tells it of one page of rows: label and value, as for changes.
   One result per thing that will be written: a ticket of five lines is *one* result, at its first line.
   Remember things between batches on ``self`` (for "this SKU is twice in the file"). Work in sets: one query per
   batch and table, never one per row; the budget is 1,500 rows a second.
4. **Apply.** In the background, the rows that are new or changed and were not left out come back in file order, up to
   ``apply_size`` at a time, as ``TransferRow`` (``row.data`` is what ``RowResult.data`` held; ``row.line``,
   ``row.outcome``). ``apply(rows)`` runs inside ONE transaction in which these rows are also marked as applied, so a
   batch is done wholly or not at all, and never twice, whatever is killed when. It returns an ``Applied``: how much
   was made (``figures``), and which rows are refused after all because the world moved since the preview
   (``refused={row.pk: reason}``). A ``DomainError`` or ``IntegrityError`` out of ``apply`` makes the runner try the
   batch again row by row, each in its own savepoint, and refuse only the rows that fail.
   ``acting()`` already names the person and "import #7". Applying the same file twice must not double anything:
   use natural keys, so that a second preview finds everything unchanged.

5. **Undo** (only when ``undoable``). As long as nothing was built on it, a person may take the import back. First
   ``obstacles(rows)`` says what cannot be (used, changed since), which the page shows. Then, in the background and
   newest first, ``undo(rows)`` runs in one transaction a batch, with ``row.written`` as ``Applied.written`` left it;
   it checks again, under its locks, and returns what it had to keep. For plain records see ``trail``. An importer that
   is not undoable says in ``stays`` why not.

Write one like this, and name it in ``composition.IMPORTS``, as ``{"products": "apps.catalog.….ProductImporter"}``::

    class ProductImporter(Importer):
        key = "products"
        permission = "catalog.import_product"
        title = _("Import products")
        columns = (
            Column("sku", _("SKU"), required=True, aliases=("code",), example="PA-0012"),
            Column("name", _("Name"), aliases=("title",)),
            Column("price", _("Price"), example="9.90"),
        )

        def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
            found = Product.objects.in_bulk([row.text("sku") for row in rows], field_name="sku")
            for row in rows:
                try:
                    price = row.decimal("price", places=4, minimum=0)     # None when blank
                except BadCell as bad:
                    yield row.refuse(bad)
                    continue
                product = found.get(row.text("sku"))
                if product is None:
                    yield row.new(label=row.text("name"), meta=row.text("sku"), data={…})
                elif changes := [Change("price", _("Price"), before="9.50", after="9.90")]:
                    yield row.changed(changes, label=product.name, meta=product.sku, data={…})
                else:
                    yield row.unchanged(label=product.name, meta=product.sku)

        def apply(self, rows: Sequence[TransferRow]) -> Applied:
            …audit.bulk_create(…)
            return Applied(figures={"products": len(rows)})

        figure_labels = {"products": _("products written")}

**Formats.** A second kind of file for the same things is an importer of its own. With ``family = "products"`` (the key
of the first one) it is not listed by itself: the upload pages of the family offer it as a choice, by ``format_name``.

**Bad cells.** All that are wrong in a row are told at once: collect them, then ``row.refuse([bad, …])``; or
give ``all_wrong(row, bad, readers)`` the first one and how each column is read by itself.

**Export.** With an ``export_permission`` the upload page offers, to who has it, what there is now as such a file:
``export()`` gives the headings and the rows (texts, ``Decimal``, dates, whole numbers, None), which are made harmless
and written in the reader's number style elsewhere. Importing that file must change nothing.

``data`` goes through JSON: strings, whole numbers, lists, dicts (a ``Decimal`` as ``str``). ``label``, ``meta``,
``before`` and ``after`` are plain text for people. In ``row.text()`` a blank cell and a column the file does not have
are both ``""``; ``row.has("price")`` tells whether the file has the column at all. Texts arrive trimmed, Unicode NFC.
Numbers are read in the style the person chose for this file, never in the locale's. A cell neutralised by our own
export (``'=1+1``) arrives as it was before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.utils.translation import gettext_lazy

from backoffice.transfers.rows import BadCell, Change, Column, Fact, Outcome, Row, RowResult, all_wrong, chunked

if TYPE_CHECKING:
    from django import forms
    from django.utils.functional import _StrPromise

    from backoffice.transfers.models import TransferRow, TransferRun

__all__ = [
    "Applied", "BadCell", "Change", "Column", "Decision", "Fact", "Importer", "MapEntry", "Outcome", "Row", "RowResult",
    "Target", "all_wrong",
]  # fmt: skip

Action = Literal["create", "map", "ignore"]


@dataclass(frozen=True)
class MapEntry:
    """A name found in the file that somebody has to decide on, with a proposal."""

    key: str
    count: int
    action: Action = "create"
    target: str = ""
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """What a person decided for one name of the file; ``target`` is a ``Target.value`` when the action is ``map``.

    When the action is ``create``, it is what ``created_with`` made of the answer to ``create_label``.
    """

    action: Action
    target: str = ""


@dataclass(frozen=True)
class Target:
    """What a name can be mapped to: ``value`` is what people type (a SKU), ``label`` what helps them to find it."""

    value: str
    label: str


@dataclass(frozen=True)
class Applied:
    """What one call of ``apply`` did: figures to add up for the result page, and rows refused after all.

    ``written`` is what undoing each row will need, by its key, as JSON; it comes back as ``row.written``.
    """

    figures: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[int, str] = field(default_factory=dict)
    written: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)


class Importer:
    """One kind of file. Each step gets a fresh instance, so ``self`` may remember things while the step lasts."""

    do_not_call_in_templates: ClassVar[bool] = True  # pages are given the class, and templates call what they can

    key: ClassVar[str]
    permission: ClassVar[str]
    title: ClassVar[str | _StrPromise]
    help: ClassVar[str | _StrPromise] = ""
    columns: ClassVar[Sequence[Column]]
    formats: ClassVar[Sequence[str]] = ("csv", "xlsx")
    thing: ClassVar[str | _StrPromise] = ""  # heading of the first column of the preview, such as _("Product")
    options_form: ClassVar[type[forms.Form] | None] = None  # extra questions on the upload page; see self.options
    needs_mapping: ClassVar[bool] = False
    allow_create: ClassVar[bool] = True  # the mapping page offers "create"
    create_label: ClassVar[str | _StrPromise] = ""  # what else the mapping page asks for with "create": _("Price")
    check_size: ClassVar[int] = 1000
    apply_size: ClassVar[int] = 500
    figure_labels: ClassVar[Mapping[str, str | _StrPromise]] = {}
    undoable: ClassVar[bool] = False  # has ``obstacles`` and ``undo``
    undone_new: ClassVar[str | _StrPromise] = gettext_lazy("made by it: removed")  # what undoing does to new rows
    undo_note: ClassVar[str | _StrPromise] = ""  # what else to know before undoing, shown where it is asked
    export_permission: ClassVar[str] = ""  # has ``export``, for who has this permission
    number_style: ClassVar[str] = ""  # how numbers are written in such files, when that is known: "dot", "comma"
    family: ClassVar[str] = ""  # key of the importer whose upload page offers this one as another format
    format_name: ClassVar[str | _StrPromise] = gettext_lazy("Our own file")
    stays: ClassVar[str | _StrPromise] = gettext_lazy("What this kind of import wrote is not taken back as a whole.")
    done_url: ClassVar[str] = ""  # name of the URL where the result is to be seen, such as "catalog:product_list"

    def __init__(self, run: TransferRun) -> None:
        self.run = run

    @property
    def options(self) -> Mapping[str, Any]:
        """The answers to ``options_form`` as JSON values (a model choice is its primary key, a date its ISO text)."""
        return self.run.options

    @property
    def decisions(self) -> dict[str, Decision]:
        """What was decided on the mapping page, by the name in the file."""
        return {
            entry["key"]: Decision(entry["action"], entry.get("target", ""))
            for entry in self.run.mapping.get("entries", ())
        }

    def look(self, rows: Iterator[Row]) -> None:
        """See every row of the file once, before the first ``check``."""
        for _row in rows:
            pass

    def scan(self, rows: Iterator[Row]) -> list[MapEntry]:
        """The distinct names in the file to be decided on. Only called when ``needs_mapping``."""
        return []

    def targets(self) -> Sequence[Target]:
        """What names can be mapped to. Only called when ``needs_mapping``."""
        return []

    def created_with(self, answer: str) -> str:
        """The answer to ``create_label`` as it is kept in ``Decision.target``. DomainError when it cannot be one."""
        return ""

    def batches(self, rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
        """Cut the file into the portions that ``check`` sees; override it where rows must stay together."""
        return chunked(rows, self.check_size)

    def check(self, rows: Sequence[Row]) -> Iterable[RowResult]:
        """Judge a batch without writing anything."""
        raise NotImplementedError

    def checked(self) -> Mapping[str, int]:
        """Figures of the whole file, asked for after the last batch and shown on the preview; see ``figure_labels``."""
        return {}

    def facts(self, rows: Sequence[TransferRow]) -> Mapping[int, Sequence[Fact]]:
        """What each of these new rows will make, for a person to check, by the key of the row.

        Asked for the rows of one page, when it is looked at: a few queries for all of them, however many there are.
        """
        return {}

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        """Write a batch, inside the caller's transaction."""
        raise NotImplementedError

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """What there is now: headings and rows that the importer reads back without a change."""
        raise NotImplementedError

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Why which of these written rows cannot be undone, by their keys. Writes nothing."""
        raise NotImplementedError

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Take back a batch of written rows, newest first, inside the caller's transaction.

        Returns what it had to keep, with why, as ``obstacles`` does.
        """
        raise NotImplementedError
