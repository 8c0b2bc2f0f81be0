"""Screens with a form: create, edit, act, delete. Without scripts a page, with htmx the same URL in the dialog."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from uuid import uuid4

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.forms import BaseForm, BaseModelForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import acting
from backoffice.kernel.errors import DomainError, Remedy, StaleRevision
from backoffice.ui import forms, htmx
from backoffice.ui.permissions import may_follow

from .base import ObjectScreen, refuse, url_of
from .conflict import Conflict, resolved


class FormScreen(ObjectScreen):
    """One form and what it does. `perform` does it; everything it raises as DomainError is shown beside the field."""

    template_name: ClassVar[str] = "ui/screens/form.html"
    fields_template: ClassVar[str] = "ui/form_fields.html"
    form_class: ClassVar[type[BaseForm]] = forms.Form
    submit_label: ClassVar[Any] = _("Save")
    danger: ClassVar[bool] = False
    wide: ClassVar[bool] = False
    leave: ClassVar[bool] = False
    changed: ClassVar[str | tuple[str, ...]] = ()

    @cached_property
    def key(self) -> str:
        """A key that is the same however often this one form is sent; for services that take `key`."""
        return self.request.POST.get("_key", "")[:64] or uuid4().hex

    # --- what a screen says ----------------------------------------------------------------------------------------
    def intro(self) -> Any:
        """One sentence below the title."""
        return ""

    def initial(self) -> dict[str, Any]:
        return {}

    def perform(self, form: Any) -> Any:
        """Do it, through one service call; return what came of it."""
        raise NotImplementedError

    def success(self, result: Any) -> Any:
        """What the toast says."""
        return gettext("Saved.")

    def success_url(self, result: Any) -> str:
        """Where a browser without scripts goes then."""
        return url_of(result) or self.cancel_url()

    def cancel_url(self) -> str:
        if self.object is not None and url_of(self.object):
            return url_of(self.object)
        return reverse(self.list_url) if self.list_url else "/"

    def remedies_for(self, error: DomainError) -> Any:
        return error.remedies

    def ways_out(self, remedies: Iterable[Remedy]) -> list[Remedy]:
        """Those that this person may go, so that no refusal leads to another one."""
        shown = (
            one if not one.url or may_follow(self.request.user, one.url) else replace(one, text=one.plain, url="")
            for one in remedies
        )
        return [one for one in shown if one.text]

    # --- how it works ----------------------------------------------------------------------------------------------
    def fragments(self) -> Mapping[str, str]:
        return {htmx.DIALOG: "ui/screens/form.html#dialog"}

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        """The form, bound to data when there is some; a model form gets the object."""
        kwargs: dict[str, Any] = {"initial": self.initial()}
        if issubclass(self.form_class, BaseModelForm):
            kwargs["instance"] = self.object
        return self.form_class(data, files, **kwargs)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(self.get_form())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form(resolved(self, request.POST), request.FILES)
        if not form.is_valid():
            return self.show(form, status=422)
        try:
            with acting(reason=form.cleaned_data.get("reason") or None):
                result = self.perform(form)
        except StaleRevision as error:
            return self.stale(form, error)
        except DomainError as error:
            refuse(form, error)
            return self.show(form, status=error.status, remedies=self.ways_out(self.remedies_for(error)))
        except IntegrityError:
            form.add_error(None, gettext("Another entry got in the way at the same moment. Look again and retry."))
            return self.show(form, status=409)
        if text := self.success(result):
            # What was made is one click away; what was changed is what the person looks at.
            messages.success(request, text, extra_tags=url_of(result) if self.object is None else "")
        changed = self.changed or (self.event if self.model is not None else ())
        return htmx.done(request, to=self.success_url(result), changed=changed, leave=self.leave)

    def show(self, form: BaseForm, status: int = 200, **more: Any) -> HttpResponse:
        return self.render(self.get_context(form=form, **more), status)

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        """Somebody saved before: a record shows theirs and yours, everything else says so and starts again."""
        if isinstance(form, forms.ModelForm):
            # Rules that nobody has set yet have no row.
            conflict = Conflict(self.get_queryset().filter(pk=self.object.pk).first() or self.object, form)
            template = "ui/screens/conflict.html"
            context = self.get_context(form=form, conflict=conflict)
            fragments = {htmx.DIALOG: f"{template}#dialog"}
            return htmx.render(self.request, template, context, fragments=fragments, status=409)
        form.add_error(None, error.message)
        return self.show(form, status=409)

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(intro=self.intro(), cancel_url=self.cancel_url(), key=self.key, **more)


class CreateScreen(FormScreen):
    """A new record, or a new document through a service."""

    @cached_property
    def object(self) -> Any:
        return None

    def get_title(self) -> Any:
        return self.title or gettext("New %s") % self.model._meta.verbose_name

    def perform(self, form: Any) -> Any:
        return form.save()

    def success(self, result: Any) -> Any:
        return gettext("%s saved.") % result


class EditScreen(FormScreen):
    """A change to a record. It carries the revision; a stale one shows theirs and yours."""

    def get_title(self) -> Any:
        return self.title or gettext("Edit %s") % self.object

    def perform(self, form: Any) -> Any:
        return form.save()

    def success(self, result: Any) -> Any:
        return gettext("%s saved.") % result


class ActionScreen(FormScreen):
    """A form with one service behind it. With a `pk` in the URL it is about that object, else about none."""

    submit_label: ClassVar[Any] = _("Do it")

    @cached_property
    def object(self) -> Any:
        return super().object if self.model is not None and "pk" in self.kwargs else None

    def get_title(self) -> Any:
        return self.title or gettext("Are you sure?")

    def success(self, result: Any) -> Any:
        return gettext("Done.")


class DeleteScreen(ActionScreen):
    """Removes a record, after saying what will happen. What others still need is not removed, and why is said."""

    submit_label: ClassVar[Any] = _("Delete")
    danger: ClassVar[bool] = True
    leave: ClassVar[bool] = True
    reason: ClassVar[bool] = False

    def get_title(self) -> Any:
        return self.title or gettext("Delete %s?") % self.object

    def intro(self) -> Any:
        return gettext("This cannot be undone. The history keeps that it was there.")

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form = super().get_form(data, files)
        if self.reason:
            form.fields["reason"] = forms.reason_field()
        return form

    def perform(self, form: Any) -> Any:
        try:
            with transaction.atomic():
                self.object.delete()
        except ProtectedError as error:
            kinds = sorted({str(row._meta.verbose_name_plural) for row in error.protected_objects})
            sentence = gettext("%(thing)s is still used by %(kinds)s, so it stays.")
            raise DomainError(sentence % {"thing": self.object, "kinds": ", ".join(kinds)}) from error
        return None

    def success(self, result: Any) -> Any:
        return gettext("%s deleted.") % self.object

    def success_url(self, result: Any) -> str:
        return reverse(self.list_url) if self.list_url else "/"
