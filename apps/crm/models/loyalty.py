"""Loyalty: a program, an account a customer, lots of points with an expiry, and the ledger of what moved them."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField, PriceField, QuantityField
from backoffice.kernel.models import LedgerRow, Revisioned, TimeStamped

from .customer import Customer
from .origin import Originated


class LoyaltyProgram(Audited, Revisioned, TimeStamped):
    """How money becomes points and points become money. One is active at a time."""

    code = models.SlugField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=80)
    points_per_currency = QuantityField(_("points per unit of money"), default=Decimal("1"))
    minimum_amount = MoneyField(_("smallest purchase"), default=Decimal("0"))
    redeem_value = PriceField(_("value of a point"), default=Decimal("0.05"))
    expiry_months = models.PositiveSmallIntegerField(
        _("points live (months)"), default=6, help_text=_("0 keeps points for ever.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("loyalty program")
        verbose_name_plural = _("loyalty programs")
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=Q(is_active=True),
                name="crm_loyaltyprogram_one_active",
                violation_error_message=_("Another program is active; only one can be."),
            ),
            models.CheckConstraint(
                condition=Q(points_per_currency__gte=0) & Q(minimum_amount__gte=0) & Q(redeem_value__gte=0),
                name="crm_loyaltyprogram_rates_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("crm:program")

    def points_for(self, amount: Decimal) -> int:
        """Whole points for a net amount; a part of a point is not given."""
        if amount < self.minimum_amount or amount <= 0:
            return 0
        return int((amount * self.points_per_currency).to_integral_value(rounding=ROUND_FLOOR))

    def worth(self, points: int) -> Decimal:
        """What points buy, in whole cents; a part of a cent is not given."""
        return (points * self.redeem_value).quantize(Decimal("0.01"), rounding=ROUND_FLOOR)

    def points_to_pay(self, amount: Decimal) -> int:
        """How few points pay the whole amount; 0 when points buy nothing."""
        if amount <= 0 or self.worth(1000) <= 0:
            return 0
        points = int((amount / self.redeem_value).to_integral_value(rounding=ROUND_CEILING))
        return points if self.worth(points) >= amount else points + 1


class LoyaltyAccount(TimeStamped):
    """A customer's place in a program. The row is also what is locked while points move."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="loyalty_accounts", verbose_name=_("customer"))
    program = models.ForeignKey(LoyaltyProgram, models.PROTECT, related_name="accounts", verbose_name=_("program"))

    class Meta:
        verbose_name = _("loyalty account")
        verbose_name_plural = _("loyalty accounts")
        permissions = [("adjust_points", _("Can correct points")), ("redeem_points", _("Can redeem points"))]
        constraints = [
            models.UniqueConstraint(fields=["customer", "program"], name="crm_loyaltyaccount_once_per_program"),
        ]

    def __str__(self) -> str:
        return f"{self.customer} · {self.program}"

    def get_absolute_url(self) -> str:
        return reverse("crm:customer_detail", args=[self.customer_id])


class PointLotQuerySet(models.QuerySet["PointLot"]):
    def spendable(self, today: date) -> Self:
        """Lots with points left that have not expired; expiry needs no job to take effect."""
        return self.filter(Q(expires_on=None) | Q(expires_on__gte=today), remaining__gt=0)

    def overdue(self, today: date) -> Self:
        """Lots with points left whose last day is over."""
        return self.filter(expires_on__lt=today, remaining__gt=0)

    def by_expiry(self) -> Self:
        """What expires first comes first; what never expires comes last."""
        return self.order_by(F("expires_on").asc(nulls_last=True), "pk")


class PointLot(Originated):
    """Points earned at one time, and how many of them are left. `expires_on` is the last day they can be spent."""

    account = models.ForeignKey(LoyaltyAccount, models.PROTECT, related_name="lots", verbose_name=_("account"))
    earned = models.PositiveIntegerField(_("earned"))
    remaining = models.PositiveIntegerField(_("left"))
    earned_on = models.DateField(_("earned on"))
    expires_on = models.DateField(_("expires"), null=True, blank=True)

    objects = PointLotQuerySet.as_manager()

    class Meta:
        verbose_name = _("point lot")
        verbose_name_plural = _("point lots")
        indexes = [
            models.Index(fields=["account", "expires_on"], name="crm_pointlot_by_expiry"),
            models.Index(fields=["expires_on"], condition=Q(remaining__gt=0), name="crm_pointlot_open_by_expiry"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gte=0) & Q(remaining__lte=F("earned")), name="crm_pointlot_left_within_earned"
            ),
            models.CheckConstraint(condition=Q(earned__gt=0), name="crm_pointlot_earned_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.remaining}/{self.earned}"

    @property
    def spent(self) -> int:
        return self.earned - self.remaining


class PointTransaction(LedgerRow, Originated):
    """One line of the points ledger: append-only, signed, with the balance that followed."""

    class Kind(models.TextChoices):
        EARN = "earn", _("earned")
        REDEEM = "redeem", _("redeemed")
        EXPIRE = "expire", _("expired")
        ADJUST = "adjust", _("corrected")
        REVERSE = "reverse", _("reversed")

    account = models.ForeignKey(LoyaltyAccount, models.PROTECT, related_name="transactions", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    points = models.IntegerField(_("points"))
    balance_after = models.PositiveIntegerField(_("balance after"))
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True, default="")
    key = models.CharField(_("key"), max_length=100, blank=True, default="")
    reverses = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="reversals", verbose_name=_("reverses")
    )

    class Meta:
        verbose_name = _("point transaction")
        verbose_name_plural = _("point transactions")
        indexes = [
            models.Index(fields=["account", "-id"], name="crm_pointtransaction_latest"),
            models.Index(fields=["origin_type", "origin_id"], name="crm_pointtransaction_by_origin"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=~Q(key=""), name="crm_pointtransaction_key_once"),
            models.UniqueConstraint(
                fields=["account", "origin_type", "origin_id"],
                condition=Q(kind="earn"),
                name="crm_pointtransaction_earned_once_per_origin",
            ),
            models.CheckConstraint(condition=Q(balance_after__gte=0), name="crm_pointtransaction_never_below_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d}"

    def get_absolute_url(self) -> str:
        return self.account.get_absolute_url()


class PointMove(LedgerRow):
    """Which lot a transaction gave to or took from: what a reversal puts back, and what proves `remaining`."""

    transaction = models.ForeignKey(
        PointTransaction, models.PROTECT, related_name="moves", verbose_name=_("transaction")
    )
    lot = models.ForeignKey(PointLot, models.PROTECT, related_name="moves", verbose_name=_("lot"))
    points = models.IntegerField(_("points"))

    class Meta:
        verbose_name = _("point move")
        verbose_name_plural = _("point moves")
        constraints = [
            models.UniqueConstraint(fields=["transaction", "lot"], name="crm_pointmove_lot_once_per_transaction"),
            models.CheckConstraint(condition=~Q(points=0), name="crm_pointmove_not_zero"),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d}"
