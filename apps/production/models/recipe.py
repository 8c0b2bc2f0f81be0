"""What a product is made of, and how. Versions: one in use at a time, and none changes once it was baked from."""

from decimal import Decimal
from typing import Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import PriceField, QuantityField
from backoffice.kernel.models import Revisioned, TimeStamped


class RecipeQuerySet(models.QuerySet["Recipe"]):
    def in_use(self) -> Self:
        """The versions that work orders are made from today."""
        return self.filter(status=Recipe.Status.ACTIVE)


class Recipe(Audited, Revisioned, TimeStamped):
    """One version of how a product is made.

    `output_quantity`, in the product's unit, is what the lines make before losses; `yield_loss_percent` of it does not
    come out good. Planned quantities are always before losses.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        ACTIVE = "active", _("in use")
        ARCHIVED = "archived", _("archived")

    TRANSITIONS = {
        Status.DRAFT: (Status.ACTIVE, Status.ARCHIVED),
        Status.ACTIVE: (Status.ARCHIVED,),
        Status.ARCHIVED: (Status.ACTIVE,),
    }

    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="recipes", verbose_name=_("product"))
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.DRAFT)
    output_quantity = QuantityField(_("makes"))
    yield_loss_percent = PriceField(
        _("yield loss %"),
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(Decimal("99.9999"))],
        help_text=_("Of what is made, this much does not come out good: it bakes off, sticks, breaks."),
    )
    is_phantom = models.BooleanField(
        _("made within the order"),
        default=False,
        help_text=_("Never stocked: work orders that need it weigh its ingredients themselves."),
    )
    batch_multiple = QuantityField(
        _("batches of"), null=True, blank=True, help_text=_("Suggested quantities are rounded up to a multiple of it.")
    )
    shelf_life_days = models.PositiveSmallIntegerField(
        _("shelf life in days"), null=True, blank=True, help_text=_("Empty: the product's own.")
    )
    notes = models.TextField(_("notes"), blank=True, max_length=4000)
    activated_at = models.DateTimeField(_("in use since"), null=True, blank=True, editable=False)

    objects = RecipeQuerySet.as_manager()

    class Meta:
        verbose_name = _("recipe")
        verbose_name_plural = _("recipes")
        permissions = [("activate_recipe", _("Can put a recipe in use")), ("view_cost", _("Can see what things cost"))]
        constraints = [
            UniqueConstraint(fields=["product", "version"], name="recipe_version_is_unique_per_product"),
            UniqueConstraint(fields=["product"], condition=Q(status="active"), name="one_recipe_in_use_per_product"),
            UniqueConstraint(fields=["product"], condition=Q(status="draft"), name="one_draft_recipe_per_product"),
            CheckConstraint(condition=Q(output_quantity__gt=0), name="recipe_makes_something"),
            CheckConstraint(
                condition=Q(yield_loss_percent__gte=0, yield_loss_percent__lt=100), name="recipe_loss_is_a_percentage"
            ),
            CheckConstraint(
                condition=Q(batch_multiple__isnull=True) | Q(batch_multiple__gt=0), name="recipe_batch_is_positive"
            ),
            CheckConstraint(condition=Q(status__in=["draft", "active", "archived"]), name="recipe_status_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.product} v{self.version}"

    def get_absolute_url(self) -> str:
        return reverse("production:recipe_detail", args=[self.pk])

    @property
    def good_quantity(self) -> Decimal:
        """What comes out good of one batch, unrounded."""
        return self.output_quantity * (100 - self.yield_loss_percent) / 100


class RecipeStep(Audited):
    """One thing to do. Setup and cleanup happen once an order, run time once a batch or for every unit."""

    class Basis(models.TextChoices):
        BATCH = "batch", _("per batch")
        UNIT = "unit", _("per unit")

    recipe = models.ForeignKey(Recipe, models.CASCADE, related_name="steps", verbose_name=_("recipe"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name = models.CharField(_("step"), max_length=80)
    work_center = models.ForeignKey(
        "production.WorkCenter", models.PROTECT, related_name="recipe_steps", verbose_name=_("work centre")
    )
    basis = models.CharField(_("run time"), max_length=5, choices=Basis, default=Basis.BATCH)
    setup_minutes = QuantityField(_("setup minutes"), default=Decimal(0))
    run_minutes = QuantityField(_("run minutes"), default=Decimal(0))
    cleanup_minutes = QuantityField(_("cleanup minutes"), default=Decimal(0))
    passive_minutes = QuantityField(
        _("waiting minutes"), default=Decimal(0), help_text=_("Proofing, cooling: time passes, nobody is at it.")
    )
    instructions = models.TextField(_("instructions"), blank=True, max_length=2000)
    checkpoint = models.CharField(
        _("check"), max_length=80, blank=True, help_text=_("What to look at, for example: core at least 96 °C.")
    )

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            UniqueConstraint(fields=["recipe", "position"], name="step_position_is_unique_per_recipe"),
            CheckConstraint(
                condition=Q(setup_minutes__gte=0, run_minutes__gte=0, cleanup_minutes__gte=0, passive_minutes__gte=0),
                name="step_minutes_are_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RecipeLine(Audited):
    """One thing that goes in: an ingredient, or a product with a recipe of its own."""

    recipe = models.ForeignKey(Recipe, models.CASCADE, related_name="lines", verbose_name=_("recipe"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    component = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="used_in_lines", verbose_name=_("component")
    )
    quantity = QuantityField(_("quantity"))
    unit = models.ForeignKey("catalog.Unit", models.PROTECT, related_name="+", verbose_name=_("unit"))
    attrition_percent = PriceField(
        _("attrition %"),
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(Decimal("999.9999"))],
        help_text=_("What is taken beyond what goes in: peel, shell, what stays in the bowl."),
    )
    is_setup = models.BooleanField(
        _("once an order"), default=False, help_text=_("Does not grow with the quantity: flour for the bench.")
    )
    is_optional = models.BooleanField(_("optional"), default=False)
    step = models.ForeignKey(
        RecipeStep, models.SET_NULL, null=True, blank=True, related_name="lines", verbose_name=_("step")
    )
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("recipe line")
        verbose_name_plural = _("recipe lines")
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="recipe_line_quantity_is_positive"),
            CheckConstraint(condition=Q(attrition_percent__gte=0), name="attrition_is_not_negative"),
        ]

    def __str__(self) -> str:
        return str(self.component)
