"""Where orders come from, and the rules that hold there."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.models import Revisioned, TimeStamped


class ChannelQuerySet(models.QuerySet["Channel"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def in_order(self) -> Self:
        """As people arranged them."""
        return self.order_by("position", "name")


class Channel(Audited, Revisioned, TimeStamped):
    """A way to sell: the counter, the web shop, a marketplace, wholesale. Every rule is a column."""

    class Kind(models.TextChoices):
        COUNTER = "counter", _("counter")
        WEB = "web", _("web shop")
        MARKETPLACE = "marketplace", _("marketplace")
        WHOLESALE = "wholesale", _("wholesale")

    class Acceptance(models.TextChoices):
        IMMEDIATE = "immediate", _("at once")
        MANUAL = "manual", _("by hand")
        AUTO_CONFIRM = "auto_confirm", _("by itself after some minutes")
        AUTO_CANCEL = "auto_cancel", _("by hand, else cancelled after some minutes")

    class Terms(models.TextChoices):
        HAND_OVER = "hand_over", _("before it is handed over")
        ACCOUNT = "account", _("later, on account")

    ICONS = {
        Kind.COUNTER: "store",
        Kind.WEB: "globe",
        Kind.MARKETPLACE: "bike",
        Kind.WHOLESALE: "building-2",
    }

    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.COUNTER)
    price_list = models.ForeignKey(
        "catalog.PriceList", models.PROTECT, related_name="channels", verbose_name=_("price list")
    )
    locations = models.ManyToManyField(
        "inventory.Location",
        through="orders.ChannelLocation",
        related_name="channels",
        verbose_name=_("places it sells from"),
    )
    acceptance = models.CharField(
        _("orders are accepted"), max_length=12, choices=Acceptance, default=Acceptance.IMMEDIATE
    )
    acceptance_minutes = models.PositiveSmallIntegerField(
        _("minutes until then"), default=0, help_text=_("Counts for the two ways that wait.")
    )
    hold_minutes = models.PositiveSmallIntegerField(
        _("stock is kept for"), default=30, help_text=_("Minutes; counts for open tabs. Orders keep theirs.")
    )
    expiry_margin_days = models.PositiveSmallIntegerField(
        _("days left before expiry"), default=0, help_text=_("Lots that expire sooner are not sold here.")
    )
    warn_minutes = models.PositiveSmallIntegerField(
        _("warn before the promised time"), default=15, help_text=_("Minutes; the card on the board turns amber.")
    )
    preorder = models.BooleanField(_("takes pre-orders"), default=True)
    payment_terms = models.CharField(_("paid"), max_length=10, choices=Terms, default=Terms.HAND_OVER)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("active"), default=True)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [
            UniqueConstraint(
                Lower("code"),
                name="channel_code_unique_whatever_case",
                violation_error_message=_("Another channel has this code."),
            ),
            CheckConstraint(
                condition=Q(kind__in=["counter", "web", "marketplace", "wholesale"]), name="channel_kind_known"
            ),
            CheckConstraint(
                condition=Q(acceptance__in=["immediate", "manual"]) | Q(acceptance_minutes__gt=0),
                name="channel_that_waits_says_how_long",
            ),
            CheckConstraint(
                condition=Q(acceptance__in=["immediate", "manual", "auto_confirm", "auto_cancel"]),
                name="channel_acceptance_known",
            ),
            CheckConstraint(condition=Q(hold_minutes__gt=0), name="channel_keeps_stock_for_a_while"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("orders:channel_detail", args=[self.pk])

    @property
    def icon(self) -> str:
        return self.ICONS.get(self.Kind(self.kind), "store")


class ChannelLocation(models.Model):
    """A place that a channel sells from; the first one that has the stock gives it."""

    channel = models.ForeignKey(Channel, models.CASCADE, related_name="places", verbose_name=_("channel"))
    location = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("location"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("place of a channel")
        verbose_name_plural = _("places of channels")
        constraints = [UniqueConstraint(fields=["channel", "location"], name="channel_names_a_place_once")]

    def __str__(self) -> str:
        return f"{self.channel_id}: {self.location_id}"
