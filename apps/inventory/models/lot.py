"""Lots: every stocked quantity belongs to one, so cost, expiry and trace have one path."""

from datetime import date
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import UnitCostField
from backoffice.kernel.models import TimeStamped


class LotQuerySet(models.QuerySet["Lot"]):
    def usable(self, on: date) -> Self:
        """The one predicate: may be sold or used on that local day. The last day counts."""
        return self.filter(Lot.usable_condition(on))

    def tracked(self) -> Self:
        """Lots that people know by their code; the silent ones are book-keeping."""
        return self.filter(is_silent=False)


class Lot(Audited, TimeStamped):
    """Stock of one product that came together and cost the same."""

    class Status(models.TextChoices):
        OK = "ok", _("released")
        QUARANTINE = "quarantine", _("quarantine")
        BLOCKED = "blocked", _("blocked")

    class Grade(models.TextChoices):
        FIRST = "first", _("first")
        SECOND = "second", _("second")

    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="lots", verbose_name=_("product"))
    code = models.CharField(_("lot code"), max_length=60)
    is_silent = models.BooleanField(_("silent"), default=False)
    produced_on = models.DateField(_("produced on"), null=True, blank=True)
    received_on = models.DateField(_("received on"), null=True, blank=True)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    unit_cost = UnitCostField(_("unit cost"), default=Decimal(0))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OK)
    grade = models.CharField(_("grade"), max_length=10, choices=Grade, default=Grade.FIRST)
    markdown_percent = models.PositiveSmallIntegerField(_("markdown %"), default=0)
    supplier_name = models.CharField(_("supplier"), max_length=120, blank=True)
    parents = models.ManyToManyField(
        "self", symmetrical=False, blank=True, related_name="children", verbose_name=_("made from")
    )

    objects = LotQuerySet.as_manager()

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        permissions = [("block_lot", _("Can block and release a lot"))]
        constraints = [
            UniqueConstraint(fields=["product", "code"], name="lot_code_is_unique_per_product"),
            CheckConstraint(condition=Q(unit_cost__gte=0), name="lot_cost_is_not_negative"),
            CheckConstraint(condition=Q(markdown_percent__lte=100), name="lot_markdown_is_a_percentage"),
            CheckConstraint(condition=Q(status__in=["ok", "quarantine", "blocked"]), name="lot_status_is_known"),
            CheckConstraint(condition=Q(grade__in=["first", "second"]), name="lot_grade_is_known"),
        ]
        indexes = [
            # With what the list of lots asks of each, so that its far pages read nothing but these.
            models.Index(fields=["code", "id", "is_silent"], name="lot_by_code_and_key"),
            models.Index(fields=["expires_on", "id", "is_silent"], name="lot_by_expiry_and_key"),
            models.Index(fields=["received_on", "id", "is_silent"], name="lot_by_receipt_and_key"),
            models.Index(fields=["product"], condition=~Q(status="ok"), name="lot_out_of_use"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """What people know the lot by: its code; "no lot" for a silent one, whose code only the house knows."""
        return gettext("no lot") if self.is_silent else self.code

    @property
    def marked(self) -> str:
        """Its grade and markdown in one text, to know whether they are still so."""
        return f"{self.grade};{self.markdown_percent}"

    def get_absolute_url(self) -> str:
        return reverse("inventory:lot_detail", args=[self.pk])

    @staticmethod
    def usable_condition(on: date, *, prefix: str = "") -> Q:
        """`usable` for a query that reaches the lot through `prefix` (for example `"lot__"`)."""
        dated = Q(**{f"{prefix}expires_on__isnull": True}) | Q(**{f"{prefix}expires_on__gte": on})
        return dated & Q(**{f"{prefix}status": Lot.Status.OK})

    def is_usable(self, on: date) -> bool:
        return self.status == self.Status.OK and (self.expires_on is None or self.expires_on >= on)
