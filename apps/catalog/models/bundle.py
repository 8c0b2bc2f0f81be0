from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import QuantityField

from .validated import Validated


class BundleItem(Validated, Audited):
    """How much of a component one bundle holds. A component may be a bundle itself, five levels deep."""

    bundle = models.ForeignKey("catalog.Product", models.PROTECT, related_name="parts", verbose_name=_("bundle"))
    component = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="part_of", verbose_name=_("component")
    )
    quantity = QuantityField(_("quantity"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("part of a bundle")
        verbose_name_plural = _("parts of bundles")
        constraints = [
            UniqueConstraint(
                fields=["bundle", "component"],
                name="bundle_has_a_component_once",
                violation_error_message=_("The bundle has this part already."),
            ),
            CheckConstraint(condition=Q(quantity__gt=0), name="bundle_quantity_positive"),
            CheckConstraint(condition=~Q(bundle=F("component")), name="bundle_is_no_part_of_itself"),
        ]

    def __str__(self) -> str:
        return str(self.component)
