"""What is wanted and what is coming: books that others write down here, so that inventory never looks up."""

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import QuantityField


class DailyDemand(models.Model):
    """How much of a product was wanted on a day, through one channel."""

    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="demand", db_index=False, verbose_name=_("product")
    )
    day = models.DateField(_("day"))
    channel_code = models.CharField(_("channel"), max_length=40)
    quantity = QuantityField(_("quantity"))
    is_imported = models.BooleanField(_("imported"), default=False)

    class Meta:
        verbose_name = _("daily demand")
        verbose_name_plural = _("daily demand")
        constraints = [
            UniqueConstraint(
                fields=["product", "day", "channel_code", "is_imported"], name="one_demand_per_product_day_and_channel"
            )
        ]
        indexes = [models.Index(fields=["day"], name="demand_by_day")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.day}: {self.quantity}"


class ExpectedArrival(models.Model):
    """Stock that a document announces: a work order's output, a purchase under way."""

    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="arrivals", verbose_name=_("product"))
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("location"))
    quantity = QuantityField(_("quantity"))
    due_at = models.DateTimeField(_("due"))
    origin_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    origin_id = models.PositiveBigIntegerField()
    origin = GenericForeignKey("origin_type", "origin_id")

    class Meta:
        verbose_name = _("expected arrival")
        verbose_name_plural = _("expected arrivals")
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="expected_quantity_is_positive"),
            UniqueConstraint(
                fields=["origin_type", "origin_id", "product", "location"],
                name="one_expected_arrival_per_origin_product_and_location",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.due_at}: {self.quantity}"
