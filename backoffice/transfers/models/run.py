from __future__ import annotations

import uuid
from pathlib import PurePath
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.models import TimeStamped
from backoffice.transfers.rows import DecimalStyle


def stored_as(run: TransferRun, name: str) -> str:
    """Where an upload is kept: a name nobody can guess, in a folder that no URL serves."""
    return f"transfers/{uuid.uuid4().hex}{PurePath(name).suffix.lower()[:5]}"


class TransferRun(TimeStamped):
    """One file on its way in: what it is, how it is read, how far it has come, and what came of it."""

    class Status(models.TextChoices):
        COLUMNS = "columns", _("columns to be named")
        SCANNING = "scanning", _("being read")
        MAPPING = "mapping", _("names to be matched")
        CHECKING = "checking", _("being checked")
        READY = "ready", _("ready to apply")
        APPLYING = "applying", _("being applied")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    TRANSITIONS = {
        Status.COLUMNS: (Status.SCANNING, Status.CHECKING, Status.CANCELLED),
        Status.SCANNING: (Status.MAPPING, Status.CANCELLED, Status.FAILED),
        Status.MAPPING: (Status.CHECKING, Status.CANCELLED),
        Status.CHECKING: (Status.READY, Status.CANCELLED, Status.FAILED),
        Status.READY: (Status.APPLYING, Status.CHECKING, Status.MAPPING, Status.CANCELLED),
        Status.APPLYING: (Status.DONE, Status.CANCELLED, Status.FAILED),
        Status.DONE: (Status.UNDOING,),
        Status.CANCELLED: (Status.APPLYING, Status.UNDOING),
        Status.FAILED: (Status.CHECKING, Status.APPLYING, Status.UNDOING),
        Status.UNDOING: (Status.UNDONE, Status.FAILED),
    }
    BUSY = (Status.SCANNING, Status.CHECKING, Status.APPLYING, Status.UNDOING)

    class Style(models.TextChoices):
        DOT = "dot", _("1,234.56 (point for decimals)")
        COMMA = "comma", _("1.234,56 (comma for decimals)")

    importer = models.CharField(_("kind"), max_length=60)
    file = models.FileField(_("file"), upload_to=stored_as)
    file_name = models.CharField(_("file name"), max_length=200)
    file_size = models.PositiveBigIntegerField(_("size"))
    file_format = models.CharField(_("format"), max_length=8)
    decimal_style = models.CharField(_("numbers are written"), max_length=5, choices=Style, default=Style.DOT)
    options = models.JSONField(_("options"), default=dict, blank=True)
    columns = models.JSONField(_("columns"), default=dict, blank=True)  # column name → position in the file
    headings = models.JSONField(_("headings"), default=list, blank=True)
    mapping = models.JSONField(_("matched names"), default=dict, blank=True)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.COLUMNS)
    error = models.TextField(_("error"), blank=True)
    total = models.PositiveIntegerField(_("lines"), default=0)
    checked = models.PositiveIntegerField(_("lines checked"), default=0)
    new = models.PositiveIntegerField(_("new"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    fields_changed = models.PositiveIntegerField(_("fields changed"), default=0)
    to_apply = models.PositiveIntegerField(_("rows to apply"), default=0)
    applied = models.PositiveIntegerField(_("rows applied"), default=0)
    refused_late = models.PositiveIntegerField(_("refused while applying"), default=0)
    undone = models.PositiveIntegerField(_("rows undone"), default=0)
    kept = models.PositiveIntegerField(_("rows that could not be undone"), default=0)
    checked_figures = models.JSONField(_("figures of the file"), default=dict, blank=True)
    figures = models.JSONField(_("figures of the result"), default=dict, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    check_started_at = models.DateTimeField(null=True, blank=True)
    check_finished_at = models.DateTimeField(null=True, blank=True)
    apply_started_at = models.DateTimeField(null=True, blank=True)
    apply_finished_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )
    undo_reason = models.CharField(_("why it was undone"), max_length=200, blank=True)
    undo_started_at = models.DateTimeField(null=True, blank=True)
    undo_finished_at = models.DateTimeField(null=True, blank=True)
    purged_at = models.DateTimeField(_("file and rows removed"), null=True, blank=True)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        permissions = [("undo_transferrun", _("Can undo imports"))]
        constraints = [
            models.CheckConstraint(condition=Q(applied__lte=models.F("to_apply")), name="transfer_applied_within_plan"),
        ]
        indexes = [models.Index(fields=["-id", "importer"], name="transfer_newest")]

    def __str__(self) -> str:
        return f"{self.file_name} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("transfers:run_detail", args=[self.pk])

    @property
    def style(self) -> DecimalStyle:
        return "comma" if self.decimal_style == self.Style.COMMA else "dot"

    @property
    def is_busy(self) -> bool:
        return self.status in self.BUSY

    @property
    def steps_done(self) -> tuple[int, int]:
        """How many of how many of the step that runs."""
        if self.undo_started_at is not None:
            return self.undone + self.kept, self.applied
        if self.apply_started_at is not None:
            return self.applied + self.refused_late, self.to_apply + self.refused_late
        return self.checked, self.total

    @property
    def percent(self) -> int:
        """Whole percent of the step that runs, or ran last."""
        done, total = self.steps_done
        return 100 if not total else min(100, done * 100 // total)


class TransferRowQuerySet(models.QuerySet["TransferRow"]):
    def to_apply(self) -> Self:
        """What applying the run still has to write."""
        outcomes = (TransferRow.Outcome.NEW, TransferRow.Outcome.CHANGED)
        return self.filter(outcome__in=outcomes, state=TransferRow.State.PENDING, left_out=False)

    def to_undo(self) -> Self:
        """What was written and is still there, as far as this run knows."""
        return self.filter(state=TransferRow.State.APPLIED)

    def refused(self) -> Self:
        """What was refused, while checking or while applying."""
        return self.filter(Q(outcome=TransferRow.Outcome.REFUSED) | Q(state=TransferRow.State.REFUSED))


class TransferRow(models.Model):
    """What would become, or became, of one row of the file."""

    class Outcome(models.TextChoices):
        NEW = "new", _("new")
        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("unchanged")
        REFUSED = "refused", _("refused")

    class State(models.TextChoices):
        PENDING = "pending", _("not applied")
        APPLIED = "applied", _("applied")
        REFUSED = "refused", _("refused while applying")
        UNDONE = "undone", _("undone")
        KEPT = "kept", _("could not be undone")

    run = models.ForeignKey(TransferRun, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(_("line"))
    outcome = models.CharField(_("outcome"), max_length=9, choices=Outcome)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.PENDING)
    left_out = models.BooleanField(_("left out"), default=False)
    label = models.CharField(_("name"), max_length=200, blank=True)
    meta = models.CharField(_("code"), max_length=200, blank=True)
    url = models.CharField(max_length=200, blank=True)
    icon = models.CharField(max_length=40, blank=True)
    changes = models.JSONField(_("before and after"), default=list, blank=True)
    data = models.JSONField(_("data"), default=dict, blank=True)
    written = models.JSONField(_("what undoing needs"), default=dict, blank=True)
    raw = models.TextField(_("as written"), blank=True)
    column = models.CharField(_("column"), max_length=60, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    hint = models.TextField(_("hint"), blank=True)

    objects = TransferRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("row")
        verbose_name_plural = _("rows")
        indexes = [models.Index(fields=["run", "outcome", "line"], name="transfer_row_by_outcome")]

    def __str__(self) -> str:
        return f"{self.line}: {self.label}"
