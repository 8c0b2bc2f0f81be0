from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.catalog.codes import validate_barcode, validate_sku
from backoffice.kernel import quantity
from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import PriceField
from backoffice.kernel.models import Revisioned, TimeStamped
from backoffice.kernel.text import fold

from . import words
from .attribute import Attribute
from .media import SMALL, media_url
from .validated import Validated


class ProductQuerySet(models.QuerySet["Product"]):
    def search(self, text: str) -> Self:
        """Products whose codes, name or attributes have every word of the text, whatever accents or case.

        A word may be the beginning of one. What forgives a slip as well is `selectors.finding`.
        """
        wanted = fold(text).split()
        return self.filter(words.conditions(wanted)) if wanted else self.all()

    def active(self) -> Self:
        return self.filter(is_active=True)

    def sellable(self) -> Self:
        """What a till may offer."""
        return self.filter(is_active=True, is_sellable=True)

    def single(self) -> Self:
        """Goods, and not what stands for its variants or for the parts of a bundle, nor what is no thing: what recipes
        are made of."""
        return self.exclude(kind__in=Product.NO_GOODS)

    def stocked(self) -> Self:
        """Products that have lots and balances; what is made on demand has none."""
        return self.exclude(sell_policy=Product.SellPolicy.ON_DEMAND)


