from __future__ import annotations

from fractions import Fraction

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import QuantityField


class Unit(models.Model):
    """A unit of measure: an exact ratio to the base unit of its dimension."""

    class Dimension(models.TextChoices):
        MASS = "mass", _("mass")
        VOLUME = "volume", _("volume")
        COUNT = "count", _("count")
        LENGTH = "length", _("length")
        TIME = "time", _("time")

    code = models.CharField(_("code"), max_length=10, unique=True)
    name = models.CharField(_("name"), max_length=40)
    dimension = models.CharField(_("dimension"), max_length=6, choices=Dimension)
    numerator = models.BigIntegerField(_("numerator"), default=1)
    denominator = models.BigIntegerField(_("denominator"), default=1)
    step = QuantityField(_("smallest step"))

    class Meta:
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        constraints = [
            CheckConstraint(condition=Q(numerator__gt=0, denominator__gt=0), name="unit_ratio_positive"),
            CheckConstraint(condition=Q(step__gt=0), name="unit_step_positive"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def label(self) -> str:
        """The name in the reader's language, for the units that every house starts with."""
        return gettext(self.name)

    @property
    def ratio(self) -> Fraction:
        """How many base units one of this is: 1 kg = 1000 g."""
        return Fraction(self.numerator, self.denominator)
