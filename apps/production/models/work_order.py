"""Work orders: a quantity to make by a time, with frozen copies of what it takes and how it is done."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField, QuantityField, UnitCostField
from backoffice.kernel.models import LedgerRow, Revisioned, TimeStamped

ZERO = Decimal(0)


class WorkOrderQuerySet(models.QuerySet["WorkOrder"]):
    def open(self) -> Self:
        """Neither done nor given up."""
        return self.filter(status__in=WorkOrder.OPEN)

    def counting(self) -> Self:
        """Everything that makes, or made, part of a day's plan."""
        return self.exclude(status__in=[WorkOrder.Status.CANCELLED, WorkOrder.Status.ABORTED])


class WorkOrder(Audited, Revisioned, TimeStamped):
    """An order to make something. `quantity` is what is started, before losses.

    Inputs + operations = outputs + variance, in cents, whenever it is looked at: while work is under way the variance
    of the figures below is what is still in the bowl.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        RELEASED = "released", _("released")
        IN_PROGRESS = "in_progress", _("in progress")
        PAUSED = "paused", _("paused")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")
        ABORTED = "aborted", _("aborted")

    TRANSITIONS = {
        Status.PLANNED: (Status.RELEASED, Status.CANCELLED),
        Status.RELEASED: (Status.IN_PROGRESS, Status.CANCELLED),
        Status.IN_PROGRESS: (Status.PAUSED, Status.DONE, Status.ABORTED),
        Status.PAUSED: (Status.IN_PROGRESS, Status.ABORTED),
    }
    OPEN = (Status.PLANNED, Status.RELEASED, Status.IN_PROGRESS, Status.PAUSED)
    RUNNING = (Status.IN_PROGRESS, Status.PAUSED)

    class Origin(models.TextChoices):
        MANUAL = "manual", _("by hand")
        PLAN = "plan", _("from the plan")
        PRE_ORDER = "pre_order", _("for an order")

    number = models.CharField(_("number"), max_length=20, unique=True)
    product = models.ForeignKey(
        "catalog.Product", models.PROTECT, related_name="work_orders", verbose_name=_("product")
    )
    recipe = models.ForeignKey(
        "production.Recipe", models.PROTECT, related_name="work_orders", verbose_name=_("recipe")
    )
    source = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("materials from"))
    destination = models.ForeignKey("inventory.Location", models.PROTECT, related_name="+", verbose_name=_("output to"))
    quantity = QuantityField(_("quantity"))
    day = models.DateField(_("for the day"))
    due_at = models.DateTimeField(_("due"))
    starts_at = models.DateTimeField(_("starts"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=11, choices=Status, default=Status.PLANNED)
    origin_kind = models.CharField(_("made"), max_length=10, choices=Origin, default=Origin.MANUAL)
    notes = models.TextField(_("notes"), blank=True, max_length=2000)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    planned_cost = MoneyField(_("planned cost"), default=ZERO)
    material_cost = MoneyField(_("materials"), default=ZERO)
    operation_cost = MoneyField(_("operations"), default=ZERO)
    output_value = MoneyField(_("output value"), default=ZERO)
    variance = MoneyField(_("variance"), default=ZERO)

    objects = WorkOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("work order")
        verbose_name_plural = _("work orders")
        permissions = [
            ("release_workorder", _("Can release and cancel work orders")),
            ("run_workorder", _("Can start, report and finish work")),
            ("abort_workorder", _("Can abort work that was started")),
        ]
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="work_order_makes_something"),
            CheckConstraint(
                condition=Q(
                    status__in=["planned", "released", "in_progress", "paused", "done", "cancelled", "aborted"]
                ),
                name="work_order_status_is_known",
            ),
            CheckConstraint(
                condition=Q(variance=F("material_cost") + F("operation_cost") - F("output_value")),
                name="work_order_conserves_value",
            ),
        ]
        indexes = [
            models.Index(fields=["day", "product"], name="work_order_by_day"),
            models.Index(fields=["status", "due_at"], name="work_order_by_status"),
            models.Index(fields=["-id", "status"], name="work_order_newest_first"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("production:work_order_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN


class WorkOrderMaterial(models.Model):
    """What the order takes of a component, in the component's unit, copied from the recipe when it was planned.

    `fixed` is the part of `planned` that does not grow with the quantity.
    """

    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="materials")
    component = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+", verbose_name=_("component"))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    planned = QuantityField(_("planned"))
    fixed = QuantityField(_("of it once an order"), default=ZERO)
    consumed = QuantityField(_("consumed"), default=ZERO)
    planned_unit_cost = UnitCostField(_("planned unit cost"), default=ZERO)
    value = MoneyField(_("cost"), default=ZERO)
    note = models.CharField(_("note"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("material")
        verbose_name_plural = _("materials")
        constraints = [
            UniqueConstraint(fields=["work_order", "component"], name="one_material_per_order_and_component"),
            CheckConstraint(
                condition=Q(planned__gt=0, fixed__gte=0, consumed__gte=0) & Q(fixed__lte=F("planned")),
                name="material_quantities_make_sense",
            ),
        ]

    def __str__(self) -> str:
        return str(self.component)


class WorkOrderStep(models.Model):
    """A step of the recipe as this order does it. Times are the server's."""

    work_order = models.ForeignKey(WorkOrder, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    name = models.CharField(_("step"), max_length=80)
    work_center = models.ForeignKey(
        "production.WorkCenter", models.PROTECT, related_name="order_steps", verbose_name=_("work centre")
    )
    instructions = models.TextField(_("instructions"), blank=True)
    checkpoint = models.CharField(_("check"), max_length=80, blank=True)
    work_minutes = QuantityField(_("minutes of work"), default=ZERO)
    passive_minutes = QuantityField(_("waiting minutes"), default=ZERO)
    hourly_cost = MoneyField(_("cost of an hour"), default=ZERO)
    planned_start = models.DateTimeField(_("planned start"), null=True, blank=True)
    planned_end = models.DateTimeField(_("planned end"), null=True, blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("step of a work order")
        verbose_name_plural = _("steps of work orders")
        constraints = [
            UniqueConstraint(fields=["work_order", "position"], name="order_step_position_is_unique"),
            CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(started_at__isnull=False),
                name="order_step_starts_before_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def minutes(self) -> Decimal:
        """How long it takes from start to end, people's and waiting time."""
        return self.work_minutes + self.passive_minutes


class WorkOrderOutput(LedgerRow):
    """What came out, as it was reported. Written once; one row a grade and report."""

    class Grade(models.TextChoices):
        FIRST = "first", _("good")
        SECOND = "second", _("second grade")
        WASTE = "waste", _("waste")

    work_order = models.ForeignKey(WorkOrder, models.PROTECT, related_name="outputs")
    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="+", verbose_name=_("product"))
    lot = models.ForeignKey(
        "inventory.Lot", models.PROTECT, null=True, blank=True, related_name="production_outputs", verbose_name=_("lot")
    )
    quantity = QuantityField(_("quantity"))
    grade = models.CharField(_("grade"), max_length=6, choices=Grade)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
    reported_at = models.DateTimeField(_("reported"))
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    key = models.CharField(_("key"), max_length=120)
    unit_cost = UnitCostField(_("unit cost"), default=ZERO)
    value = MoneyField(_("value"), default=ZERO)

    class Meta:
        verbose_name = _("output")
        verbose_name_plural = _("outputs")
        constraints = [
            UniqueConstraint(fields=["work_order", "key", "grade"], name="an_output_is_reported_once"),
            CheckConstraint(condition=Q(quantity__gt=0), name="output_quantity_is_positive"),
            CheckConstraint(condition=Q(grade__in=["first", "second", "waste"]), name="output_grade_is_known"),
            CheckConstraint(
                condition=Q(grade="waste", lot__isnull=True, value=0) | ~Q(grade="waste") & Q(lot__isnull=False),
                name="waste_has_neither_lot_nor_value",
            ),
            CheckConstraint(condition=~Q(grade="waste") | ~Q(reason=""), name="waste_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} {self.get_grade_display()}"
