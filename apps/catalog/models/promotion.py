"""Rules that make things cheaper for a while: for whom, when, for what, how often."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Upper
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import clock
from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField, PriceField
from backoffice.kernel.models import Revisioned, TimeStamped

from .validated import Validated


class PromotionQuerySet(models.QuerySet["Promotion"]):
    def at(self, moment: datetime) -> Self:
        """Active rules whose window [valid_from, valid_to) holds the moment and that are not used up."""
        return self.filter(
            Q(valid_to=None) | Q(valid_to__gt=moment),
            Q(max_uses=None) | Q(uses__lt=F("max_uses")),
            is_active=True,
            valid_from__lte=moment,
        )


class Promotion(Validated, Audited, Revisioned, TimeStamped):
    """One rule. Of several that fit a line the best counts; `priority` decides between equals, the smaller first.

    Conditions that are empty do not restrict. Lists of words (channels, tags) and days are kept as JSON because they
    are compared as a whole, in Python, where the moment and the customer are known.
    """

    class Kind(models.TextChoices):
        PERCENT = "percent", _("per cent off")
        AMOUNT = "amount", _("amount off")
        FIXED = "fixed", _("fixed price")
        BUY_PAY = "buy_pay", _("buy x, pay y")
        FREE_DELIVERY = "delivery", _("free delivery")

    class Level(models.TextChoices):
        LINE = "line", _("each product")
        ORDER = "order", _("the whole order")

    MENDED_IN = {
        "promotion_value_fits_its_kind": "value",
        "promotion_buys_more_than_it_pays": "pay",
        "promotion_window_has_a_length": "valid_to",
        "promotion_uses_within_limit": "max_uses",
        "promotion_hours_come_in_pairs": "until_hour",
        "promotion_level_fits_its_kind": "level",
    }
    BOUNDS: ClassVar[Mapping[str, tuple[int, int]]] = {
        "minimum": (0, 10**12), "max_uses": (1, 2**31 - 1), "max_uses_each": (1, 2**31 - 1), "buy": (0, 2**15 - 1),
        "pay": (0, 2**15 - 1), "priority": (0, 2**15 - 1), "expires_within": (0, 2**15 - 1),
    }  # fmt: skip

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PERCENT)
    level = models.CharField(_("for"), max_length=5, choices=Level, default=Level.LINE)
    value = PriceField(_("how much"), default=0)
    buy = models.PositiveSmallIntegerField(_("buy"), null=True, blank=True)
    pay = models.PositiveSmallIntegerField(_("pay"), null=True, blank=True)
    valid_from = models.DateTimeField(_("from"), default=clock.now)
    valid_to = models.DateTimeField(_("until"), null=True, blank=True)
    weekdays = models.JSONField(_("on"), default=list, blank=True)
    from_hour = models.TimeField(_("from the hour"), null=True, blank=True)
    until_hour = models.TimeField(_("until the hour"), null=True, blank=True)
    channels = models.JSONField(_("channels"), default=list, blank=True)
    customer_tags = models.JSONField(_("customers tagged"), default=list, blank=True)
    minimum = MoneyField(_("from an order of"), null=True, blank=True)
    expires_within = models.PositiveSmallIntegerField(_("days to expiry at most"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("rank"), default=100)
    stackable = models.BooleanField(_("comes on top of others"), default=False)
    by_coupon = models.BooleanField(_("only with a coupon"), default=False)
    max_uses = models.PositiveIntegerField(_("orders at most"), null=True, blank=True)
    max_uses_each = models.PositiveIntegerField(_("orders at most for one customer"), null=True, blank=True)
    uses = models.PositiveIntegerField(_("used"), default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        verbose_name = _("promotion")
        verbose_name_plural = _("promotions")
        constraints = [
            CheckConstraint(
                condition=Q(kind__in=["percent", "amount", "fixed", "buy_pay", "delivery"]),
                name="promotion_kind_known",
            ),
            CheckConstraint(
                condition=Q(kind="percent", value__gt=0, value__lte=100)
                | Q(kind="amount", value__gt=0)
                | Q(kind="fixed", value__gte=0)
                | Q(kind__in=["buy_pay", "delivery"]),
                name="promotion_value_fits_its_kind",
                violation_error_message=_("A percentage lies between 0 and 100, an amount is above zero."),
            ),
            CheckConstraint(
                condition=~Q(kind="buy_pay") | Q(buy__gt=F("pay"), pay__gte=0, buy__isnull=False, pay__isnull=False),
                name="promotion_buys_more_than_it_pays",
                violation_error_message=_("Say how many are bought and how many of these are paid."),
            ),
            CheckConstraint(
                condition=Q(level="line", kind__in=["percent", "amount", "fixed", "buy_pay"])
                | Q(level="order", kind__in=["percent", "amount", "delivery"]),
                name="promotion_level_fits_its_kind",
                violation_error_message=_(
                    "A fixed price and “buy x, pay y” are for products, free delivery is for the whole order."
                ),
            ),
            CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="promotion_window_has_a_length",
                violation_error_message=_("The end lies after the beginning."),
            ),
            CheckConstraint(
                condition=Q(from_hour=None, until_hour=None)
                | Q(from_hour__isnull=False, until_hour__isnull=False) & ~Q(until_hour=F("from_hour")),
                name="promotion_hours_come_in_pairs",
                violation_error_message=_("Give both hours, and two that differ."),
            ),
            CheckConstraint(
                condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")),
                name="promotion_uses_within_limit",
                violation_error_message=_("It was used more often already."),
            ),
        ]
        indexes = [models.Index(fields=["valid_from"], condition=Q(is_active=True), name="promotion_active_by_start")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:promotion_detail", args=[self.pk])

    def clean(self) -> None:
        """Numbers that make sense, and the same on both databases."""
        errors: dict[str, ValidationError] = {}
        for name, (least, most) in self.BOUNDS.items():
            if (value := getattr(self, name)) is not None:
                try:
                    MinValueValidator(least)(value)
                    MaxValueValidator(most)(value)
                except ValidationError as error:
                    errors[name] = error
        if errors:
            raise ValidationError(errors)


class PromotionScope(models.Model):
    """What a rule is about: a product, a category with all beneath it, or a tag. None at all means everything."""

    promotion = models.ForeignKey(Promotion, models.CASCADE, related_name="scopes", verbose_name=_("promotion"))
    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("product")
    )
    category = models.ForeignKey(
        "catalog.Category", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    tag = models.CharField(_("tag"), max_length=40, blank=True, default="")

    class Meta:
        verbose_name = _("scope of a promotion")
        verbose_name_plural = _("scopes of promotions")
        constraints = [
            CheckConstraint(
                condition=Q(product__isnull=False, category=None, tag="")
                | Q(product=None, category__isnull=False, tag="")
                | (Q(product=None, category=None) & ~Q(tag="")),
                name="promotion_scope_is_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.product or self.category or self.tag)


class Coupon(Validated, Audited):
    """A code that lets a rule count. It may be used so often, over all orders."""

    MENDED_IN = {"coupon_code_unique_whatever_case": "code", "coupon_uses_within_limit": "max_uses"}

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="coupons", verbose_name=_("promotion"))
    code = models.CharField(_("code"), max_length=40)
    max_uses = models.PositiveIntegerField(_("orders at most"), null=True, blank=True, default=1)
    uses = models.PositiveIntegerField(_("used"), default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("coupon")
        verbose_name_plural = _("coupons")
        constraints = [
            UniqueConstraint(
                Upper("code"),
                name="coupon_code_unique_whatever_case",
                violation_error_message=_("There is a coupon with this code already."),
            ),
            CheckConstraint(condition=~Q(code=""), name="coupon_has_a_code"),
            CheckConstraint(condition=Q(max_uses=None) | Q(uses__lte=F("max_uses")), name="coupon_uses_within_limit"),
        ]

    def __str__(self) -> str:
        return self.code


class PromotionUse(models.Model):
    """That a rule with a limit, or a coupon, was used by an order. `reference` names the order in the words of the app
    that has it, and `customer` is that app's number; given back when the order is called off."""

    promotion = models.ForeignKey(Promotion, models.PROTECT, related_name="used_by", verbose_name=_("promotion"))
    coupon = models.ForeignKey(
        Coupon, models.PROTECT, null=True, blank=True, related_name="used_by", verbose_name=_("coupon")
    )
    reference = models.CharField(_("order"), max_length=60)
    customer = models.BigIntegerField(_("customer"), null=True, blank=True)
    amount = MoneyField(_("amount"), default=Decimal(0))
    used_at = models.DateTimeField(_("used"), default=clock.now)
    released_at = models.DateTimeField(_("given back"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of a promotion")
        verbose_name_plural = _("uses of promotions")
        constraints = [UniqueConstraint(fields=["promotion", "reference"], name="promotion_used_once_by_an_order")]
        indexes = [
            models.Index(fields=["reference"], name="promotion_use_by_order"),
            models.Index(fields=["promotion", "customer"], name="promotion_use_by_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.reference}"
