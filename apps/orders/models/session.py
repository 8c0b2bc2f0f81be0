"""An order being composed: a tab, a table, a call."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import MoneyField, PriceField, QuantityField
from backoffice.kernel.models import Revisioned, TimeStamped


class Fulfilment(models.TextChoices):
    """How the goods reach the customer."""

    PICKUP = "pickup", _("pick-up")
    DELIVERY = "delivery", _("delivery")
    DINE_IN = "dine_in", _("eat here")


class SessionQuerySet(models.QuerySet["OrderSession"]):
    def open(self) -> Self:
        return self.filter(status=OrderSession.Status.OPEN)


class OrderSession(Revisioned, TimeStamped):
    """A tab. Every change names the revision it saw; stock is held while the tab is fresh."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        COMMITTED = "committed", _("ordered")
        ABANDONED = "abandoned", _("given up")

    TRANSITIONS = {
        Status.OPEN: (Status.COMMITTED, Status.ABANDONED),
        Status.COMMITTED: (),
        Status.ABANDONED: (),
    }

    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey("orders.Channel", models.PROTECT, related_name="sessions", verbose_name=_("channel"))
    handle = models.CharField(_("tab"), max_length=40, blank=True, default="")
    customer = models.ForeignKey(
        "crm.Customer", models.PROTECT, null=True, blank=True, related_name="sessions", verbose_name=_("customer")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    needed_at = models.DateTimeField(_("wanted for"), null=True, blank=True)
    fulfilment = models.CharField(_("fulfilment"), max_length=10, choices=Fulfilment, default=Fulfilment.PICKUP)
    address = models.ForeignKey(
        "crm.Address", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("address")
    )
    notes = models.CharField(_("note"), max_length=500, blank=True, default="")
    coupon = models.CharField(_("coupon"), max_length=40, blank=True, default="")
    total = MoneyField(_("total"), default=Decimal(0))
    units = QuantityField(_("units"), default=Decimal(0))
    expires_at = models.DateTimeField(_("stock is kept until"), null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("opened by")
    )

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("tab")
        verbose_name_plural = _("tabs")
        permissions = [
            ("override_price", _("Can change a price by hand")),
        ]
        constraints = [
            UniqueConstraint(
                fields=["channel", "handle"],
                condition=Q(status="open") & ~Q(handle=""),
                name="session_one_open_per_channel_and_handle",
                violation_error_message=_("There is an open tab of this name already."),
            ),
            CheckConstraint(condition=Q(status__in=["open", "committed", "abandoned"]), name="session_status_known"),
            CheckConstraint(
                condition=Q(fulfilment__in=["pickup", "delivery", "dine_in"]), name="session_fulfilment_known"
            ),
        ]
        indexes = [
            models.Index(fields=["channel", "created_at"], condition=Q(status="open"), name="session_open_by_channel"),
        ]

    def __str__(self) -> str:
        return self.handle or gettext("Sale %(number)s") % {"number": self.pk}

    def get_absolute_url(self) -> str:
        return reverse("orders:sale", args=[self.pk])


class SessionLine(models.Model):
    """What somebody wants, as long as it is not ordered."""

    session = models.ForeignKey(OrderSession, models.CASCADE, related_name="lines", verbose_name=_("tab"))
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    quantity = QuantityField(_("quantity"))
    price_override = PriceField(_("price by hand"), null=True, blank=True)
    override_reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    note = models.CharField(_("note"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("line of a tab")
        verbose_name_plural = _("lines of tabs")
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="session_line_quantity_positive"),
            CheckConstraint(
                condition=Q(price_override=None) | (Q(price_override__gte=0) & ~Q(override_reason="")),
                name="session_line_override_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} × {self.quantity}"
