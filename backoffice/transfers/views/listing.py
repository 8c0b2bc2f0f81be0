from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.transfers import imports
from backoffice.transfers.filters import RunFilter
from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRun
from backoffice.transfers.tables import RunTable
from backoffice.transfers.views import access
from backoffice.ui.screens import Action, Empty, ListScreen, SavedView

Status = TransferRun.Status
WAITING = (Status.COLUMNS, Status.MAPPING, Status.READY)


class RunList(ListScreen):
    """Every file that came in, and what became of it."""

    model = TransferRun
    permission = access.VIEW
    title = _("Imports")
    icon = "file-up"
    table_class = RunTable
    filter_class = RunFilter
    export = False
    saved_views = [
        SavedView("waiting", _("Wait for you"), lambda rows: rows.filter(status__in=WAITING)),
        SavedView("busy", _("Running"), lambda rows: rows.filter(status__in=TransferRun.BUSY)),
        SavedView("done", _("Done"), lambda rows: rows.filter(status=Status.DONE)),
        SavedView("failed", _("Failed"), lambda rows: rows.filter(status=Status.FAILED)),
    ]
    empty = Empty(
        _("No imports yet"),
        _("Bring in a spreadsheet: you see what would change, line by line, before anything is written."),
    )

    @property
    def actions(self) -> Sequence[Action]:  # type: ignore[override]
        return [self._upload(importer) for importer in imports.heads(self.request.user)]

    def _upload(self, importer: type[Importer]) -> Action:
        key = importer.key
        return Action(
            importer.title, "transfers:upload", access.ADD, icon="file-up", dialog=False, args=lambda _thing: [key]
        )

    def get_queryset(self) -> QuerySet[TransferRun]:
        return access.visible(self.request.user).select_related("started_by")
