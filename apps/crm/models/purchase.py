"""What a customer bought, in the customer's own book: written by whoever sells, never looked up above."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import MoneyField, QuantityField

from .customer import Customer
from .origin import Originated


class PurchaseQuerySet(models.QuerySet["Purchase"]):
    def counting(self) -> Self:
        """Purchases that were not taken back."""
        return self.filter(reversed_at=None)


class Purchase(Originated):
    """A completed sale to a customer, net of discounts."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="purchases", verbose_name=_("customer"))
    at = models.DateTimeField(_("at"))
    channel_code = models.CharField(_("channel"), max_length=40, blank=True, default="")
    amount = MoneyField(_("net amount"))
    reversed_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    objects = PurchaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase")
        verbose_name_plural = _("purchases")
        indexes = [
            models.Index(
                fields=["customer", "-at"], condition=Q(reversed_at=None), name="crm_purchase_latest_counting"
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["origin_type", "origin_id"], name="crm_purchase_once_per_origin"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} {self.at:%Y-%m-%d}"

    def get_absolute_url(self) -> str:
        return reverse("crm:customer_detail", args=[self.customer_id])


class PurchaseItem(models.Model):
    """A product of a purchase: how much of it, for how much money."""

    purchase = models.ForeignKey(Purchase, models.CASCADE, related_name="items", verbose_name=_("purchase"))
    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="customer_purchases", verbose_name=_("product")
    )
    quantity = QuantityField(_("quantity"))
    amount = MoneyField(_("amount"))

    class Meta:
        verbose_name = _("purchased item")
        verbose_name_plural = _("purchased items")

    def __str__(self) -> str:
        return f"{self.product_id}"
