"""What a receipt really cost, said later; and everything that changed by it."""

from decimal import Decimal

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField, UnitCostField
from backoffice.kernel.models import LedgerRow, Revisioned, TimeStamped

ZERO = Decimal(0)


class CostCorrection(Audited, Revisioned, TimeStamped):
    """The cost of a receipt, corrected. It is looked at as a draft, and carried out by a job once it is applied."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("to be looked at")
        APPLYING = "applying", _("being applied")
        APPLIED = "applied", _("applied")
        DISCARDED = "discarded", _("discarded")

    TRANSITIONS = {
        Status.DRAFT: (Status.APPLYING, Status.DISCARDED),
        # A job that was given up or cancelled must not keep the receipt from being corrected for ever.
        Status.APPLYING: (Status.APPLIED, Status.DRAFT, Status.DISCARDED),
    }
    OPEN = (Status.DRAFT, Status.APPLYING)

    number = models.CharField(_("number"), max_length=20, unique=True)
    receipt = models.ForeignKey(
        "inventory.StockOperation", models.PROTECT, related_name="cost_corrections", verbose_name=_("receipt")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    reason = models.CharField(_("reason"), max_length=200)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    problem = models.TextField(_("problem"), blank=True)
    operation = models.OneToOneField(
        "inventory.StockOperation",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="corrects_cost",
        verbose_name=_("posting"),
    )
    applied_at = models.DateTimeField(_("applied at"), null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("cost correction")
        verbose_name_plural = _("cost corrections")
        constraints = [
            CheckConstraint(
                condition=Q(status__in=["draft", "applying", "applied", "discarded"]),
                name="cost_correction_status_is_known",
            ),
            CheckConstraint(condition=~Q(reason=""), name="cost_correction_has_a_reason"),
            CheckConstraint(
                condition=Q(status="applied", applied_at__isnull=False)
                | (~Q(status="applied") & Q(applied_at__isnull=True, operation__isnull=True)),
                name="cost_correction_is_posted_when_applied",
            ),
            UniqueConstraint(
                fields=["receipt"],
                condition=Q(status__in=["draft", "applying"]),
                name="one_open_cost_correction_per_receipt",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("inventory:correction_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN


class CostCorrectionLine(models.Model):
    """One line of the receipt: what it is in the books for, and what it really cost."""

    correction = models.ForeignKey(CostCorrection, models.CASCADE, related_name="lines")
    move = models.ForeignKey("inventory.Move", models.PROTECT, related_name="+", verbose_name=_("move"))
    before = MoneyField(_("before"))
    after = MoneyField(_("after"))

    class Meta:
        verbose_name = _("line of a cost correction")
        verbose_name_plural = _("lines of cost corrections")
        constraints = [
            UniqueConstraint(fields=["correction", "move"], name="a_line_is_corrected_once_per_correction"),
            CheckConstraint(condition=Q(before__gte=0, after__gte=0), name="corrected_cost_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.move_id}: {self.before} → {self.after}"

    @property
    def difference(self) -> Decimal:
        return self.after - self.before


class CostChange(LedgerRow):
    """What a move is worth since a correction: the move itself stays as it was posted. Written once."""

    correction = models.ForeignKey(CostCorrection, models.PROTECT, related_name="changes")
    move = models.ForeignKey("inventory.Move", models.PROTECT, related_name="cost_changes", verbose_name=_("move"))
    before = MoneyField(_("before"))
    after = MoneyField(_("after"))

    class Meta:
        verbose_name = _("changed value")
        verbose_name_plural = _("changed values")
        constraints = [
            UniqueConstraint(fields=["correction", "move"], name="a_move_changes_once_per_correction"),
            CheckConstraint(condition=Q(before__gte=0, after__gte=0), name="changed_value_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.move_id}: {self.before} → {self.after}"


class LotCostChange(LedgerRow):
    """What a unit of a lot costs, and what is left of it is worth, since a correction. Written once."""

    correction = models.ForeignKey(CostCorrection, models.PROTECT, related_name="lot_changes")
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, related_name="cost_changes", verbose_name=_("lot"))
    unit_before = UnitCostField(_("unit cost before"))
    unit_after = UnitCostField(_("unit cost after"))
    value_before = MoneyField(_("on hand before"), default=ZERO)
    value_after = MoneyField(_("on hand after"), default=ZERO)

    class Meta:
        verbose_name = _("changed lot")
        verbose_name_plural = _("changed lots")
        constraints = [
            UniqueConstraint(fields=["correction", "lot"], name="a_lot_changes_once_per_correction"),
        ]

    def __str__(self) -> str:
        return f"{self.lot_id}: {self.unit_before} → {self.unit_after}"


class DocumentCostChange(LedgerRow):
    """What a document cost and brought before and after: an order that was sold, a work order. Written once."""

    correction = models.ForeignKey(CostCorrection, models.PROTECT, related_name="document_changes")
    document_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    document_id = models.PositiveBigIntegerField()
    document = GenericForeignKey("document_type", "document_id")
    cost_before = MoneyField(_("cost before"))
    cost_after = MoneyField(_("cost after"))
    worth_before = MoneyField(_("worth before"))
    worth_after = MoneyField(_("worth after"))

    class Meta:
        verbose_name = _("changed document")
        verbose_name_plural = _("changed documents")
        constraints = [
            UniqueConstraint(
                fields=["correction", "document_type", "document_id"], name="a_document_changes_once_per_correction"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_type_id}/{self.document_id}: {self.cost_before} → {self.cost_after}"
