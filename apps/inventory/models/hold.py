"""Holds: stock promised to someone."""

from datetime import datetime
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.kernel.fields import QuantityField
from backoffice.kernel.models import TimeStamped


class HoldQuerySet(models.QuerySet["Hold"]):
    def counting(self, now: datetime) -> Self:
        """Holds that still keep stock from others; expiry needs no job to take effect."""
        return self.filter(Hold.counting_condition(now))

    def of_origin(self, origin: models.Model) -> Self:
        """Holds of one document, whatever their status."""
        return self.filter(
            origin_type=ContentType.objects.get_for_model(origin, for_concrete_model=True), origin_id=origin.pk
        )


class Hold(TimeStamped):
    """Stock promised to someone, until it is fulfilled, released or too old.

    What is asked and not yet taken is backed by allocations; what they do not cover is waiting demand.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", pgettext_lazy("a hold", "active")
        FULFILLED = "fulfilled", pgettext_lazy("a hold", "fulfilled")
        RELEASED = "released", pgettext_lazy("a hold", "released")

    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="holds", db_index=False, verbose_name=_("product")
    )
    quantity = QuantityField(_("quantity"))
    fulfilled = QuantityField(_("fulfilled"), default=Decimal(0))
    needed_on = models.DateField(_("needed on"))
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.ACTIVE)
    priority = models.SmallIntegerField(_("priority"), default=0)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
        verbose_name=_("released by"),
    )
    origin_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    origin_id = models.PositiveBigIntegerField()
    origin = GenericForeignKey("origin_type", "origin_id")
    locations = models.ManyToManyField(
        "inventory.Location", blank=True, related_name="+", verbose_name=_("places it may be taken from")
    )

    objects = HoldQuerySet.as_manager()

    backing: "list[HoldAllocation]"
    """What backs it; known of holds that a service has just placed or moved."""

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        permissions = [("release_hold", _("Can release a hold"))]
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="hold_quantity_is_positive"),
            CheckConstraint(
                condition=Q(fulfilled__gte=0) & Q(fulfilled__lte=F("quantity")), name="hold_fulfils_what_was_asked"
            ),
            CheckConstraint(condition=Q(status__in=["active", "fulfilled", "released"]), name="hold_status_is_known"),
            CheckConstraint(
                condition=Q(status="active", resolved_at__isnull=True)
                | (~Q(status="active") & Q(resolved_at__isnull=False)),
                name="hold_is_resolved_once",
            ),
        ]
        indexes = [
            models.Index(fields=["product"], condition=Q(status="active"), name="active_hold_by_product"),
            models.Index(fields=["expires_at"], condition=Q(status="active"), name="active_hold_by_expiry"),
            models.Index(fields=["origin_type", "origin_id"], name="hold_by_origin"),
        ]

    def __str__(self) -> str:
        return _("hold %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("inventory:hold_detail", args=[self.pk])

    @staticmethod
    def counting_condition(now: datetime, *, prefix: str = "") -> Q:
        """`counting` for a query that reaches the hold through `prefix` (for example `"hold__"`)."""
        open_ended = Q(**{f"{prefix}expires_at__isnull": True}) | Q(**{f"{prefix}expires_at__gt": now})
        return open_ended & Q(**{f"{prefix}status": Hold.Status.ACTIVE})

    def is_counting(self, now: datetime) -> bool:
        return self.status == self.Status.ACTIVE and (self.expires_at is None or self.expires_at > now)


class HoldAllocation(models.Model):
    """Which stock backs a hold. Rows live as long as the hold is active."""

    hold = models.ForeignKey(Hold, models.CASCADE, related_name="allocations", db_index=False)
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, related_name="allocations", db_index=False)
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+")
    quantity = QuantityField(_("quantity"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        constraints = [
            UniqueConstraint(fields=["hold", "lot", "location"], name="one_allocation_per_hold_lot_and_location"),
            CheckConstraint(condition=Q(quantity__gt=0), name="allocation_is_positive"),
        ]
        indexes = [models.Index(fields=["lot", "location"], name="allocation_by_stock")]

    def __str__(self) -> str:
        return f"{self.hold_id}: {self.quantity}"
