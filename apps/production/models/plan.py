"""What the bakery means to make on a day, before there are work orders for it."""

from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import QuantityField
from backoffice.kernel.models import Revisioned, TimeStamped


class PlanLine(Audited, Revisioned, TimeStamped):
    """How much of a product is to be made for a day, before losses."""

    day = models.DateField(_("day"))
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="plan_lines", verbose_name=_("product"))
    quantity = QuantityField(_("planned"), default=Decimal(0))

    class Meta:
        verbose_name = _("plan line")
        verbose_name_plural = _("plan lines")
        permissions = [("release_plan", _("Can release a day's plan"))]
        constraints = [
            UniqueConstraint(fields=["day", "product"], name="one_plan_line_per_day_and_product"),
            CheckConstraint(condition=Q(quantity__gte=0), name="planned_quantity_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.product} {self.day}"
