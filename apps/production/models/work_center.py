"""Where work is done: mixer, bench, oven."""

from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField
from backoffice.kernel.models import Revisioned, TimeStamped


class WorkCenter(Audited, Revisioned, TimeStamped):
    """A machine or a bench with the people at it: what an hour of it costs, and how many jobs fit at once."""

    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=60)
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    capacity = models.PositiveSmallIntegerField(_("jobs at once"), default=1)
    hourly_cost = MoneyField(_("cost of an hour"), default=Decimal(0))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    takes_from = models.ForeignKey(
        "inventory.Location",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("takes from"),
        help_text=_("Where an order takes its materials from when its first step is here."),
    )
    puts_to = models.ForeignKey(
        "inventory.Location",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("puts to"),
        help_text=_("Where an order brings what it made when its last step is here, and the product has no place."),
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("work centre")
        verbose_name_plural = _("work centres")
        constraints = [
            UniqueConstraint(
                Lower("code"),
                name="work_center_code_is_unique",
                violation_error_message=_("Another work centre has this code."),
            ),
            CheckConstraint(condition=Q(capacity__gt=0), name="work_center_has_room_for_a_job"),
            CheckConstraint(condition=Q(hourly_cost__gte=0), name="work_center_cost_is_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("production:work_center_detail", args=[self.pk])
