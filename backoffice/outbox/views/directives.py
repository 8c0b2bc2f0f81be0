"""The console: every job, what became of it, and what a person can do about it."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.kernel import clock
from backoffice.outbox.filters import DirectiveFilter
from backoffice.outbox.models import Directive
from backoffice.outbox.selectors import queue
from backoffice.outbox.services import operations
from backoffice.outbox.tables import TONES, DirectiveTable
from backoffice.ui import forms
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    Badge,
    BulkAction,
    DetailScreen,
    Empty,
    Fact,
    HistoryScreen,
    ListScreen,
    SavedView,
    Tab,
)

VIEW, CHANGE = "outbox.view_directive", "outbox.change_directive"
Status = Directive.Status


def _in(*states: str) -> Any:
    return lambda rows: rows.filter(status__in=states)


class WhyForm(forms.Form):
    """A reason, for the history."""

    reason = forms.reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = False


class DirectiveList(ListScreen):
    model = Directive
    permission = VIEW
    title = gettext_lazy("Jobs")
    icon = "list-checks"
    table_class = DirectiveTable
    filter_class = DirectiveFilter
    export = False
    saved_views = [
        SavedView("waiting", gettext_lazy("Waiting"), _in(Status.QUEUED, Status.FAILED)),
        SavedView("running", gettext_lazy("Running"), _in(Status.RUNNING)),
        SavedView("stuck", gettext_lazy("Need a person"), _in(Status.DEAD, Status.PARKED)),
        SavedView("dead", gettext_lazy("Given up"), _in(Status.DEAD)),
        SavedView("parked", gettext_lazy("Parked"), _in(Status.PARKED)),
        SavedView("done", gettext_lazy("Done"), _in(Status.DONE)),
        SavedView("cancelled", gettext_lazy("Cancelled"), _in(Status.CANCELLED)),
    ]
    bulk_actions = [
        BulkAction("retry", gettext_lazy("Try again"), CHANGE, operations.retry, WhyForm, icon="rotate-ccw"),
        BulkAction("cancel", gettext_lazy("Cancel"), CHANGE, operations.cancel, WhyForm, icon="ban", danger=True),
    ]
    empty = Empty(
        gettext_lazy("No jobs"),
        gettext_lazy(
            "What the program does after the fact (points, messages, imports) is listed here, with its outcome."
        ),
    )

    def get_queryset(self) -> QuerySet[Directive]:
        return Directive.objects.select_related("actor").prefetch_related("origin")

    def lead(self) -> str:
        now = queue.state()
        if not now.due + now.running + now.dead + now.parked:
            return _("Everything is worked off.")
        parts = []
        if now.due and now.oldest_due:
            text = ngettext(
                "%(count)s job is due, for %(age)s", "%(count)s jobs are due, the oldest for %(age)s", now.due
            )
            parts.append(text % {"count": now.due, "age": timesince(now.oldest_due, clock.now(), depth=1)})
        if now.running:
            parts.append(
                ngettext("%(count)s is running", "%(count)s are running", now.running) % {"count": now.running}
            )
        if now.dead:
            parts.append(ngettext("%(count)s was given up", "%(count)s were given up", now.dead) % {"count": now.dead})
        if now.parked:
            parts.append(ngettext("%(count)s is parked", "%(count)s are parked", now.parked) % {"count": now.parked})
        return f"{', '.join(parts)}."


class DirectiveDetail(DetailScreen):
    model = Directive
    permission = VIEW
    template_name = "outbox/directive_detail.html"
    icon = "list-checks"
    list_url = "outbox:directive_list"
    list_title = gettext_lazy("Jobs")
    tabs = [
        Tab("overview", gettext_lazy("Overview"), "outbox:directive_detail"),
        Tab("history", gettext_lazy("History"), "outbox:directive_history"),
    ]
    actions = [
        Action(gettext_lazy("Try again"), "outbox:directive_retry", CHANGE, icon="rotate-ccw", to=Status.QUEUED,
               primary=True),
        Action(gettext_lazy("Cancel"), "outbox:directive_cancel", CHANGE, icon="ban", to=Status.CANCELLED, danger=True),
    ]  # fmt: skip

    def get_queryset(self) -> QuerySet[Directive]:
        return Directive.objects.select_related("actor", "origin_type")

    def badge(self) -> Badge:
        return Badge(self.object.get_status_display(), TONES.get(self.object.status, "ok"))

    def meta(self) -> Sequence[Any]:
        issued = date_format(clock.local(self.object.created_at), "SHORT_DATETIME_FORMAT")
        return [_("issued %(when)s") % {"when": issued}, self.object.actor or ""]

    def facts(self) -> Sequence[Fact]:
        job = self.object
        origin = job.origin
        url = origin.get_absolute_url() if origin is not None and hasattr(origin, "get_absolute_url") else ""
        attempts = _("%(attempts)s of at most %(most)s") % {"attempts": job.attempts, "most": job.max_attempts}
        crashes = ngettext("%(count)s crash", "%(count)s crashes", job.crashes) % {"count": job.crashes}
        facts = [
            Fact(_("Caused by"), origin or "–", url),
            Fact(_("Attempts"), f"{attempts}, {crashes}" if job.crashes else attempts),
            Fact(_("Next try") if job.status == Status.FAILED else _("Due"), _moment(job.available_at)),
            Fact(_("Lease until"), _moment(job.lease_until)),
            Fact(_("Started"), _moment(job.started_at)),
            Fact(_("Finished"), _moment(job.finished_at)),
            Fact(_("By"), job.actor or _("the system")),
            Fact(_("Reason"), job.reason or "–"),
            Fact(_("Trace"), job.trace_id),
        ]
        return [*facts, Fact(_("Once per"), job.dedupe_key)] if job.dedupe_key else facts

    def get_context(self, **more: Any) -> dict[str, Any]:
        payload = json.dumps(self.object.payload, indent=2, ensure_ascii=False, sort_keys=True)
        errors = [{**error, "when": datetime.fromisoformat(error["at"])} for error in reversed(self.object.errors)]
        return super().get_context(payload=payload, errors=errors, **more)


def _moment(at: Any) -> str:
    return date_format(clock.local(at), "DATETIME_FORMAT") if at else "–"


class DirectiveHistory(HistoryScreen):
    model = Directive
    permission = VIEW
    detail_class = DirectiveDetail
    list_url = "outbox:directive_list"


class DirectiveRetry(ActionScreen):
    model = Directive
    permission = CHANGE
    title = gettext_lazy("Try again")
    form_class = WhyForm
    submit_label = gettext_lazy("Try again")
    list_url = "outbox:directive_list"

    def intro(self) -> str:
        return _("%(job)s goes back into the queue and is carried out now.") % {"job": self.object}

    def perform(self, form: Any) -> Directive:
        return operations.retry(self.object)

    def success(self, result: Any) -> str:
        return _("%(job)s is in the queue again.") % {"job": result}


class DirectiveCancel(ActionScreen):
    model = Directive
    permission = CHANGE
    title = gettext_lazy("Cancel job")
    form_class = WhyForm
    submit_label = gettext_lazy("Cancel job")
    danger = True
    list_url = "outbox:directive_list"

    def intro(self) -> str:
        return _("%(job)s will not be carried out. What it has already committed stays.") % {"job": self.object}

    def perform(self, form: Any) -> Directive:
        return operations.cancel(self.object)

    def success(self, result: Any) -> str:
        return _("%(job)s is cancelled.") % {"job": result}
