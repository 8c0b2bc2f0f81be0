"""Whether the books agree: every look at them, how long it took, and what it found."""

from decimal import Decimal, InvalidOperation
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import CheckConstraint, Exists, F, OuterRef, Q, UniqueConstraint
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import clock
from backoffice.kernel.models import LedgerRow
from backoffice.kernel.quantity import format_quantity

AUDIT = "audit"
"""The book that is the history of everything: see `observability.audit`."""


class LedgerRunQuerySet(models.QuerySet["LedgerRun"]):
    def ended(self) -> Self:
        return self.exclude(finished_at=None)

    def alarming(self) -> Self:
        """The newest look that ended, when it found something; else nothing."""
        newer = LedgerRun.objects.ended().filter(pk__gt=OuterRef("pk"))
        return self.ended().filter(~Exists(newer), found__gt=0)


class LedgerRun(models.Model):
    """One look at all books. `asked_by` is who pressed the button; nobody, when the clock did."""

    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    books = models.PositiveSmallIntegerField(_("books"))
    found = models.PositiveIntegerField(_("differences"), default=0)
    sealed = models.CharField(_("last seal"), max_length=64, blank=True, default="", db_default="")
    """The newest seal of the history that this look saw. If it is gone one day, the end of the chain was cut off."""

    objects = LedgerRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("look at the books")
        verbose_name_plural = _("looks at the books")
        indexes = [models.Index(fields=["id"], condition=Q(found__gt=0), name="alarming_ledger_run")]

    def __str__(self) -> str:
        return date_format(clock.local(self.started_at), "SHORT_DATETIME_FORMAT")

    def get_absolute_url(self) -> str:
        return reverse("observability:ledger_run", args=[self.pk])

    @property
    def is_busy(self) -> bool:
        return self.finished_at is None


class LedgerPart(models.Model):
    """One book of a run: how long it took, and how many differences it has."""

    run = models.ForeignKey(LedgerRun, models.CASCADE, related_name="parts", db_index=False)
    book = models.CharField(_("book"), max_length=40)
    milliseconds = models.PositiveIntegerField(_("milliseconds"))
    found = models.PositiveIntegerField(_("differences"))

    class Meta:
        verbose_name = _("book")
        verbose_name_plural = _("books")
        constraints = [UniqueConstraint(fields=["run", "book"], name="a_book_is_read_once_a_run")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.book}"

    @property
    def title(self) -> str:
        """The room whose book it is, as people call it."""
        if self.book == AUDIT:
            return gettext("history of all changes")
        return str(apps.get_app_config(self.book).verbose_name) if self.book in apps.app_configs else self.book


class LedgerFinding(models.Model):
    """Two figures that should be one, as they were when somebody looked."""

    run = models.ForeignKey(LedgerRun, models.CASCADE, related_name="findings")
    book = models.CharField(_("book"), max_length=40)
    kind = models.CharField(_("what"), max_length=120)
    subject = models.CharField(_("where"), max_length=200)
    expected = models.CharField(_("should be"), max_length=80, blank=True)
    found = models.CharField(_("is"), max_length=80, blank=True)
    about_type = models.ForeignKey(ContentType, models.PROTECT, null=True, related_name="+")
    about_id = models.PositiveBigIntegerField(null=True)
    about: Any = GenericForeignKey("about_type", "about_id")

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        constraints = [
            CheckConstraint(
                condition=Q(about_type__isnull=True, about_id__isnull=True)
                | Q(about_type__isnull=False, about_id__isnull=False),
                name="finding_is_about_one_thing_or_none",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.subject}"

    @property
    def detail(self) -> str:
        """Where of what it is about, which its link names."""
        return self.subject.partition(" · ")[2]

    @property
    def should_be(self) -> str:
        return _as_read(self.expected)

    @property
    def is_now(self) -> str:
        return _as_read(self.found)


class AuditSeal(LedgerRow):
    """That the rows of a history were such and such when this was written: one link of one chain. See
    `observability.seals` for what the digests are made of."""

    table = models.CharField(_("table"), max_length=63)
    first_id = models.BigIntegerField(_("first key"))
    last_id = models.BigIntegerField(_("last key"))
    rows = models.PositiveIntegerField(_("rows"))
    columns = models.JSONField(_("columns"))
    content = models.CharField(_("digest of the rows"), max_length=64)
    sealed_at = models.DateTimeField(_("sealed"))
    reason = models.TextField(_("reason"), blank=True, default="")
    """Why the table is sealed anew from its first row on; blank for all other seals."""
    previous = models.CharField(_("digest before"), max_length=64, blank=True)
    digest = models.CharField(_("digest"), max_length=64)

    class Meta:
        verbose_name = _("seal")
        verbose_name_plural = _("seals")
        default_permissions = ()
        indexes = [models.Index(fields=["table", "id"], name="newest_seal_of_a_table")]
        constraints = [
            UniqueConstraint(fields=["previous"], name="a_seal_follows_one_that_no_other_follows"),
            UniqueConstraint(fields=["digest"], name="no_two_seals_are_alike"),
            CheckConstraint(condition=Q(last_id__gte=F("first_id")), name="a_seal_has_rows_to_cover"),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.first_id}–{self.last_id}"


class RestoreDrill(models.Model):
    """One try to restore a fresh backup beside the shop. `asked_by` is who pressed the button; nobody: the clock."""

    class Outcome(models.TextChoices):
        GOOD = "good", _("agrees")
        FAILED = "failed", _("failed")
        NOT_POSSIBLE = "not_possible", _("not possible")

    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    rows = models.PositiveBigIntegerField(_("rows"), default=0)
    encrypted = models.BooleanField(_("encrypted"), default=False)
    outcome = models.CharField(_("outcome"), max_length=12, blank=True, choices=Outcome)
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        verbose_name = _("restore drill")
        verbose_name_plural = _("restore drills")
        constraints = [
            CheckConstraint(
                condition=Q(finished_at__isnull=True, outcome="") | (Q(finished_at__isnull=False) & ~Q(outcome="")),
                name="a_drill_that_ended_has_an_outcome",
            )
        ]

    def __str__(self) -> str:
        return date_format(clock.local(self.started_at), "SHORT_DATETIME_FORMAT")

    def get_absolute_url(self) -> str:
        return reverse("observability:health")

    @property
    def is_busy(self) -> bool:
        return self.finished_at is None

    @property
    def has_failed(self) -> bool:
        return self.outcome == self.Outcome.FAILED

    @property
    def seconds(self) -> int:
        """How long it took, in whole seconds; 0 while it is under way."""
        return round((self.finished_at - self.started_at).total_seconds()) if self.finished_at else 0


def _as_read(written: str) -> str:
    """A figure in the active language; what is none stays as it is."""
    try:
        number = Decimal(written)
    except InvalidOperation:
        return written
    if not number.is_finite():
        return written
    return format_quantity(number, places=len(written.partition(".")[2]))
