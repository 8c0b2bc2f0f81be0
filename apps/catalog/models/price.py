from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import money, quantity
from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import PriceField, QuantityField
from backoffice.kernel.models import Revisioned, TimeStamped

from .validated import Validated


class PriceList(Validated, Audited, Revisioned, TimeStamped):
    """A set of prices; channels and customers point to one.

    A list with a base follows it: each price of the base, raised or lowered by the percentage and rounded, is written
    here as a row that `is_derived`. A price of the list's own wins over the rule, from its quantity on.
    """

    class Rounding(models.TextChoices):
        EXACT = "exact", _("not rounded")
        CENT = "cent", _("to 0.01")
        FIVE = "five", _("to 0.05")
        TEN = "ten", _("to 0.10")
        NINETY = "ninety", _("ending in .90")

    MENDED_IN = {
        "price_list_code_unique_whatever_case": "code",
        "price_list_one_default": "is_default",
        "price_list_is_not_its_own_base": "base",
        "price_list_percentage_leaves_something": "percentage",
        "price_list_window_has_a_length": "valid_to",
    }

    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    tax_inclusive = models.BooleanField(_("prices include tax"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("shown in the product list"), default=False)
    base = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="followers", verbose_name=_("follows")
    )
    percentage = PriceField(_("plus or minus"), default=0)
    rounding = models.CharField(_("rounded"), max_length=6, choices=Rounding, default=Rounding.CENT)
    valid_from = models.DateTimeField(_("in force from"), null=True, blank=True)
    valid_to = models.DateTimeField(_("in force until"), null=True, blank=True)

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = [
            UniqueConstraint(
                Lower("code"),
                name="price_list_code_unique_whatever_case",
                violation_error_message=_("Another price list has this code."),
            ),
            UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="price_list_one_default"),
            CheckConstraint(
                condition=Q(base=None) | ~Q(base=F("id")),
                name="price_list_is_not_its_own_base",
                violation_error_message=_("A list cannot follow itself."),
            ),
            CheckConstraint(
                condition=Q(percentage__gt=-100, percentage__lte=1000),
                name="price_list_percentage_leaves_something",
                violation_error_message=_("A percentage lies above −100 and is 1,000 at most."),
            ),
            CheckConstraint(
                condition=Q(rounding__in=["exact", "cent", "five", "ten", "ninety"]), name="price_list_rounding_known"
            ),
            CheckConstraint(
                condition=Q(valid_from=None) | Q(valid_to=None) | Q(valid_to__gt=F("valid_from")),
                name="price_list_window_has_a_length",
                violation_error_message=_("The end lies after the beginning."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:price_list_prices", args=[self.pk])

    @property
    def rule(self) -> str:
        """What the list makes of its base's prices: "Counter +18 %"; empty without a base. Needs the base loaded."""
        if self.base is None:
            return ""
        sign = "−" if self.percentage < 0 else "+"
        return f"{self.base} {sign}{quantity.format_quantity(abs(self.percentage))} %"


class PriceQuerySet(models.QuerySet["Price"]):
    def at(self, moment: datetime) -> Self:
        """Prices whose window [valid_from, valid_to) holds the moment."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=moment), valid_from__lte=moment)

    def after(self, moment: datetime) -> Self:
        """Prices that begin later: scheduled ones."""
        return self.filter(valid_from__gt=moment)

    def decided(self) -> Self:
        """Prices that somebody set, not those that a list takes from its base."""
        return self.filter(is_derived=False)

    def single(self) -> Self:
        """Prices of the product's own unit, not of a pack."""
        return self.filter(unit=None)


class Price(Audited):
    """What one unit of a product costs in a list, from a quantity on, in a window of time.

    Quantity and amount count in `unit`, a pack of the product, or in the product's own unit when there is none. Windows
    are half-open and those of one (list, product, unit, quantity) never overlap: triggers and the
    service hold it. A change closes one row and opens another, so that past and
    scheduled prices are rows like any other. Derived rows are worked out from the base list's; they have no history of
    their own, because the decision is the base price or the rule, and both of these have one.
    """

    price_list = models.ForeignKey(PriceList, models.PROTECT, related_name="prices", verbose_name=_("price list"))
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="prices", verbose_name=_("product"))
    unit = models.ForeignKey(
        "catalog.ProductUnit", models.PROTECT, null=True, blank=True, related_name="prices", verbose_name=_("per")
    )
    min_quantity = QuantityField(_("from quantity"), default=0)
    amount = PriceField(_("price"))
    valid_from = models.DateTimeField(_("valid from"))
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)
    is_derived = models.BooleanField(_("from the base list"), default=False)

    objects = PriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("price")
        verbose_name_plural = _("prices")
        constraints = [
            CheckConstraint(condition=Q(amount__gte=0), name="price_not_negative"),
            CheckConstraint(condition=Q(min_quantity__gte=0), name="price_quantity_not_negative"),
            CheckConstraint(
                condition=Q(valid_to=None) | Q(valid_to__gt=F("valid_from")), name="price_window_has_a_length"
            ),
            UniqueConstraint(
                "price_list",
                "product",
                Coalesce("unit", 0),
                "min_quantity",
                condition=Q(valid_to=None),
                name="price_one_open_window",
            ),
            UniqueConstraint(
                "price_list",
                "product",
                Coalesce("unit", 0),
                "min_quantity",
                "valid_from",
                name="price_one_window_a_start",
            ),
        ]
        indexes = [
            models.Index(fields=["product", "price_list", "valid_from"], name="price_by_product"),
            # Products in the order of their prices: what lasts as it stands here, and the few that end.
            models.Index(
                fields=["price_list", "amount", "product", "valid_from", "min_quantity"],
                condition=Q(unit=None, valid_to=None),
                name="price_lasting_by_amount",
            ),
            models.Index(fields=["price_list", "valid_to"], condition=Q(valid_to__isnull=False), name="price_by_end"),
        ]

    def __str__(self) -> str:
        return money.format_amount(self.amount, self.places)

    @property
    def places(self) -> int:
        """How many decimals to show: cents, unless the price is finer."""
        return 2 if self.amount == money.round_money(self.amount) else 4
