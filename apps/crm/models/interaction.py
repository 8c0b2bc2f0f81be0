"""What happened between the shop and a customer, one line an event."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from .customer import Customer
from .origin import Originated


class Interaction(Originated):
    """A note, a visit, a complaint: the part of the time line that people write."""

    class Kind(models.TextChoices):
        NOTE = "note", _("note")
        ORDER = "order", _("order")
        SUPPORT = "support", _("support")
        CAMPAIGN = "campaign", _("campaign")
        VISIT = "visit", _("visit")
        COMPLAINT = "complaint", _("complaint")

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="interactions", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NOTE)
    channel = models.CharField(_("channel"), max_length=40, blank=True, default="")
    summary = models.CharField(_("summary"), max_length=500)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        indexes = [models.Index(fields=["customer", "-at"], name="crm_interaction_latest")]

    def __str__(self) -> str:
        return self.summary

    def get_absolute_url(self) -> str:
        return reverse("crm:customer_detail", args=[self.customer_id])
