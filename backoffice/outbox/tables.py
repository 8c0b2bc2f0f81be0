from typing import Any

from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.kernel import clock
from backoffice.outbox.models import Directive
from backoffice.ui.tables import BadgeColumn, Column, DateTimeColumn, LinkColumn, Table, WhatColumn

Status = Directive.Status

TONES = {
    Status.QUEUED: "info", Status.RUNNING: "info", Status.FAILED: "warn", Status.PARKED: "warn", Status.DEAD: "bad",
}  # fmt: skip
QUIET = (Status.DONE, Status.CANCELLED)


def when(directive: Directive) -> str:
    """The moment that matters in its state, in words."""
    at = directive.finished_at if directive.status in (*QUIET, Status.DEAD) else directive.available_at
    if directive.status == Status.PARKED or at is None:
        return ""
    text = date_format(clock.local(at), "SHORT_DATETIME_FORMAT")
    if directive.status == Status.RUNNING:
        return _("lease until %(when)s") % {"when": text}
    if directive.status == Status.FAILED:
        return _("next try %(when)s") % {"when": text}
    return text


class DirectiveTable(Table):
    topic = WhatColumn("topic", meta=lambda directive: f"#{directive.pk}", verbose_name=gettext_lazy("Job"))
    status = BadgeColumn(tones=TONES, quiet=QUIET)
    attempts = Column(verbose_name=gettext_lazy("Attempts"), css="num")
    available_at = Column(verbose_name=gettext_lazy("When"), css="nw", card="price")
    last_error = Column(verbose_name=gettext_lazy("Error"), orderable=False)
    origin = LinkColumn(verbose_name=gettext_lazy("Caused by"), orderable=False)
    actor = Column(verbose_name=gettext_lazy("By"), orderable=False)
    created_at = DateTimeColumn(verbose_name=gettext_lazy("Issued"))

    class Meta:
        model = Directive
        order_by = "-created_at"

    def render_attempts(self, value: int, record: Directive) -> str:
        return f"{value} / {record.max_attempts}"

    def render_available_at(self, record: Directive) -> str:
        return when(record)

    def render_last_error(self, value: str) -> Any:
        return Truncator(value).chars(90)

    def row_tone(self, record: Directive) -> str:
        return "bad" if record.status == Status.DEAD else ""
