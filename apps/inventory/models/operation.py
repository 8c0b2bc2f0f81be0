"""The ledger. Rows are written once, by `services.stock.post`, and never change."""

from decimal import Decimal

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import CheckConstraint, F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import MoneyField, QuantityField, UnitCostField
from backoffice.kernel.models import LedgerRow


class StockOperation(LedgerRow):
    """The moves that were posted together, with who, when, why and what for."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")
        TRANSFER = "transfer", _("transfer")
        ADJUSTMENT = "adjustment", _("adjustment")
        COUNT = "count", _("count")
        CONSUMPTION = "consumption", _("consumption")
        OUTPUT = "output", _("output")
        WASTE = "waste", _("waste")
        SALE = "sale", _("sale")
        RETURN = "return", _("return")
        REVERSAL = "reversal", _("reversal")
        CORRECTION = "correction", _("cost correction")

    BY_HAND = (Kind.RECEIPT, Kind.TRANSFER, Kind.ADJUSTMENT, Kind.WASTE, Kind.RETURN)
    """Kinds that a person may reverse from the stock screens; the others belong to a document."""

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    occurred_at = models.DateTimeField(_("when"))
    posted_at = models.DateTimeField(_("posted"), auto_now_add=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    note = models.TextField(_("note"), blank=True)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    origin_type = models.ForeignKey(ContentType, models.PROTECT, null=True, blank=True, related_name="+")
    origin_id = models.PositiveBigIntegerField(null=True, blank=True)
    origin = GenericForeignKey("origin_type", "origin_id")
    reverses = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="reversed_by", verbose_name=_("reverses")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("stock operation")
        verbose_name_plural = _("stock operations")
        permissions = [
            ("receive_stock", _("Can receive stock")),
            ("transfer_stock", _("Can move stock between places")),
            ("adjust_stock", _("Can adjust stock")),
            ("waste_stock", _("Can write stock off as waste")),
            ("reverse_stockoperation", _("Can reverse a stock operation")),
            ("correct_cost", _("Can correct what a receipt cost")),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(
                    kind__in=[
                        "receipt",
                        "transfer",
                        "adjustment",
                        "count",
                        "consumption",
                        "output",
                        "waste",
                        "sale",
                        "return",
                        "reversal",
                        "correction",
                    ]
                ),
                name="stock_operation_kind_is_known",
            ),
            CheckConstraint(
                condition=Q(kind="reversal", reverses__isnull=False) | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                name="only_a_reversal_reverses",
            ),
        ]
        indexes = [
            models.Index(fields=["origin_type", "origin_id"], name="stock_operation_by_origin"),
            models.Index(fields=["occurred_at"], name="stock_operation_by_time"),
            models.Index(fields=["kind", "-occurred_at", "-id"], name="stock_operation_by_kind"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """Made from the key, not counted: a gap-free counter would make every posting wait for every other."""
        return f"S-{self.pk:06d}"

    def get_absolute_url(self) -> str:
        return reverse("inventory:operation_detail", args=[self.pk])


class Move(LedgerRow):
    """A quantity of one lot that left one place and entered another, with what it was worth.

    A cost correction moves value alone: no quantity, and money that follows the way the stock went.
    """

    operation = models.ForeignKey(StockOperation, models.PROTECT, related_name="moves", verbose_name=_("operation"))
    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="moves", db_index=False, verbose_name=_("product")
    )
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, related_name="moves", db_index=False)
    source = models.ForeignKey(
        "inventory.Location", models.PROTECT, related_name="+", db_index=False, verbose_name=_("from")
    )
    destination = models.ForeignKey(
        "inventory.Location", models.PROTECT, related_name="+", db_index=False, verbose_name=_("to")
    )
    quantity = QuantityField(_("quantity"))
    unit_cost = UnitCostField(_("unit cost"), default=Decimal(0))
    value = MoneyField(_("value"), default=Decimal(0))

    class Meta:
        verbose_name = _("move")
        verbose_name_plural = _("moves")
        constraints = [
            CheckConstraint(
                condition=Q(quantity__gt=0) | Q(quantity=0, value__gt=0, unit_cost=0),
                name="move_has_a_quantity_or_corrects_a_value",
            ),
            CheckConstraint(condition=Q(value__gte=0), name="move_value_is_not_negative"),
            CheckConstraint(condition=Q(unit_cost__gte=0), name="move_cost_is_not_negative"),
            CheckConstraint(condition=~Q(source=F("destination")), name="move_changes_the_place"),
        ]
        indexes = [
            models.Index(fields=["product", "id"], name="move_by_product"),
            # For the recount: what went from where to where of each lot is summed from the index alone.
            models.Index(
                fields=["lot", "product", "destination", "source", "quantity", "value"], name="move_ways_of_lot"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}/{self.lot_id}: {self.quantity}"
