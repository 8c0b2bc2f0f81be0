"""Work orders: the list, the page, and every verb of their life."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from apps.production.filters import WorkOrderFilter
from apps.production.forms import AbortForm, CancelForm, FinishForm, ReportForm, WorkOrderEditForm, WorkOrderForm
from apps.production.models import WorkOrder
from apps.production.selectors import work_orders as reads
from apps.production.services import work_orders
from apps.production.tables import TONES, WorkOrderTable
from apps.production.views import work_order_page
from backoffice.kernel import clock, money
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    Badge,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    HistoryScreen,
    ListScreen,
    SavedView,
)

CHANGED = ("production-workorder", "inventory-hold", "inventory-stockbalance")
PAGE = "production/work_order.html"


class WorkOrderList(ListScreen):
    model = WorkOrder
    permission = "production.view_workorder"
    title = gettext_lazy("Work orders")
    icon = "clipboard-list"
    table_class = WorkOrderTable
    filter_class = WorkOrderFilter
    search_label = gettext_lazy("Search number or product")
    create = Action(
        gettext_lazy("New work order"), "production:work_order_create", "production.add_workorder", icon="plus"
    )
    actions = [
        Action(
            gettext_lazy("Plan"),
            "production:plan_today",
            "production.view_planline",
            icon="calendar-range",
            dialog=False,
        ),
        Action(gettext_lazy("Floor"), "production:floor", "production.run_workorder", icon="flame", dialog=False),
    ]
    saved_views = [
        SavedView(
            "open", pgettext_lazy("several work orders", "Open"), lambda rows: rows.filter(status__in=WorkOrder.OPEN)
        ),
        SavedView("today", gettext_lazy("Today"), lambda rows: rows.filter(day=clock.today())),
        SavedView("late", gettext_lazy("Late"), reads.late),
        SavedView("done", gettext_lazy("Done"), lambda rows: rows.filter(status=WorkOrder.Status.DONE)),
    ]
    empty = Empty(
        gettext_lazy("No work orders yet"),
        gettext_lazy("A work order makes a quantity of something by its recipe, and keeps cost and trace."),
    )

    def get_queryset(self) -> QuerySet[WorkOrder]:
        return reads.listed()


def _state(order: WorkOrder) -> Badge:
    return Badge(order.get_status_display().capitalize(), TONES.get(order.status, ""))


class WorkOrderDetail(DetailScreen):
    model = WorkOrder
    permission = "production.view_workorder"
    list_url = "production:work_order_list"
    template_name = PAGE
    panels = "production.workorder"
    actions = [
        Action(gettext_lazy("Batch sheet"), "production:batch_sheet", icon="printer", dialog=False),
        Action(
            gettext_lazy("Labels"), "production:order_labels", icon="tag", dialog=False,
            when=lambda order: order.outputs.filter(lot__isnull=False).exists(),
        ),
        Action(
            gettext_lazy("Release"), "production:work_order_release", "production.release_workorder", icon="send",
            post=True, primary=True, to="released",
        ),
        Action(
            gettext_lazy("Start"), "production:work_order_start", "production.run_workorder", icon="play", post=True,
            primary=True, when=lambda order: order.status == "released",
        ),
        Action(
            gettext_lazy("Resume"), "production:work_order_resume", "production.run_workorder", icon="play", post=True,
            primary=True, when=lambda order: order.status == "paused",
        ),
        Action(
            gettext_lazy("Report"), "production:work_order_report", "production.run_workorder", icon="clipboard-pen",
            when=lambda order: order.status in WorkOrder.RUNNING,
        ),
        Action(
            gettext_lazy("Finish"), "production:work_order_finish", "production.run_workorder", icon="check",
            primary=True, to="done",
        ),
        Action(
            gettext_lazy("Pause"), "production:work_order_pause", "production.run_workorder", icon="pause", post=True,
            to="paused",
        ),
        Action(gettext_lazy("Edit"), "production:work_order_edit", "production.change_workorder", icon="pencil",
               when=lambda order: order.is_open),
        Action(gettext_lazy("History"), "production:work_order_history", icon="history", dialog=False),
        Action(
            gettext_lazy("Cancel"), "production:work_order_cancel", "production.release_workorder", icon="x",
            danger=True, to="cancelled",
        ),
        Action(
            gettext_lazy("Abort"), "production:work_order_abort", "production.abort_workorder", icon="octagon-x",
            danger=True, to="aborted",
        ),
    ]  # fmt: skip

    def get_queryset(self) -> QuerySet[WorkOrder]:
        return WorkOrder.objects.select_related("product__unit", "product__category", "recipe", "source", "destination")

    def fragments(self) -> Mapping[str, str]:
        return {"order": f"{PAGE}#order"}

    def badge(self) -> Badge:
        return _state(self.object)

    def thumb(self) -> tuple[str, str]:
        return self.object.product.shown_icon, self.object.product.hue

    def get_context(self, **more: Any) -> dict[str, Any]:
        order = self.object
        sheet = reads.sheet(order)
        return super().get_context(
            sheet=sheet,
            sees_cost=may(self.request.user, "production.view_cost"),
            page=work_order_page.build(order, sheet),
            **more,
        )

    def head(self) -> dict[str, Any]:
        return {**super().head(), "heading": f"{self.object.number} {self.object.product}"}

    def meta(self) -> Sequence[Any]:
        order = self.object
        return [
            _("Recipe v%(version)s") % {"version": order.recipe.version},
            _("due %(when)s") % {"when": date_format(clock.local(order.due_at), "SHORT_DATETIME_FORMAT")},
            f"{order.source} → {order.destination}",
            order.get_origin_kind_display(),
        ]


class WorkOrderHistory(HistoryScreen):
    model = WorkOrder
    permission = "production.view_workorder"
    list_url = "production:work_order_list"
    detail_class = WorkOrderDetail


class WorkOrderCreate(CreateScreen):
    model = WorkOrder
    permission = "production.add_workorder"
    list_url = "production:work_order_list"
    form_class = WorkOrderForm
    leave = True

    def initial(self) -> dict[str, Any]:
        asked = self.request.GET
        found: dict[str, Any] = {"due_at": clock.local(clock.now()) + timedelta(hours=4)}
        if asked.get("product", "").isdigit():
            found["product"] = int(asked["product"])
        if quantity := asked.get("quantity"):
            found["quantity"] = quantity
        return found

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        return self.form_class(data, files, initial=self.initial())

    def perform(self, form: Any) -> WorkOrder:
        return work_orders.plan(**_plan_arguments(form), key=self.key)


def _plan_arguments(form: Any) -> dict[str, Any]:
    data = form.cleaned_data
    return {name: data[name] for name in ("product", "quantity", "due_at", "source", "destination", "notes")}


class WorkOrderEdit(EditScreen):
    model = WorkOrder
    permission = "production.change_workorder"
    list_url = "production:work_order_list"
    form_class = WorkOrderEditForm
    changed = CHANGED

    def get_queryset(self) -> QuerySet[WorkOrder]:
        return WorkOrder.objects.select_related("product__unit")

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        order = self.object
        names = ("quantity", "due_at", "source", "destination", "notes", "revision")
        return WorkOrderEditForm(data, order=order, initial={name: getattr(order, name) for name in names})

    def perform(self, form: Any) -> WorkOrder:
        names = ("quantity", "due_at", "source", "destination", "notes")
        given = {name: form.cleaned_data[name] for name in names if name in form.cleaned_data}
        return work_orders.change(self.object, revision=form.cleaned_data["revision"], **given)


def _verb(name: str, permission: str, service: Callable[..., WorkOrder], sentence: Any) -> Any:
    """A command that moves an order on and says so. The revision counts when the page sends one."""

    @command(permission)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        order = get_object_or_404(WorkOrder.objects.select_related("product"), pk=pk)
        seen = request.POST.get("revision", "")
        service(order, revision=int(seen) if seen.isdigit() else None)
        messages.success(
            request, sentence % {"order": order, "product": order.product}, extra_tags=order.get_absolute_url()
        )
        return htmx.done(
            request,
            to=(request.POST.get("next_page") == "floor" and reverse("production:floor")) or order,
            changed=CHANGED,
        )

    view.__name__ = name
    return view


release = _verb(
    "release", "production.release_workorder", work_orders.release,
    gettext_lazy("%(order)s released: materials are held."),
)  # fmt: skip
start = _verb("start", "production.run_workorder", work_orders.start, gettext_lazy("%(order)s %(product)s started."))
pause = _verb("pause", "production.run_workorder", work_orders.pause, gettext_lazy("%(order)s paused."))
resume = _verb("resume", "production.run_workorder", work_orders.resume, gettext_lazy("%(order)s goes on."))


class OrderAction(ActionScreen):
    """A form about one order."""

    model = WorkOrder
    permission = "production.run_workorder"
    list_url = "production:work_order_list"
    changed = CHANGED

    def get_queryset(self) -> QuerySet[WorkOrder]:
        return WorkOrder.objects.select_related("product__unit", "recipe")

    @cached_property
    def reported(self) -> Any:
        return sum(self.object.outputs.values_list("quantity", flat=True), start=0)


class WorkOrderReport(OrderAction):
    title = gettext_lazy("Report what came out")
    form_class = ReportForm
    submit_label = gettext_lazy("Report")

    def intro(self) -> str:
        return work_order_page.progress(self.object, self.reported)

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        return ReportForm(data, unit=self.object.product.unit.code)

    def perform(self, form: Any) -> WorkOrder:
        work_orders.report(self.object, outputs=form.outputs(), key=self.key)
        return self.object

    def success(self, result: WorkOrder) -> str:
        return _("%(order)s: reported. Stock and cost are booked.") % {"order": result}


class WorkOrderFinish(OrderAction):
    title = gettext_lazy("Finish")
    form_class = FinishForm
    submit_label = gettext_lazy("Finish")

    def get_title(self) -> str:
        return _("Finish %(order)s") % {"order": self.object}

    def intro(self) -> str:
        return work_order_page.progress(self.object, self.reported)

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        rest = max(work_order_page.expected_good(self.object) - self.reported, 0)
        form = FinishForm(
            data, unit=self.object.product.unit.code, initial={"first": rest or None, "revision": self.object.revision}
        )
        if data is None:
            form.fields.pop("confirmed")
        return form

    def perform(self, form: Any) -> WorkOrder:
        return work_orders.finish(
            self.object,
            revision=form.cleaned_data["revision"],
            key=self.key,
            outputs=form.outputs(),
            confirmed=bool(form.cleaned_data.get("confirmed")),
        )

    def success(self, result: WorkOrder) -> str:
        if not may(self.request.user, "production.view_cost"):
            return _("%(order)s finished.") % {"order": result}
        cost = money.format_money(result.material_cost + result.operation_cost)
        return _("%(order)s finished at a cost of %(cost)s.") % {"order": result, "cost": cost}


class WorkOrderCancel(OrderAction):
    permission = "production.release_workorder"
    title = gettext_lazy("Cancel the work order")
    form_class = CancelForm
    submit_label = gettext_lazy("Cancel it")
    danger = True

    def intro(self) -> str:
        return _("%(order)s will not be made. Its materials are free again, and nothing is expected of it.") % {
            "order": self.object
        }

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}

    def perform(self, form: Any) -> WorkOrder:
        return work_orders.cancel(
            self.object, revision=form.cleaned_data["revision"], reason=form.cleaned_data["reason"]
        )


class WorkOrderAbort(OrderAction):
    permission = "production.abort_workorder"
    title = gettext_lazy("Abort the work")
    form_class = AbortForm
    submit_label = gettext_lazy("Abort")
    danger = True

    def intro(self) -> str:
        return _("%(order)s ends here. What was used and is lost is posted and stays as variance.") % {
            "order": self.object
        }

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}

    def perform(self, form: Any) -> WorkOrder:
        data = form.cleaned_data
        return work_orders.abort(
            self.object, revision=data["revision"], reason=data["reason"], used_all=bool(data["used_all"])
        )
