"""The steps shown above every page of an import."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRun

Status = TransferRun.Status


@dataclass(frozen=True)
class Step:
    """One of them: its number, its word, and whether it is done or the current one."""

    number: int
    label: str
    done: bool
    current: bool


def steps(importer: type[Importer], current: int, *, finished: bool = False) -> list[Step]:
    """File, columns, names (where the importer asks for them), preview, result."""
    names = [_("File"), _("Columns"), *([_("Names")] if importer.needs_mapping else []), _("Preview"), _("Result")]
    return [
        Step(number + 1, name, number < current or finished, number == current and not finished)
        for number, name in enumerate(names)
    ]


def of(run: TransferRun, importer: type[Importer]) -> list[Step]:
    """Where this run is."""
    names = 1 if importer.needs_mapping else 0
    place = {
        Status.COLUMNS: 1, Status.SCANNING: 2, Status.MAPPING: 2, Status.CHECKING: 2 + names, Status.READY: 2 + names,
    }.get(Status(run.status), 3 + names)  # fmt: skip
    if run.apply_started_at is None and run.status in (Status.FAILED, Status.CANCELLED):
        place = 2 + names
    return steps(importer, place, finished=run.status in (Status.DONE, Status.UNDOING, Status.UNDONE))
