"""Alerts: a line that stock has crossed, who was told, and who looked."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import QuantityField
from backoffice.kernel.money import format_amount
from backoffice.kernel.quantity import format_quantity

ZERO = Decimal(0)


class StockAlertQuerySet(models.QuerySet["StockAlert"]):
    def open(self) -> Self:
        """Whose line is still crossed."""
        return self.filter(resolved_at=None)

    def unseen(self) -> Self:
        """Open ones that nobody has acknowledged."""
        return self.filter(resolved_at=None, acknowledged_at=None)


class StockAlert(models.Model):
    """One crossing of one line by one subject. It ends when the line is crossed back; the next crossing is a new row.

    `subject_id` is what crossed: the reorder rule (low), the lot (expiring, expired) or the product (margin, waiting).
    `measured` and `limit` are the two figures when it was last looked at (those of now: `selectors.alerts.as_now`):
    available and minimum, price and cost, or the quantity that expires or that people wait for. The row is its own
    record: it is changed only by being acknowledged once, by whom and with what note, and by ending once.
    """

    class Kind(models.TextChoices):
        LOW = "low", _("below minimum")
        EXPIRING = "expiring", _("expiring")
        EXPIRED = "expired", _("expired on the shelf")
        MARGIN = "margin", _("sold below cost")
        WAITING = "waiting", _("waiting demand")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    subject_id = models.PositiveBigIntegerField(_("subject"))
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, null=True, related_name="+", verbose_name=_("lot"))
    location = models.ForeignKey(
        "inventory.Location", models.PROTECT, null=True, related_name="+", verbose_name=_("location")
    )
    price_list = models.ForeignKey(
        "catalog.PriceList", models.PROTECT, null=True, related_name="+", verbose_name=_("price list")
    )
    measured = QuantityField(_("measured"))
    limit = QuantityField(_("limit"), null=True)
    day = models.DateField(_("day"), null=True)
    raised_at = models.DateTimeField(_("raised"))
    resolved_at = models.DateTimeField(_("over since"), null=True)
    acknowledged_at = models.DateTimeField(_("acknowledged"), null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("acknowledged by")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = StockAlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        permissions = [("acknowledge_stockalert", _("Can acknowledge an alert"))]
        constraints = [
            UniqueConstraint(
                fields=["kind", "subject_id"],
                condition=Q(resolved_at__isnull=True),
                name="one_open_alert_per_kind_and_subject",
            ),
            CheckConstraint(
                condition=Q(kind__in=["low", "expiring", "expired", "margin", "waiting"]), name="alert_kind_is_known"
            ),
            CheckConstraint(
                condition=Q(acknowledged_at__isnull=False) | Q(acknowledged_by__isnull=True, note=""),
                name="alert_note_is_of_who_acknowledged",
            ),
        ]
        indexes = [
            models.Index(fields=["product"], condition=Q(resolved_at__isnull=True), name="open_alert_by_product"),
            models.Index(fields=["kind", "subject_id", "raised_at"], name="alert_by_subject"),
            models.Index(
                fields=["raised_at"],
                condition=Q(resolved_at__isnull=True, acknowledged_at__isnull=True),
                name="unseen_alert_by_age",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product.name}: {self.get_kind_display()}"

    def get_absolute_url(self) -> str:
        return reverse("inventory:alert_detail", args=[self.pk])

    @property
    def cause_url(self) -> str:
        """The page of what crossed the line."""
        if self.kind in (self.Kind.EXPIRING, self.Kind.EXPIRED) and self.lot_id:
            return reverse("inventory:lot_detail", args=[self.lot_id])
        if self.kind == self.Kind.MARGIN:
            return reverse("catalog:product_prices", args=[self.product_id])
        return reverse("inventory:product_card", args=[self.product_id])

    @property
    def state(self) -> str:
        """ "over", "seen" or "new"."""
        return "over" if self.resolved_at else "seen" if self.acknowledged_at else "new"

    @property
    def says(self) -> str:
        """The two figures in a sentence. Needs the product with its unit, the place and the price list."""
        unit = self.product.unit.code
        there = format_quantity(self.measured, unit)
        day = date_format(self.day, "j M") if self.day else "–"
        if self.kind == self.Kind.LOW:
            figures = {"there": there, "minimum": format_quantity(self.limit or ZERO, unit), "place": self.location}
            if self.location is None:
                return gettext("%(there)s available, minimum %(minimum)s") % figures
            return gettext("%(there)s available at %(place)s, minimum %(minimum)s") % figures
        if self.kind == self.Kind.EXPIRING:
            return gettext("%(quantity)s, good until %(day)s") % {"quantity": there, "day": day}
        if self.kind == self.Kind.EXPIRED:
            return gettext("%(quantity)s still here, was good until %(day)s") % {"quantity": there, "day": day}
        if self.kind == self.Kind.MARGIN:
            return gettext("%(price)s in %(list)s, costs %(cost)s") % {
                "price": format_amount(self.measured, 2),
                "list": self.price_list or "–",
                "cost": format_amount(self.limit or ZERO, 2),
            }
        return gettext("%(quantity)s short, needed from %(day)s") % {"quantity": there, "day": day}


class AlertChoice(models.Model):
    """That a person wants an e-mail of alerts of one kind."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    kind = models.CharField(_("kind"), max_length=10, choices=StockAlert.Kind)

    class Meta:
        verbose_name = _("choice of alerts")
        verbose_name_plural = _("choices of alerts")
        constraints = [
            UniqueConstraint(fields=["user", "kind"], name="alert_is_chosen_once"),
            CheckConstraint(
                condition=Q(kind__in=["low", "expiring", "expired", "margin", "waiting"]),
                name="chosen_alert_kind_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"


class AlertNotice(models.Model):
    """That a person was told of an alert, so that nobody is told twice of one crossing."""

    alert = models.ForeignKey(StockAlert, models.CASCADE, related_name="notices", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    sent_at = models.DateTimeField(_("sent"))

    class Meta:
        verbose_name = _("notice of an alert")
        verbose_name_plural = _("notices of alerts")
        constraints = [UniqueConstraint(fields=["alert", "user"], name="one_notice_per_alert_and_person")]

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.user_id}"
