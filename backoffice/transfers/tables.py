from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.transfers import imports
from backoffice.transfers.models import TransferRun
from backoffice.ui.tables import BadgeColumn, Column, DateTimeColumn, NumberColumn, Table, WhatColumn

Status = TransferRun.Status

TONES = {
    Status.COLUMNS: "warn", Status.MAPPING: "warn", Status.READY: "warn", Status.FAILED: "bad", Status.DONE: "ok",
    Status.SCANNING: "info", Status.CHECKING: "info", Status.APPLYING: "info",
    Status.UNDOING: "info",
}  # fmt: skip


class RunTable(Table):
    file_name = WhatColumn("file_name", meta=lambda run: _title(run), verbose_name=gettext_lazy("File"))
    status = BadgeColumn(tones=TONES, quiet=(Status.CANCELLED, Status.UNDONE))
    total = NumberColumn(verbose_name=gettext_lazy("Lines"))
    new = NumberColumn(verbose_name=gettext_lazy("New"))
    changed = NumberColumn(verbose_name=gettext_lazy("Changed"))
    refused = NumberColumn(verbose_name=gettext_lazy("Refused"))
    applied = Column(verbose_name=gettext_lazy("Written"), css="num", card="price")
    started_by = Column(verbose_name=gettext_lazy("By"), orderable=False)
    created_at = DateTimeColumn(verbose_name=gettext_lazy("Uploaded"))

    class Meta:
        model = TransferRun
        order_by = "-created_at"

    def render_applied(self, record: TransferRun) -> str:
        if record.apply_started_at is None:
            return ""
        written, planned = number_format(record.applied, force_grouping=True), record.to_apply
        return written if record.applied == planned else _("%(written)s of %(planned)s") % {
            "written": written, "planned": number_format(planned, force_grouping=True),
        }  # fmt: skip


def _title(run: TransferRun) -> str:
    try:
        return str(imports.find(run.importer).title)
    except (KeyError, ImportError):
        return run.importer
