"""Money received and given back."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField
from backoffice.kernel.models import LedgerRow, TimeStamped


class Payment(Audited, TimeStamped):
    """One way of paying (a part of) an order. What really moved is in its transactions."""

    class Method(models.TextChoices):
        CASH = "cash", _("cash")
        CARD = "card", _("card")
        PIX = "pix", _("Pix")
        VOUCHER = "voucher", _("voucher")
        ACCOUNT = "account", _("account")
        EXTERNAL = "external", _("paid elsewhere")
        POINTS = "points", _("points")

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        AUTHORIZED = "authorized", _("authorized")
        CAPTURED = "captured", _("received")
        REFUNDED = "refunded", _("given back")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", pgettext_lazy("a payment", "cancelled")

    TRANSITIONS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.PENDING: (Status.AUTHORIZED, Status.CAPTURED, Status.FAILED, Status.CANCELLED),
        Status.AUTHORIZED: (Status.CAPTURED, Status.FAILED, Status.CANCELLED),
        Status.CAPTURED: (Status.REFUNDED,),
        Status.REFUNDED: (),
        Status.FAILED: (),
        Status.CANCELLED: (),
    }
    ICONS: ClassVar[dict[str, str]] = {
        Method.CASH: "banknote",
        Method.CARD: "credit-card",
        Method.PIX: "qr-code",
        Method.VOUCHER: "ticket",
        Method.ACCOUNT: "notebook-text",
        Method.EXTERNAL: "globe",
        Method.POINTS: "gift",
    }

    order = models.ForeignKey("orders.Order", models.PROTECT, related_name="payments", verbose_name=_("order"))
    method = models.CharField(_("method"), max_length=10, choices=Method)
    amount = MoneyField(_("amount"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.PENDING)
    tendered = MoneyField(_("given"), null=True, blank=True)
    provider = models.CharField(_("provider"), max_length=40, blank=True, default="")
    provider_ref = models.CharField(_("reference"), max_length=120, blank=True, default="")

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            CheckConstraint(condition=Q(amount__gt=0), name="payment_amount_positive"),
            CheckConstraint(
                condition=Q(tendered=None) | Q(tendered__gte=models.F("amount")), name="payment_tendered_is_enough"
            ),
            CheckConstraint(
                condition=Q(status__in=["pending", "authorized", "captured", "refunded", "failed", "cancelled"]),
                name="payment_status_known",
            ),
            CheckConstraint(
                condition=Q(method__in=["cash", "card", "pix", "voucher", "account", "external", "points"]),
                name="payment_method_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_method_display()} {self.amount}"

    @property
    def change(self) -> Decimal:
        """What was given back at once, because more was handed over."""
        return self.tendered - self.amount if self.tendered is not None else Decimal(0)

    @property
    def icon(self) -> str:
        return self.ICONS.get(self.method, "wallet")


class PaymentTransaction(LedgerRow):
    """Money that moved. Never changed: a correction is another row."""

    class Kind(models.TextChoices):
        CAPTURE = "capture", _("received")
        REFUND = "refund", _("given back")
        CHARGEBACK = "chargeback", _("taken back by the bank")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="transactions", verbose_name=_("payment"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    amount = MoneyField(_("amount"))
    at = models.DateTimeField(_("at"))
    key = models.CharField(_("idempotency key"), max_length=120, unique=True)
    provider_ref = models.CharField(_("reference"), max_length=120, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("payment transaction")
        verbose_name_plural = _("payment transactions")
        constraints = [
            CheckConstraint(condition=Q(amount__gt=0), name="payment_transaction_amount_positive"),
            CheckConstraint(
                condition=Q(kind__in=["capture", "refund", "chargeback"]), name="payment_transaction_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"

    @property
    def signed(self) -> Decimal:
        return self.amount if self.kind == self.Kind.CAPTURE else -self.amount
