"""What was agreed. Lines, prices and totals never change after the commit: model, manager and database refuse it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, NoReturn, Self

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import clock
from backoffice.kernel.audit import AuditTrail
from backoffice.kernel.errors import LedgerIsAppendOnly
from backoffice.kernel.fields import MoneyField, PriceField, QuantityField, UnitCostField
from backoffice.kernel.models import LedgerRow, Revisioned, TimeStamped

from .session import Fulfilment


def new_token() -> str:
    """A name for the order that nobody can guess; it goes into links for the customer."""
    return secrets.token_urlsafe(18)


class OrderQuerySet(models.QuerySet["Order"]):
    def open(self) -> Self:
        """Orders that somebody still has to do something about."""
        return self.filter(status__in=Order.OPEN)

    def counting(self) -> Self:
        """Orders that count as sales: all but the cancelled."""
        return self.exclude(status=Order.Status.CANCELLED)

    def late(self, now: datetime) -> Self:
        """Open orders whose promised time has passed."""
        return self.open().filter(needed_at__lt=now)

    def unpaid(self) -> Self:
        """Orders that count and still wait for money."""
        return self.counting().filter(paid__lt=models.F("total"))


class Order(Revisioned, TimeStamped):
    """A sealed order. Only its state, what was paid and when it is wanted still change."""

    class Status(models.TextChoices):
        NEW = "new", pgettext_lazy("an order", "new")
        ACCEPTED = "accepted", _("accepted")
        PREPARING = "preparing", _("preparing")
        READY = "ready", _("ready")
        DISPATCHED = "dispatched", _("out for delivery")
        DELIVERED = "delivered", _("delivered")
        COMPLETED = "completed", _("completed")
        CANCELLED = "cancelled", pgettext_lazy("an order", "cancelled")

    TRANSITIONS: ClassVar[dict[str, tuple[str, ...]]] = {
        Status.NEW: (Status.ACCEPTED, Status.CANCELLED),
        Status.ACCEPTED: (Status.PREPARING, Status.CANCELLED),
        Status.PREPARING: (Status.READY, Status.CANCELLED),
        Status.READY: (Status.DISPATCHED, Status.COMPLETED, Status.PREPARING, Status.CANCELLED),
        Status.DISPATCHED: (Status.DELIVERED,),
        Status.DELIVERED: (Status.COMPLETED,),
        Status.COMPLETED: (),
        Status.CANCELLED: (),
    }
    OPEN = (Status.NEW, Status.ACCEPTED, Status.PREPARING, Status.READY, Status.DISPATCHED, Status.DELIVERED)
    TONES: ClassVar[dict[str, str]] = {
        Status.NEW: "info",
        Status.ACCEPTED: "info",
        Status.PREPARING: "warn",
        Status.READY: "ok",
        Status.DISPATCHED: "info",
        Status.DELIVERED: "ok",
        Status.COMPLETED: "",
        Status.CANCELLED: "bad",
    }

    number = models.CharField(_("number"), max_length=20, null=True, blank=True, unique=True)
    token = models.CharField(_("public token"), max_length=40, unique=True, default=new_token, editable=False)
    channel = models.ForeignKey("orders.Channel", models.PROTECT, related_name="orders", verbose_name=_("channel"))
    external_id = models.CharField(_("number elsewhere"), max_length=80, blank=True, default="")
    session = models.OneToOneField(
        "orders.OrderSession", models.PROTECT, null=True, blank=True, related_name="order", verbose_name=_("tab")
    )
    handle = models.CharField(_("tab"), max_length=40, blank=True, default="")
    customer = models.ForeignKey(
        "crm.Customer", models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("customer")
    )
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.NEW)
    status_since = models.DateTimeField(_("in this state since"))
    business_date = models.DateField(_("business date"))
    placed_at = models.DateTimeField(_("placed"))
    needed_at = models.DateTimeField(_("promised for"), null=True, blank=True)
    fulfilment = models.CharField(_("fulfilment"), max_length=10, choices=Fulfilment, default=Fulfilment.PICKUP)
    notes = models.CharField(_("note"), max_length=500, blank=True, default="")
    units = QuantityField(_("units"), default=Decimal(0))
    subtotal = MoneyField(_("subtotal"), default=Decimal(0))
    discount = MoneyField(_("discount"), default=Decimal(0))
    tax = MoneyField(_("tax inside"), default=Decimal(0))
    total = MoneyField(_("total"), default=Decimal(0))
    paid = MoneyField(_("paid"), default=Decimal(0))
    snapshot = models.JSONField(_("as agreed"), default=dict, blank=True)
    is_imported = models.BooleanField(_("past sale"), default=False)
    is_fulfilled = models.BooleanField(_("stock has left"), default=False)

    objects = OrderQuerySet.as_manager()
    # The snapshot never changes and names people: copies of it in the history would only be more to erase.
    history = AuditTrail(excluded_fields=["snapshot"])

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        permissions = [
            ("sell", _("Can sell at the counter")),
            ("advance_order", _("Can move orders on")),
            ("cancel_order", _("Can cancel orders")),
            ("take_payment", _("Can take payments")),
            ("refund_payment", _("Can refund payments")),
            ("view_margin", _("Can see margins")),
            ("export_order", _("Can export orders")),
            ("import_past_sales", _("Can import past sales")),
        ]
        constraints = [
            UniqueConstraint(
                fields=["channel", "external_id"],
                condition=~Q(external_id=""),
                name="order_external_number_unique_in_channel",
            ),
            CheckConstraint(
                condition=Q(is_imported=True) | Q(number__isnull=False), name="order_has_a_number_unless_imported"
            ),
            CheckConstraint(
                condition=Q(
                    status__in=[
                        "new",
                        "accepted",
                        "preparing",
                        "ready",
                        "dispatched",
                        "delivered",
                        "completed",
                        "cancelled",
                    ]
                ),
                name="order_status_known",
            ),
            CheckConstraint(condition=Q(total__gte=0, paid__gte=0), name="order_money_not_negative"),
            CheckConstraint(
                condition=Q(fulfilment__in=["pickup", "delivery", "dine_in"]), name="order_fulfilment_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="order_latest"),
            models.Index(fields=["total", "id"], name="order_by_total"),
            models.Index(fields=["business_date", "channel"], name="order_by_day"),
            models.Index(fields=["customer", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["handle"], name="order_by_tab"),
            models.Index(
                fields=["status", "needed_at"],
                condition=Q(status__in=["new", "accepted", "preparing", "ready", "dispatched", "delivered"]),
                name="order_open_by_status",
            ),
        ]

    def __str__(self) -> str:
        if self.number:
            return gettext("Order %(number)s") % {"number": self.number}
        return gettext("Past sale %(number)s") % {"number": self.external_id or self.pk}

    def get_absolute_url(self) -> str:
        return reverse("orders:order_detail", args=[self.pk])

    @property
    def code(self) -> str:
        """What people call it: #123, with the year when it is not this one's; else the number it has elsewhere."""
        if not self.number:
            return self.external_id or f"({self.pk})"
        year, _dash, running = self.number.partition("-")
        short = running.lstrip("0") or running
        return f"#{short}" if year == str(clock.today().year) else f"#{year}-{short}"

    @property
    def due(self) -> Decimal:
        """What is still to be paid."""
        return max(self.total - self.paid, Decimal(0))

    @property
    def tax_on_top(self) -> Decimal:
        """What of the total came on top of the prices; the rest of the tax is inside them."""
        return self.total - (self.subtotal - self.discount)

    @property
    def tax_inside(self) -> Decimal:
        """What of the tax is inside the prices."""
        return self.tax - self.tax_on_top

    @property
    def discounts(self) -> list[tuple[str, Decimal]]:
        """What made it cheaper, by name, and by how much; without a name where none was written down."""
        told = [(str(name), Decimal(amount)) for name, amount in self.snapshot.get("discounts", ())]
        return told or ([("", self.discount)] if self.discount else [])

    @property
    def tone(self) -> str:
        return self.TONES.get(self.status, "")

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def customer_name(self) -> str:
        """The name as it was agreed; the tab when nobody left a name."""
        return self.snapshot.get("customer", {}).get("name") or self.handle


