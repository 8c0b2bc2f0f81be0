from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.models import TimeStamped

OPEN = ("queued", "failed", "running")


class DirectiveQuerySet(models.QuerySet["Directive"]):
    def due(self, now: datetime) -> Self:
        """What a worker may claim: ready and its time has come, or running under a lease that has run out.

        While a directive runs, `available_at` holds the end of its lease, so this is one index range.
        """
        return self.filter(status__in=OPEN, available_at__lte=now)

    def waiting(self) -> Self:
        """What is not finished and nobody works on."""
        return self.filter(status__in=(Directive.Status.QUEUED, Directive.Status.FAILED))

    def of(self, origin: models.Model) -> Self:
        """The directives that this object caused."""
        return self.filter(origin_type=ContentType.objects.get_for_model(origin), origin_id=origin.pk)


class Directive(TimeStamped, Audited):
    """A durable instruction to do a side effect. These rows are the queue; Huey only wakes whoever works on them.

    Inserted and worked on without history rows (it would double every write); what a person does to one (retry,
    cancel) is saved with history, so the audit trail knows who pressed and why.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("waiting to retry")
        DEAD = "dead", _("given up")
        PARKED = "parked", _("parked")
        CANCELLED = "cancelled", _("cancelled")

    TRANSITIONS = {
        Status.QUEUED: (Status.CANCELLED,),
        Status.FAILED: (Status.QUEUED, Status.CANCELLED),
        Status.RUNNING: (Status.CANCELLED,),
        Status.PARKED: (Status.QUEUED, Status.CANCELLED),
        Status.DEAD: (Status.QUEUED, Status.CANCELLED),
        Status.CANCELLED: (Status.QUEUED,),
    }

    topic = models.CharField(_("topic"), max_length=60)
    payload = models.JSONField(_("payload"), default=dict, blank=True)  # ids only, never personal data
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(_("most attempts"))
    crashes = models.PositiveSmallIntegerField(_("crashes"), default=0)
    available_at = models.DateTimeField(_("due"))
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    lease_token = models.UUIDField(_("lease token"), null=True, blank=True)
    dedupe_key = models.CharField(_("once per"), max_length=120, null=True, blank=True)
    last_error = models.TextField(_("last error"), blank=True)
    errors = models.JSONField(_("errors"), default=list, blank=True)
    origin_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("origin type")
    )
    origin_id = models.PositiveBigIntegerField(_("origin"), null=True, blank=True)
    origin = GenericForeignKey("origin_type", "origin_id")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    trace_id = models.CharField(_("trace"), max_length=64, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = DirectiveQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.UniqueConstraint(fields=["topic", "dedupe_key"], name="directive_once_per_dedupe_key"),
            models.CheckConstraint(condition=Q(max_attempts__gt=0), name="directive_max_attempts_positive"),
            models.CheckConstraint(
                condition=~Q(status="running") | Q(lease_token__isnull=False, lease_until__isnull=False),
                name="directive_running_has_a_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["available_at", "id"], condition=Q(status__in=OPEN), name="directive_due"),
            models.Index(fields=["status", "-id"], name="directive_by_status"),
            models.Index(fields=["origin_type", "origin_id"], name="directive_by_origin"),
            models.Index(fields=["finished_at"], name="directive_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("outbox:directive_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def ref(self, name: str) -> Any:
        """A value of the payload; KeyError when the directive was issued without it."""
        return self.payload[name]
