"""What is where: the cached sum of moves."""

from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import MoneyField, QuantityField


class StockBalance(models.Model):
    """Quantity and value of one lot in one physical place. Written by `services.stock.post` only.

    A row that reaches zero is deleted, so reading the stock costs the same however long the history is.
    """

    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="balances", db_index=False, verbose_name=_("product")
    )
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, related_name="balances", db_index=False)
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="balances")
    quantity = QuantityField(_("quantity"))
    value = MoneyField(_("value"), default=Decimal(0))

    class Meta:
        verbose_name = _("stock balance")
        verbose_name_plural = _("stock balances")
        constraints = [
            UniqueConstraint(fields=["lot", "location"], name="one_balance_per_lot_and_location"),
            CheckConstraint(condition=Q(quantity__gte=0), name="balance_is_not_negative"),
            CheckConstraint(condition=Q(value__gte=0), name="balance_value_is_not_negative"),
        ]
        indexes = [models.Index(fields=["product", "location", "lot", "quantity"], name="balance_by_product")]

    def __str__(self) -> str:
        return f"{self.lot_id}@{self.location_id}: {self.quantity}"
