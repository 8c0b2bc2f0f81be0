"""Stock counts: what people found on the shelves, shelf by shelf, until it is posted."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import QuantityField
from backoffice.kernel.models import LedgerRow, Revisioned, TimeStamped

ZERO = Decimal(0)


class StockCountQuerySet(models.QuerySet["StockCount"]):
    def open(self) -> Self:
        """Being counted, or waiting for somebody's approval."""
        return self.filter(status__in=StockCount.OPEN)


class StockCount(Audited, Revisioned, TimeStamped):
    """One count of some places, a category or a list of products. Posting it brings the book to what was found."""

    class Status(models.TextChoices):
        OPEN = "open", _("counting")
        APPROVAL = "approval", _("for approval")
        POSTED = "posted", _("posted")
        CANCELLED = "cancelled", _("cancelled")

    TRANSITIONS = {
        Status.OPEN: (Status.APPROVAL, Status.POSTED, Status.CANCELLED),
        Status.APPROVAL: (Status.OPEN, Status.POSTED, Status.CANCELLED),
    }
    OPEN = (Status.OPEN, Status.APPROVAL)

    number = models.CharField(_("number"), max_length=20, unique=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    location = models.ForeignKey(
        "inventory.Location", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("place")
    )
    category = models.ForeignKey(
        "catalog.Category", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("category")
    )
    products = models.ManyToManyField("catalog.Product", blank=True, related_name="+", verbose_name=_("products"))
    is_blind = models.BooleanField(_("blind"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("started by")
    )
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True)
    operation = models.ForeignKey(
        "inventory.StockOperation", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("operation")
    )

    objects = StockCountQuerySet.as_manager()

    class Meta:
        verbose_name = _("count")
        verbose_name_plural = _("counts")
        permissions = [
            ("post_stockcount", _("Can post a count")),
            ("approve_stockcount", _("Can post a count that differs by more than the tolerance")),
        ]
        constraints = [
            CheckConstraint(
                condition=Q(status__in=["open", "approval", "posted", "cancelled"]), name="stock_count_status_is_known"
            ),
            CheckConstraint(
                condition=Q(status="posted", posted_at__isnull=False)
                | (~Q(status="posted") & Q(posted_at__isnull=True)),
                name="stock_count_is_posted_once",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("inventory:count_detail", args=[self.pk])


class StockCountLine(Revisioned, TimeStamped):
    """One lot in one place. Blank is "not counted", which is not zero.

    `book` is what the book said when it was counted; what moved since then is not the count's business.
    """

    count = models.ForeignKey(StockCount, models.CASCADE, related_name="lines", db_index=False)
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    lot = models.ForeignKey("inventory.Lot", models.PROTECT, related_name="+", verbose_name=_("lot"))
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("place"))
    counted = QuantityField(_("counted"), null=True, blank=True)
    book = QuantityField(_("by the book"), null=True, blank=True)
    counted_at = models.DateTimeField(_("counted at"), null=True, blank=True)
    counted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("counted by")
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("counted line")
        verbose_name_plural = _("counted lines")
        constraints = [
            UniqueConstraint(fields=["count", "lot", "location"], name="one_count_line_per_lot_and_place"),
            CheckConstraint(condition=Q(counted__isnull=True) | Q(counted__gte=0), name="count_is_not_negative"),
            CheckConstraint(
                condition=Q(counted__isnull=True, book__isnull=True, counted_at__isnull=True)
                | Q(counted__isnull=False, book__isnull=False, counted_at__isnull=False),
                name="what_is_counted_has_its_book_figure",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}/{self.lot_id}: {self.counted}"

    @property
    def difference(self) -> Decimal | None:
        """Counted − book at that moment; None while it is not counted."""
        if self.counted is None or self.book is None:
            return None
        return self.counted - self.book


class CountEntry(LedgerRow):
    """What one person wrote down for a line: the whole figure, or some more from another shelf. Never changed."""

    class Kind(models.TextChoices):
        SET = "set", _("counted")
        ADD = "add", _("added")
        CLEAR = "clear", _("taken back")

    line = models.ForeignKey(StockCountLine, models.PROTECT, related_name="entries")
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    quantity = QuantityField(_("quantity"), default=ZERO)
    after = QuantityField(_("then"), null=True, blank=True)
    at = models.DateTimeField(_("when"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("count entry")
        verbose_name_plural = _("count entries")
        constraints = [
            CheckConstraint(condition=Q(kind__in=["set", "add", "clear"]), name="count_entry_kind_is_known"),
            CheckConstraint(condition=Q(quantity__gte=0), name="count_entry_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.quantity}"
