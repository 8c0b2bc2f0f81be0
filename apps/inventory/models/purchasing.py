"""Who sells to us, at what price and how soon; and what was ordered from them."""

from decimal import Decimal
from fractions import Fraction
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.kernel import clock, money
from backoffice.kernel import quantity as quantities
from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField, PriceField, QuantityField
from backoffice.kernel.models import LedgerRow, Revisioned, TimeStamped

ZERO = Decimal(0)


class Supplier(Audited, Revisioned, TimeStamped):
    """Somebody who sells to us."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    document = models.CharField(_("document"), max_length=20, blank=True, help_text=_("CNPJ or CPF."))
    lead_days = models.PositiveSmallIntegerField(_("days to deliver"), default=2)
    minimum_order = MoneyField(_("least order"), default=ZERO, help_text=_("Below it they do not deliver."))
    note = models.CharField(_("note"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        permissions = [("import_supplier", _("Can import suppliers and their prices"))]
        constraints = [
            UniqueConstraint(
                Lower("code"),
                name="supplier_code_is_unique",
                violation_error_message=_("Another supplier has this code."),
            ),
            CheckConstraint(condition=~Q(code="") & ~Q(name=""), name="supplier_has_code_and_name"),
            CheckConstraint(condition=Q(minimum_order__gte=0), name="least_order_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("inventory:supplier_detail", args=[self.pk])


class SupplierItem(Audited, Revisioned, TimeStamped):
    """A product that a supplier sells: in which pack, at what price a pack, how many at least, how soon."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="items", verbose_name=_("supplier"))
    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="supplier_items", verbose_name=_("product")
    )
    pack = models.ForeignKey(
        "catalog.ProductUnit", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pack")
    )
    code = models.CharField(_("their code"), max_length=40, blank=True)
    price = PriceField(_("price of one"))
    minimum = QuantityField(_("least quantity"), default=Decimal(1), help_text=_("In packs."))
    lead_days = models.PositiveSmallIntegerField(
        _("days to deliver"), null=True, blank=True, help_text=_("Blank: the supplier's.")
    )
    is_preferred = models.BooleanField(_("bought here first"), default=True)

    class Meta:
        verbose_name = _("supplier's item")
        verbose_name_plural = _("supplier's items")
        constraints = [
            UniqueConstraint(
                fields=["supplier", "product", "pack"],
                condition=Q(pack__isnull=False),
                name="one_item_per_supplier_product_and_pack",
            ),
            UniqueConstraint(
                fields=["supplier", "product"],
                condition=Q(pack__isnull=True),
                name="one_item_per_supplier_and_product_by_unit",
            ),
            CheckConstraint(condition=Q(price__gte=0), name="supplier_price_is_not_negative"),
            CheckConstraint(condition=Q(minimum__gt=0), name="least_quantity_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.product}"

    def get_absolute_url(self) -> str:
        return reverse("inventory:supplier_detail", args=[self.supplier_id])

    @property
    def unit_name(self) -> str:
        """What the price is for: the pack, or the product's unit."""
        return self.pack.name if self.pack else self.product.unit.code

    @property
    def days(self) -> int:
        return self.supplier.lead_days if self.lead_days is None else self.lead_days

    def in_stock_unit(self, packs: Decimal) -> Decimal:
        """So many packs in the product's unit."""
        return packs * self.pack.quantity if self.pack else packs

    def price_of_unit(self) -> Fraction:
        """What one of the product's unit costs, exactly: what packs of different sizes are compared by."""
        return Fraction(self.price) / (self.pack.ratio if self.pack else 1)


class PurchaseOrderQuerySet(models.QuerySet["PurchaseOrder"]):
    def coming(self) -> Self:
        """Sent, and not all here."""
        return self.filter(status__in=PurchaseOrder.COMING)

    def late(self) -> Self:
        """Should be here by now."""
        return self.coming().filter(expected_on__lt=clock.today())


class PurchaseOrder(Audited, Revisioned, TimeStamped):
    """What we asked a supplier for."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SENT = "sent", _("sent")
        PART = "part", _("partly received")
        RECEIVED = "received", _("received")
        CANCELLED = "cancelled", pgettext_lazy("an order", "cancelled")

    TRANSITIONS = {
        Status.DRAFT: (Status.SENT, Status.CANCELLED),
        Status.SENT: (Status.PART, Status.RECEIVED, Status.CANCELLED),
        Status.PART: (Status.PART, Status.RECEIVED),
    }
    COMING = (Status.SENT, Status.PART)

    number = models.CharField(_("number"), max_length=20, unique=True)
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="orders", verbose_name=_("supplier"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.DRAFT)
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("deliver to"))
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    mailed_at = models.DateTimeField(_("e-mailed"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    objects = PurchaseOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("purchase order")
        verbose_name_plural = _("purchase orders")
        permissions = [("send_purchaseorder", _("Can send a purchase order"))]
        constraints = [
            CheckConstraint(
                condition=Q(status__in=["draft", "sent", "part", "received", "cancelled"]),
                name="purchase_status_is_known",
            ),
            CheckConstraint(
                condition=Q(status__in=["draft", "cancelled"]) | Q(sent_at__isnull=False, expected_on__isnull=False),
                name="a_sent_purchase_has_its_day",
            ),
        ]
        indexes = [models.Index(fields=["status", "expected_on"], name="purchase_by_status_and_day")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("inventory:purchase_detail", args=[self.pk])

    @property
    def worth(self) -> Decimal:
        """What was ordered, at the agreed prices. Prefetch `lines` for many."""
        return sum((line.total for line in self.lines.all() if not line.is_extra), ZERO)

    @property
    def is_late(self) -> bool:
        return self.status in self.COMING and self.expected_on is not None and self.expected_on < clock.today()


class PurchaseLine(Audited, TimeStamped):
    """So many packs of a product at a price a pack. What came is added up in `received`, in packs."""

    order = models.ForeignKey(PurchaseOrder, models.CASCADE, related_name="lines")
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    pack = models.ForeignKey(
        "catalog.ProductUnit", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("pack")
    )
    quantity = QuantityField(_("ordered"))
    price = PriceField(_("price of one"))
    received = QuantityField(_("received"), default=ZERO)
    is_extra = models.BooleanField(_("was not ordered"), default=False)

    class Meta:
        verbose_name = _("purchase line")
        verbose_name_plural = _("purchase lines")
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="purchase_quantity_is_positive"),
            CheckConstraint(condition=Q(price__gte=0), name="purchase_price_is_not_negative"),
            CheckConstraint(condition=Q(received__gte=0), name="purchase_received_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.product}, {self.pack}" if self.pack else str(self.product)

    @property
    def unit_name(self) -> str:
        return self.pack.name if self.pack else self.product.unit.code

    @property
    def seen(self) -> str:
        """What a form that shows the line carries, to know later whether it is still the same."""
        return self.updated_at.isoformat()

    @property
    def rest(self) -> Decimal:
        """What is still to come, in packs. What was not ordered is not awaited, even when it was taken back."""
        return ZERO if self.is_extra else max(self.quantity - self.received, ZERO)

    @property
    def total(self) -> Decimal:
        return money.round_money(self.quantity * self.price)

    def in_stock_unit(self, packs: Decimal) -> Decimal:
        return quantities.round_half_up(packs * self.pack.quantity if self.pack else packs)


class PurchaseReceipt(LedgerRow):
    """What of a line came with one delivery, and what it cost then. Never changed."""

    line = models.ForeignKey(PurchaseLine, models.PROTECT, related_name="receipts")
    operation = models.ForeignKey("inventory.StockOperation", models.PROTECT, related_name="purchase_receipts")
    quantity = QuantityField(_("quantity"))
    price = PriceField(_("price of one"))

    class Meta:
        verbose_name = _("purchase receipt")
        verbose_name_plural = _("purchase receipts")
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="purchase_receipt_is_positive"),
            CheckConstraint(condition=Q(price__gte=0), name="purchase_receipt_price_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.quantity}"

    @property
    def difference(self) -> Decimal:
        """How much more a pack cost than was agreed; below zero when it was less."""
        return self.price - self.line.price
