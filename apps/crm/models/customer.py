"""Customers and where they live."""

from __future__ import annotations

from typing import ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import clock
from backoffice.kernel.audit import Audited
from backoffice.kernel.models import Revisioned, TimeStamped
from backoffice.kernel.text import fold

from . import documents, finding, phones

MAX_LENGTH = 100
MAX_WORDS = 8


class CustomerQuerySet(models.QuerySet["Customer"]):
    def matching(self, text: str) -> Self:
        """Customers whose name, code, document, telephone or e-mail holds every word of `text`, accents ignored."""
        words = fold(text.replace("\x00", "")[:MAX_LENGTH]).split()[:MAX_WORDS]
        return self.filter(finding.conditions(words)) if words else self.all()

    def with_document(self, document: str) -> Self:
        """Who has this normalised document; nobody has none."""
        return self.filter(document=document) if document else self.none()

    def active(self) -> Self:
        return self.filter(is_active=True)


class Customer(Audited, Revisioned, TimeStamped):
    """A person or a company that buys."""

    class Kind(models.TextChoices):
        INDIVIDUAL = "individual", _("person")
        COMPANY = "company", _("company")

    code = models.CharField(_("code"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.INDIVIDUAL)
    name = models.CharField(_("name"), max_length=120)
    trade_name = models.CharField(_("trade name"), max_length=120, blank=True, default="")
    document = models.CharField(_("CPF or CNPJ"), max_length=14, blank=True, default="")
    email = models.EmailField(_("e-mail"), blank=True, default="")
    phone = models.CharField(_("telephone"), max_length=16, blank=True, default="", db_index=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    tags = models.JSONField(_("tags"), default=list, blank=True)
    price_list = models.ForeignKey(
        "catalog.PriceList",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="customers",
        verbose_name=_("price list"),
        help_text=_("Leave empty for the price list of the channel."),
    )
    notes = models.TextField(_("notes"), blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    search_text = models.TextField(_("search text"), blank=True, default="", editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [
            ("view_document", _("Can see whole documents")),
            ("export_customer", _("Can export customers")),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["name", "id"], name="customer_by_name")]
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=~Q(document=""), name="crm_customer_document_unique_when_present"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="crm_customer_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.trade_name or self.name

    def clean(self) -> None:
        super().clean()
        if self.birthday and self.birthday > clock.today():
            raise ValidationError({"birthday": _("This day is still to come.")})

    def get_absolute_url(self) -> str:
        return reverse("crm:customer_detail", args=[self.pk])

    @property
    def document_name(self) -> str:
        """ "CPF" or "CNPJ"; by the document, or by the kind when there is none yet."""
        if self.document:
            return documents.name_of(self.document)
        return "CNPJ" if self.kind == self.Kind.COMPANY else "CPF"

    @property
    def document_masked(self) -> str:
        return documents.masked(self.document)

    @property
    def document_formatted(self) -> str:
        return documents.formatted(self.document)

    @property
    def phone_formatted(self) -> str:
        return phones.formatted(self.phone) if self.phone else ""

    @property
    def chat_url(self) -> str:
        """Where a chat with this telephone opens; most customers in Brazil are reached there."""
        return f"https://wa.me/{self.phone.removeprefix('+')}" if self.phone else ""

    @property
    def initials(self) -> str:
        words = str(self).split()
        return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper()

    def searchable(self) -> str:
        """What the search box looks through; kept in `search_text` by the services that write a customer."""
        parts = (self.code, self.name, self.trade_name, self.document, self.phone, self.email, *self.tags)
        return fold(" ".join(part for part in parts if part))


class Address(Audited, TimeStamped):
    """A place where a customer can be found; at most one is the default."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses", verbose_name=_("customer"))
    label = models.CharField(_("label"), max_length=40, blank=True, default="", help_text=_("Home, shop, depot…"))
    street = models.CharField(_("street"), max_length=120)
    number = models.CharField(_("number"), max_length=20, blank=True, default="")
    complement = models.CharField(_("complement"), max_length=60, blank=True, default="")
    neighbourhood = models.CharField(_("neighbourhood"), max_length=60, blank=True, default="")
    city = models.CharField(_("city"), max_length=80)
    state = models.CharField(_("state"), max_length=2, blank=True, default="")
    postal_code = models.CharField(_("postal code"), max_length=8, blank=True, default="")
    is_default = models.BooleanField(_("default"), default=False)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=Q(is_default=True), name="crm_address_one_default_per_customer"
            ),
        ]

    def __str__(self) -> str:
        first = f"{self.street} {self.number}".strip()
        return ", ".join(part for part in (first, self.complement, self.neighbourhood, self.city) if part)

    def get_absolute_url(self) -> str:
        return reverse("crm:customer_detail", args=[self.customer_id])

    @property
    def postal_code_formatted(self) -> str:
        return f"{self.postal_code[:5]}-{self.postal_code[5:]}" if len(self.postal_code) == 8 else self.postal_code
