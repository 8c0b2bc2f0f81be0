from __future__ import annotations

from collections.abc import Iterable

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.models import Revisioned, TimeStamped

from .validated import Validated

CODE = RegexValidator(r"^[a-z][a-z0-9_]*$", _("A code is made of small letters, digits and underscores."))


class Attribute(Validated, Audited, Revisioned, TimeStamped):
    """Something that products of some categories have: a weight, a flavour, an origin.

    `code` is the key under which products keep the value and never changes. `options` are the choices of the two
    select kinds, in their order, each {"code", "name"}; products keep the codes, so that a choice can be renamed.
    """

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        NUMBER = "number", _("number")
        BOOLEAN = "boolean", _("yes or no")
        DATE = "date", _("date")
        SELECT = "select", _("one of several")
        MULTISELECT = "multiselect", _("some of several")

    MENDED_IN = {"attribute_name_unique_whatever_case": "name"}

    code = models.CharField(_("code"), max_length=40, unique=True, validators=[CODE])
    name = models.CharField(_("name"), max_length=60)
    type = models.CharField(_("type"), max_length=12, choices=Type, default=Type.TEXT)
    unit = models.ForeignKey("catalog.Unit", models.PROTECT, null=True, blank=True, verbose_name=_("unit"))
    options = models.JSONField(_("choices"), default=list, blank=True)

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        constraints = [
            UniqueConstraint(
                Lower("name"),
                name="attribute_name_unique_whatever_case",
                violation_error_message=_("There is an attribute of this name already."),
            ),
            CheckConstraint(
                condition=Q(type__in=["text", "number", "boolean", "date", "select", "multiselect"]),
                name="attribute_type_known",
            ),
            CheckConstraint(condition=Q(unit=None) | Q(type="number"), name="attribute_unit_only_of_numbers"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def has_options(self) -> bool:
        return self.type in (self.Type.SELECT, self.Type.MULTISELECT)

    @property
    def option_names(self) -> dict[str, str]:
        """The choices' names by their codes, in order."""
        return {option["code"]: option["name"] for option in self.options}

    @classmethod
    def choices_of(cls, codes: Iterable[str] | None = None) -> dict[str, dict[str, str]]:
        """The choices' names by their codes, of each attribute that has choices; of all, or of these. One query."""
        rows = cls._choosable() if codes is None else _chosen_from(list(codes))
        return {row.code: row.option_names for row in rows}

    @classmethod
    def _choosable(cls) -> models.QuerySet[Attribute]:
        return cls.objects.filter(type__in=[cls.Type.SELECT, cls.Type.MULTISELECT]).only("code", "options")

    def get_absolute_url(self) -> str:
        return reverse("catalog:attribute_edit", args=[self.pk])


_chosen_from: Compiled[Attribute] = Compiled(lambda codes: Attribute._choosable().filter(code__in=codes), shown=True)


class CategoryAttribute(Validated, Audited):
    """That products of a category, and of all beneath it, have an attribute."""

    category = models.ForeignKey("catalog.Category", models.CASCADE, related_name="schema", verbose_name=_("category"))
    attribute = models.ForeignKey(Attribute, models.PROTECT, related_name="categories", verbose_name=_("attribute"))
    required = models.BooleanField(_("required"), default=False)
    is_variant_axis = models.BooleanField(_("tells variants apart"), default=False)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("attribute of a category")
        verbose_name_plural = _("attributes of categories")
        constraints = [
            UniqueConstraint(
                fields=["category", "attribute"],
                name="category_has_an_attribute_once",
                violation_error_message=_("The category has this attribute already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.attribute)

    @property
    def seen(self) -> str:
        """All that a form about it shows, to know whether it is still so."""
        return f"{int(self.required)}{int(self.is_variant_axis)}"
