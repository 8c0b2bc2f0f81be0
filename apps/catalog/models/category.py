from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.models import Revisioned, TimeStamped

from .validated import Validated


class Category(Validated, Audited, Revisioned, TimeStamped):
    """A branch of the catalogue's tree. The order of the shelves is the person's, not the alphabet's."""

    class Hue(models.TextChoices):
        """The colour family of thumbs and tiles; only the hue, never a meaning."""

        BREAD = "bread", _("bread")
        PASTRY = "vien", _("pastry")
        CAKE = "cake", _("cake")
        SAVOURY = "savo", _("savoury")
        COFFEE = "coff", _("coffee")
        COLD = "cold", _("cold drinks")
        SHOP = "shop", _("shop goods")

    MENDED_IN = {"category_name_unique_at_top": "name", "category_name_unique_inside_parent": "name"}

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("inside")
    )
    position = models.PositiveIntegerField(_("position"), default=0)
    icon = models.CharField(_("icon"), max_length=40, blank=True)
    hue = models.CharField(_("colour"), max_length=5, choices=Hue, default=Hue.BREAD)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        constraints = [
            UniqueConstraint(
                Lower("name"),
                condition=Q(parent=None),
                name="category_name_unique_at_top",
                violation_error_message=_("There is a category of this name already."),
            ),
            UniqueConstraint(
                "parent",
                Lower("name"),
                name="category_name_unique_inside_parent",
                violation_error_message=_("There is a category of this name already."),
            ),
            CheckConstraint(condition=Q(parent=None) | ~Q(parent=F("id")), name="category_is_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """The names from the top down: "Bakery > Bread". Needs those above loaded."""
        return f"{self.parent.path} > {self.name}" if self.parent else self.name

    def get_absolute_url(self) -> str:
        return reverse("catalog:category_edit", args=[self.pk])
