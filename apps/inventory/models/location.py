"""Places: where stock is, and the counter-accounts it comes from and goes to."""

from typing import Self

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.models import Revisioned, TimeStamped

COUNTER_ACCOUNTS = {
    "supplier": gettext_noop("Suppliers"),
    "customer": gettext_noop("Customers"),
    "consumed": gettext_noop("Consumed"),
    "waste": gettext_noop("Waste"),
    "adjustment": gettext_noop("Adjustments"),
}


class LocationQuerySet(models.QuerySet["Location"]):
    def physical(self) -> Self:
        """Places that hold stock; counter-accounts are left out."""
        return self.filter(kind__in=Location.PHYSICAL)

    def active(self) -> Self:
        return self.filter(is_active=True)


class Location(Audited, TimeStamped, Revisioned):
    """A place. The virtual kinds are the other side of every receipt, sale, consumption and loss."""

    class Kind(models.TextChoices):
        STORAGE = "storage", _("storage")
        SALE = "sale", _("sale")
        PRODUCTION = "production", _("production")
        QUARANTINE = "quarantine", _("quarantine")
        SUPPLIER = "supplier", _("supplier")
        CUSTOMER = "customer", _("customer")
        CONSUMED = "consumed", _("consumed")
        WASTE = "waste", _("waste")
        ADJUSTMENT = "adjustment", _("adjustment")

    PHYSICAL = (Kind.STORAGE, Kind.SALE, Kind.PRODUCTION, Kind.QUARANTINE)
    VIRTUAL = (Kind.SUPPLIER, Kind.CUSTOMER, Kind.CONSUMED, Kind.WASTE, Kind.ADJUSTMENT)

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=80)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("inside")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.STORAGE)
    is_active = models.BooleanField(_("active"), default=True)

    objects = LocationQuerySet.as_manager()

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            UniqueConstraint(Lower("code"), name="location_code_is_unique"),
            UniqueConstraint(
                fields=["kind"],
                condition=Q(kind__in=["supplier", "customer", "consumed", "waste", "adjustment"]),
                name="one_location_of_each_virtual_kind",
            ),
            CheckConstraint(
                condition=Q(
                    kind__in=[
                        "storage",
                        "sale",
                        "production",
                        "quarantine",
                        "supplier",
                        "customer",
                        "consumed",
                        "waste",
                        "adjustment",
                    ]
                ),
                name="location_kind_is_known",
            ),
            CheckConstraint(
                condition=Q(parent__isnull=True) | ~Q(parent=F("id")), name="location_is_not_inside_itself"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def called(self) -> str:
        """The name; that of a counter-account in the language of whoever reads it."""
        return self.name if self.kind in self.PHYSICAL else gettext(COUNTER_ACCOUNTS[self.kind])

    @property
    def shown(self) -> str:
        """The name, and that it is closed."""
        return self.name if self.is_active else gettext("%(place)s (closed)") % {"place": self.name}

    def get_absolute_url(self) -> str:
        return reverse("inventory:location_detail", args=[self.pk])

    @property
    def is_physical(self) -> bool:
        return self.kind in self.PHYSICAL


class PutAway(Audited, TimeStamped):
    """Where a product is kept: what comes is brought there, when nobody says otherwise."""

    product = models.OneToOneField(
        "catalog.Product", models.PROTECT, related_name="put_away", verbose_name=_("product")
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="kept_here", verbose_name=_("kept at"))

    class Meta:
        verbose_name = _("place of a product")
        verbose_name_plural = _("places of products")

    def __str__(self) -> str:
        return f"{self.product_id}: {self.location_id}"