class Product(Validated, Audited, Revisioned, TimeStamped):
    """Something the shop makes, buys, uses or sells."""

    class Kind(models.TextChoices):
        SIMPLE = "simple", _("product")
        INGREDIENT = "ingredient", _("ingredient")
        CONFIGURABLE = "configurable", _("with variants")
        BUNDLE = "bundle", _("bundle")
        VIRTUAL = "virtual", _("service or voucher")

    class SellPolicy(models.TextChoices):
        STOCK_ONLY = "stock_only", _("only from stock")
        PLANNED_OK = "planned_ok", _("also from planned batches")
        ON_DEMAND = "on_demand", _("made on demand")

    NO_GOODS = (Kind.CONFIGURABLE, Kind.BUNDLE, Kind.VIRTUAL)
    """Kinds without any stock of their own."""
    MENDED_IN = {"product_sku_unique_whatever_case": "sku", "product_barcode_unique": "barcode"}
    SEARCHED = ("sku", "name", "barcode", "attributes")
    DETAILS = ("description", "allergens", "tags", "attributes", "axes", "search_text")
    """What lists do not show and so do not read."""

    sku = models.CharField(_("SKU"), max_length=40, validators=[validate_sku])
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, max_length=4000)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.SIMPLE)
    category = models.ForeignKey(
        "catalog.Category", models.PROTECT, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    unit = models.ForeignKey("catalog.Unit", models.PROTECT, related_name="products", verbose_name=_("unit"))
    barcode = models.CharField(_("barcode"), max_length=40, blank=True, validators=[validate_barcode])
    shelf_life_days = models.PositiveSmallIntegerField(_("shelf life in days"), null=True, blank=True)
    sell_policy = models.CharField(_("sold"), max_length=12, choices=SellPolicy, default=SellPolicy.STOCK_ONLY)
    lot_tracked = models.BooleanField(_("kept by lot"), default=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_sellable = models.BooleanField(_("can be sold"), default=True)
    is_purchasable = models.BooleanField(_("can be bought"), default=False)
    allergens = models.JSONField(_("allergens"), default=list, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    attributes = models.JSONField(_("attributes"), default=dict, blank=True)
    variant_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="variants", verbose_name=_("variant of")
    )
    axes = models.JSONField(_("variants differ by"), default=list, blank=True)
    variant_key = models.CharField(_("combination"), max_length=200, blank=True, editable=False)
    tax_rate = PriceField(
        _("tax rate in per cent"), default=0, validators=[MinValueValidator(0), MaxValueValidator(Decimal("99.9999"))]
    )
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    cover = models.CharField(_("cover picture"), max_length=100, blank=True, editable=False)
    completeness = models.PositiveSmallIntegerField(_("complete"), default=0, editable=False)
    missing = models.PositiveSmallIntegerField(_("missing"), default=0, editable=False)
    search_text = models.CharField(max_length=500, editable=False, default="")

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        permissions = [
            ("import_product", _("Can import products")),
            ("export_product", _("Can export products")),
        ]
        constraints = [
            UniqueConstraint(
                Lower("sku"),
                name="product_sku_unique_whatever_case",
                violation_error_message=_("Another product has this SKU."),
            ),
            UniqueConstraint(
                fields=["barcode"],
                condition=~Q(barcode=""),
                name="product_barcode_unique",
                violation_error_message=_("Another product has this barcode."),
            ),
            CheckConstraint(condition=~Q(sku="") & ~Q(name=""), name="product_has_sku_and_name"),
            CheckConstraint(
                condition=Q(kind__in=["simple", "ingredient", "configurable", "bundle", "virtual"]),
                name="product_kind_known",
            ),
            CheckConstraint(
                condition=~Q(kind__in=["configurable", "bundle", "virtual"]) | Q(sell_policy="on_demand"),
                name="product_that_is_no_goods_has_no_stock",
            ),
            CheckConstraint(
                condition=~Q(kind="configurable") | Q(is_sellable=False, is_purchasable=False, variant_of=None),
                name="product_with_variants_is_not_traded",
            ),
            CheckConstraint(
                condition=Q(variant_of=None, variant_key="") | Q(variant_of__isnull=False) & ~Q(variant_key=""),
                name="product_variant_has_a_combination",
            ),
            UniqueConstraint(
                fields=["variant_of", "variant_key"],
                condition=Q(variant_of__isnull=False),
                name="product_one_variant_of_a_combination",
                violation_error_message=_("There is a variant of this combination already."),
            ),
            CheckConstraint(condition=Q(completeness__lte=100), name="product_completeness_is_a_percentage"),
            CheckConstraint(
                condition=Q(sell_policy__in=["stock_only", "planned_ok", "on_demand"]),
                name="product_sell_policy_known",
            ),
            CheckConstraint(condition=Q(tax_rate__gte=0, tax_rate__lt=100), name="product_tax_rate_is_a_percentage"),
        ]
        indexes = [
            # With what the stock list asks of each, so that its far pages read nothing but this.
            models.Index(fields=["name", "id", "sell_policy", "is_active"], name="product_by_name_and_stock"),
            models.Index(fields=["is_active", "name", "id"], name="product_active_by_name"),
            models.Index(fields=["updated_at", "id"], name="product_by_change"),
            models.Index(fields=["category", "name", "id"], name="product_by_category"),
            models.Index(fields=["completeness", "name", "id"], name="product_by_completeness"),
            models.Index(fields=["missing", "name", "id"], name="product_by_what_is_missing"),
            models.Index(
                fields=["category", "kind", "is_sellable", "missing", "is_active"], name="product_counted_by_facet"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields: Iterable[str] | None = kwargs.get("update_fields")
        if fields is None or set(self.SEARCHED) & set(fields):
            self.refresh_search_text()
            if fields is not None:
                kwargs["update_fields"] = {*fields, "search_text"}
        super().save(*args, **kwargs)

    def refresh_search_text(self, choices: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Fold what people search by into one column; bulk writers call this, since they do not save().

        A choice is found by its name. `choices` are the names, from `Attribute.choices_of()`; whoever has many
        products reads them once.
        """
        words = [getattr(self, name) for name in ("sku", "name", "barcode")]
        said = {code: value for code, value in self.attributes.items() if isinstance(value, str | list)}
        names = Attribute.choices_of(said) if said and choices is None else choices or {}
        for code, value in said.items():
            known = names.get(code, {})
            words += [known.get(one, one) for one in ([value] if isinstance(value, str) else value)]
        self.search_text = fold(" ".join(words))[:500]

    def get_absolute_url(self) -> str:
        return reverse("catalog:product_detail", args=[self.pk])

    @property
    def is_single(self) -> bool:
        return self.kind not in self.NO_GOODS

    @property
    def is_stocked(self) -> bool:
        return self.sell_policy != self.SellPolicy.ON_DEMAND

    @property
    def picture_url(self) -> str:
        """Where the small picture of the cover is; nothing without one."""
        return media_url(self.cover, SMALL) if self.cover else ""

    @property
    def shown_icon(self) -> str:
        """The cover's address, else its own icon, its category's, or a neutral one. Needs the category loaded."""
        if self.cover:
            return self.picture_url
        return self.icon or (self.category.icon if self.category else "") or "package"

    @property
    def hue(self) -> str:
        """The colour family of thumb and tile. Needs the category loaded."""
        return self.category.hue if self.category else "bread"


class ProductUnit(Validated, Audited):
    """A pack: how many of the product's own unit one of it holds ("sack 25 kg" of flour in kg is 25/1)."""

    MENDED_IN = {"pack_name_unique_in_product": "name", "pack_barcode_unique": "barcode"}

    product = models.ForeignKey(Product, models.CASCADE, related_name="packs", verbose_name=_("product"))
    name = models.CharField(_("name"), max_length=40)
    numerator = models.BigIntegerField(_("numerator"))
    denominator = models.BigIntegerField(_("denominator"), default=1)
    barcode = models.CharField(_("barcode"), max_length=40, blank=True, validators=[validate_barcode])
    is_approximate = models.BooleanField(_("approximate"), default=False)

    class Meta:
        verbose_name = _("pack")
        verbose_name_plural = _("packs")
        constraints = [
            UniqueConstraint(
                "product",
                Lower("name"),
                name="pack_name_unique_in_product",
                violation_error_message=_("The product has a pack of this name already."),
            ),
            UniqueConstraint(
                fields=["barcode"],
                condition=~Q(barcode=""),
                name="pack_barcode_unique",
                violation_error_message=_("Another pack has this barcode."),
            ),
            CheckConstraint(condition=Q(numerator__gt=0, denominator__gt=0), name="pack_ratio_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def seen(self) -> str:
        """All that a form about it shows, to know whether it is still so."""
        return f"{self.name};{self.numerator}/{self.denominator};{self.barcode};{int(self.is_approximate)}"

    @property
    def ratio(self) -> Fraction:
        """How many of the product's unit one pack is."""
        return Fraction(self.numerator, self.denominator)

    @property
    def quantity(self) -> Decimal:
        """The same as a number, for people."""
        return quantity.from_fraction(self.ratio)