class OrderLineQuerySet(models.QuerySet["OrderLine"]):
    def update(self, **kwargs: Any) -> int:
        """Only the cost may be filled in; everything else was agreed."""
        if set(kwargs) - OrderLine.OPEN_COLUMNS:
            raise LedgerIsAppendOnly(str(self.model._meta.verbose_name))
        return super().update(**kwargs)

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly(str(self.model._meta.verbose_name))


class OrderLine(models.Model):
    """A line as agreed. The cost is written when the goods leave; all other columns are frozen by triggers."""

    OPEN_COLUMNS = frozenset({"unit_cost"})
    FROZEN = (
        "order_id",
        "position",
        "product_id",
        "sku",
        "name",
        "unit_code",
        "quantity",
        "list_price",
        "unit_price",
        "discount",
        "tax",
        "total",
        "price_estimated",
        "is_stocked",
        "note",
        "explanation",
    )

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("position"))
    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="order_lines", verbose_name=_("product")
    )
    sku = models.CharField(_("SKU"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    unit_code = models.CharField(_("unit"), max_length=10, blank=True, default="")
    quantity = QuantityField(_("quantity"))
    list_price = PriceField(_("list price"))
    unit_price = PriceField(_("unit price"))
    discount = MoneyField(_("discount"), default=Decimal(0))
    tax = MoneyField(_("tax inside"), default=Decimal(0))
    total = MoneyField(_("amount"))
    unit_cost = UnitCostField(_("unit cost"), null=True, blank=True)
    price_estimated = models.BooleanField(_("price is estimated"), default=False)
    is_stocked = models.BooleanField(_("taken from stock"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True, default="")
    explanation = models.JSONField(_("why this price"), default=list, blank=True)

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            UniqueConstraint(fields=["order", "position"], name="order_line_one_per_position"),
            CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_positive"),
            CheckConstraint(
                condition=Q(unit_price__gte=0, list_price__gte=0, total__gte=0), name="order_line_money_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} × {self.quantity}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields: Iterable[str] | None = kwargs.get("update_fields")
        if not self._state.adding and (fields is None or set(fields) - self.OPEN_COLUMNS):
            raise LedgerIsAppendOnly(str(self._meta.verbose_name))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly(str(self._meta.verbose_name))

    @property
    def full_price(self) -> Decimal:
        """What one costs without discounts; a price by hand above the list's is the full one."""
        return max(self.list_price, self.unit_price)

    @property
    def before(self) -> Decimal:
        """The amount without discounts and without tax on top; those of all lines sum to the order's subtotal."""
        whole, asked = self.total + self.discount, self.quantity * self.full_price
        return min((whole, whole - self.tax), key=lambda one: abs(one - asked))


class OrderLineLot(LedgerRow):
    """Which lot, from which place, a line was filled with."""

    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="lots", verbose_name=_("order line"))
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, related_name="order_lines", verbose_name=_("lot"))
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("location"))
    quantity = QuantityField(_("quantity"))
    unit_cost = UnitCostField(_("unit cost"))

    class Meta:
        verbose_name = _("lot of an order line")
        verbose_name_plural = _("lots of order lines")
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="order_line_lot_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.lot_id} × {self.quantity}"
