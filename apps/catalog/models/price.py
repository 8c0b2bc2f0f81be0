from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import money
from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import PriceField, QuantityField
from backoffice.kernel.models import Revisioned, TimeStamped

from .validated import Validated


class PriceList(Validated, Audited, Revisioned, TimeStamped):
    """A set of prices; channels and customers point to one."""

    MENDED_IN = {"price_list_code_unique_whatever_case": "code", "price_list_one_default": "is_default"}

    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    tax_inclusive = models.BooleanField(_("prices include tax"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("shown in the product list"), default=False)

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
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:price_list_prices", args=[self.pk])


class PriceQuerySet(models.QuerySet["Price"]):
    def at(self, moment: datetime) -> Self:
        """Prices whose window [valid_from, valid_to) holds the moment."""
        return self.filter(Q(valid_to=None) | Q(valid_to__gt=moment), valid_from__lte=moment)

    def after(self, moment: datetime) -> Self:
        """Prices that begin later: scheduled ones."""
        return self.filter(valid_from__gt=moment)


class Price(Audited):
    """What one unit of a product costs in a list, from a quantity on, in a window of time.

    Windows are half-open and those of one (list, product, quantity) never overlap: an exclusion
    constraint on PostgreSQL, triggers on SQLite and the service hold it. A change closes one row
    and opens another, so that past and scheduled prices are rows like any other.
    """

    price_list = models.ForeignKey(PriceList, models.PROTECT, related_name="prices", verbose_name=_("price list"))
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="prices", verbose_name=_("product"))
    min_quantity = QuantityField(_("from quantity"), default=0)
    amount = PriceField(_("price"))
    valid_from = models.DateTimeField(_("valid from"))
    valid_to = models.DateTimeField(_("valid to"), null=True, blank=True)

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
                fields=["price_list", "product", "min_quantity"],
                condition=Q(valid_to=None),
                name="price_one_open_window",
            ),
            UniqueConstraint(
                fields=["price_list", "product", "min_quantity", "valid_from"], name="price_one_window_a_start"
            ),
        ]
        indexes = [models.Index(fields=["product", "price_list", "valid_from"], name="price_by_product")]

    def __str__(self) -> str:
        return money.format_amount(self.amount, self.places)

    @property
    def places(self) -> int:
        """How many decimals to show: cents, unless the price is finer."""
        return 2 if self.amount == money.round_money(self.amount) else 4
