"""The steps of work under way. Times are the server's, so every tablet shows the same clock."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.production.errors import BadPlan
from apps.production.models import WorkOrder, WorkOrderStep
from apps.production.services import work_orders
from apps.production.services.orders_lock import locked
from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import retry_conflict


@retry_conflict
@transaction.atomic
def start(step: WorkOrderStep) -> WorkOrderStep:
    """Somebody begins the step; an order that was only released starts with it. Starting twice is once.

    Raises NotAllowed when the order is not to be worked on, BadPlan while an earlier step is open.
    """
    order = locked(step.work_order)
    if order.status in (WorkOrder.Status.RELEASED, WorkOrder.Status.PAUSED):
        work_orders.resume(order)
    _must_run(order)
    found = order.steps.get(pk=step.pk)
    if found.started_at is None:
        if before := order.steps.filter(position__lt=found.position, finished_at__isnull=True).first():
            raise BadPlan(_("“%(step)s” comes first.") % {"step": before}, field="step")
        actor = current_actor().user
        found.started_at = clock.now()
        found.operator = actor if actor is not None and actor.pk else None
        found.save(update_fields=["started_at", "operator"])
    return found


@retry_conflict
@transaction.atomic
def finish(step: WorkOrderStep) -> WorkOrderStep:
    """The step is done. Finishing twice is once; a step that nobody started began and ended now."""
    order = locked(step.work_order)
    _must_run(order)
    found = order.steps.get(pk=step.pk)
    if found.finished_at is None:
        now = clock.now()
        found.started_at = found.started_at or now
        found.finished_at = now
        found.save(update_fields=["started_at", "finished_at"])
    return found


def _must_run(order: WorkOrder) -> None:
    if order.status not in WorkOrder.RUNNING:
        raise BadPlan(_("%(order)s is %(status)s.") % {"order": order, "status": order.get_status_display()})
