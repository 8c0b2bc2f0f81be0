"""One verb for many rows: the ticked ones, or all that match. The filter is applied again; its rows do not travel."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext, ngettext

from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError
from backoffice.ui import forms, htmx
from backoffice.ui.permissions import may

from .base import ModelScreen, refuse

LIMIT = 2_000


@dataclass(frozen=True)
class BulkAction:
    """A verb of a list. `service(row, **form.cleaned_data)` runs once for every row, each in its own savepoint.

    With `whole` it runs once for all of them, however many, as `service(rows, **form.cleaned_data)`, and answers the
    address where the work goes on. Who wants it needs the rights of `also` besides.

    `many` is the same for more rows than can be done while a person waits, for who has the rights of `many_rights`.
    """

    key: str
    label: Any
    permission: str
    service: Callable[..., Any]
    form_class: type[BaseForm] = forms.Form
    icon: str = ""
    danger: bool = False
    whole: bool = False
    also: tuple[str, ...] = ()
    many: Callable[..., str] | None = None
    many_rights: tuple[str, ...] = ()

    def allowed_to(self, user: Any) -> bool:
        return all(may(user, right) for right in (self.permission, *self.also))

    def takes_many(self, user: Any) -> bool:
        """Whether this person may hand over more rows than are done at once."""
        return self.whole or (self.many is not None and all(may(user, right) for right in self.many_rights))


@dataclass(frozen=True)
class Refused:
    """A row that the rules kept as it is, and why."""

    row: Any
    sentence: str


def ticked(request: HttpRequest, visible: QuerySet[Any]) -> QuerySet[Any]:
    """The rows whose boxes were ticked, of those that the user may see."""
    ids = [pk for pk in request.POST.getlist("ids")[:LIMIT] if pk.isascii() and pk.isdigit() and len(pk) < 19]
    return visible.filter(pk__in=ids)


def confirm_or_run(screen: Any, action: BulkAction, *, visible: QuerySet[Any], matching: QuerySet[Any]) -> HttpResponse:
    """The page that says how many rows it will be; with `confirm`, do it and say what was refused.

    `visible` are the rows the user may see, `matching` those of the list as it is filtered.
    """
    request: HttpRequest = screen.request
    if not action.allowed_to(request.user):
        raise PermissionDenied
    rows = matching if request.POST.get("scope") == "all" else ticked(request, visible)
    sent = "confirm" in request.POST
    form = action.form_class(request.POST if sent else None)
    if not sent or not form.is_valid():
        return _ask(screen, action, form, rows, matching, status=422 if sent else 200)
    count = rows.count()
    asked = request.POST.get("asked", "")
    if request.POST.get("scope") == "all" and asked.isdecimal() and asked != str(count):
        sentence = gettext("Meanwhile %(count)s rows match the filter, not %(asked)s. Please look again.")
        form.add_error(None, sentence % {"count": count, "asked": asked})
        return _ask(screen, action, form, rows, matching, status=422)
    if action.whole:
        return _hand_over(screen, action, action.service, form, rows, matching)
    if count > LIMIT and action.many is not None and action.takes_many(request.user):
        return _hand_over(screen, action, action.many, form, rows, matching)
    if count > LIMIT:
        sentence = gettext("%(count)s rows are too many at once; narrow the list down to %(limit)s.")
        form.add_error(None, sentence % {"count": count, "limit": LIMIT})
        return _ask(screen, action, form, rows, matching, status=422)
    done, same, refused = run(action, rows, form)
    if done:
        said = ngettext("%(label)s: %(count)s row.", "%(label)s: %(count)s rows.", done)
        messages.success(request, said % {"label": action.label, "count": done})
    if same:
        said = ngettext("%(count)s row was so already.", "%(count)s rows were so already.", same)
        messages.info(request, said % {"count": same})
    if not refused:
        return htmx.done(request, to=screen.address, changed=screen.event)
    context = screen.get_context(action=action, done=done, refused=refused, back=screen.address)
    page = "ui/screens/bulk_result.html"
    response = htmx.render(request, page, context, fragments={htmx.DIALOG: f"{page}#dialog"})
    if done:
        htmx.tell(response, screen.event)
    return response


def run(action: BulkAction, rows: QuerySet[Any], form: BaseForm) -> tuple[int, int, list[Refused]]:
    """Apply the verb to every row. A refused row does not undo the others.

    How many were changed, and how many were so already: those whose service answers with the revision they had.
    """
    done, same, refused = 0, 0, []
    values = form.cleaned_data
    for row in rows:
        before = row.__dict__.get("revision")
        try:
            with transaction.atomic(), acting(reason=values.get("reason") or None):
                answer = action.service(row, **values)
        except DomainError as error:
            refused.append(Refused(row, error.message))
            continue
        if before is not None and getattr(answer, "revision", None) == before:
            same += 1
        else:
            done += 1
    return done, same, refused


def _hand_over(
    screen: Any, action: BulkAction, service: Callable[..., str], form: BaseForm, rows: QuerySet[Any],
    matching: QuerySet[Any],
) -> HttpResponse:  # fmt: skip
    try:
        to = service(rows, **form.cleaned_data)
    except DomainError as error:
        refuse(form, error)
        return _ask(screen, action, form, rows, matching, status=error.status)
    return htmx.done(screen.request, to=to, leave=True)


def _ask(
    screen: Any, action: BulkAction, form: BaseForm, rows: QuerySet[Any], matching: QuerySet[Any], *, status: int
) -> HttpResponse:
    request: HttpRequest = screen.request
    context = screen.get_context(
        action=action,
        form=form,
        count=rows.count(),
        sample=list(rows[:8]),
        ids=request.POST.getlist("ids")[:LIMIT],
        matching=matching.count(),
        is_many=action.many is not None and action.takes_many(request.user) and matching.count() > LIMIT,
        scope=request.POST.get("scope", ""),
        back=screen.address,
        address=request.get_full_path(),
    )
    page = "ui/screens/bulk.html"
    return htmx.render(request, page, context, fragments={htmx.DIALOG: f"{page}#dialog"}, status=status)


class BulkScreen(ModelScreen):
    """A bulk action at an address of its own. The query string is the list's, and filters in the same way."""

    list_class: ClassVar[Any] = None
    action: ClassVar[BulkAction | None] = None
    http_method_names = ["post", "options"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        listed = self.list_class()
        listed.setup(request, *args, **kwargs)
        assert self.action is not None, "A BulkScreen names its action."
        return confirm_or_run(listed, self.action, visible=listed.get_queryset(), matching=listed.matching())
