"""When stock is low."""

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import QuantityField
from backoffice.kernel.models import Revisioned, TimeStamped


class ReorderRule(Audited, TimeStamped, Revisioned):
    """The least that should be available of a product, in one place or (without a place) in all together."""

    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="reorder_rules", db_index=False, verbose_name=_("product")
    )
    location = models.ForeignKey(
        "inventory.Location", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("location")
    )
    minimum = QuantityField(_("minimum"))
    target = QuantityField(_("target"))

    class Meta:
        verbose_name = _("reorder rule")
        verbose_name_plural = _("reorder rules")
        constraints = [
            UniqueConstraint(
                fields=["product", "location"],
                condition=Q(location__isnull=False),
                name="one_reorder_rule_per_product_and_location",
            ),
            UniqueConstraint(
                fields=["product"], condition=Q(location__isnull=True), name="one_general_reorder_rule_per_product"
            ),
            CheckConstraint(condition=Q(minimum__gte=0), name="reorder_minimum_is_not_negative"),
            CheckConstraint(condition=Q(target__gte=F("minimum")), name="reorder_target_reaches_the_minimum"),
        ]
        indexes = [models.Index(fields=["product"], name="reorder_rule_by_product")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.minimum}"
