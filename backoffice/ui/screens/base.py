"""What all screens share: a permission that must be named, a title, a way back, and one object or none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.views import View

from backoffice.kernel.compiled import by_key
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.permissions import check

Crumb = tuple[Any, str]


def refuse(form: Any, error: DomainError) -> None:
    """Say beside its field, or above the form, what a rule refused."""
    if error.field in form.fields:
        form.add_error(error.field, error.beside)
    else:
        form.add_error(None, error.message)


@dataclass(frozen=True)
class Badge:
    """A state in one word; tone is ok, warn, bad, info or nothing."""

    text: Any
    tone: str = ""


@dataclass(frozen=True)
class Figure:
    """A number that matters, leading to the list that proves it. `on` marks the one that matters here."""

    label: Any
    value: Any
    note: Any = ""
    url: str = ""
    tone: str = ""
    on: bool = False


@dataclass(frozen=True)
class Fact:
    """A label and its value."""

    label: Any
    value: Any
    url: str = ""


@dataclass(frozen=True)
class Empty:
    """What a list without rows says: what it is for."""

    title: Any
    text: Any = ""


class Screen(View):
    """One page. Subclasses name `permission`; without it there is no view."""

    permission: ClassVar[str] = ""
    title: Any = ""
    icon: ClassVar[str] = ""
    template_name: ClassVar[str] = ""
    list_url: ClassVar[str] = ""
    list_title: ClassVar[Any] = ""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        if not cls.permission:
            raise ImproperlyConfigured(f"{cls.__name__} names no permission.")
        view = super().as_view(**initkwargs)
        view.permission = cls.permission  # type: ignore[attr-defined]
        return view

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return check(request, self.permission) or super().dispatch(request, *args, **kwargs)

    def get_title(self) -> Any:
        """The heading of the page."""
        return self.title

    def breadcrumbs(self) -> list[Crumb]:
        """What lies above this page: label and address each."""
        return [(self.list_title, reverse(self.list_url))] if self.list_url and self.list_title else []

    def get_context(self, **more: Any) -> dict[str, Any]:
        """What the template is given."""
        title = self.get_title()
        return {"screen": self, "title": title, "breadcrumbs": [*self.breadcrumbs(), (title, "")], **more}

    def fragments(self) -> Mapping[str, str]:
        """DOM id → partial, for the parts that htmx may ask for."""
        return {}

    def render(self, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
        return htmx.render(self.request, self.template_name, context, fragments=self.fragments(), status=status)


class ModelScreen(Screen):
    """A screen about rows of one model."""

    model: ClassVar[Any] = None

    def get_queryset(self) -> QuerySet[Any]:
        """The rows that this user may see: the start of everything."""
        return self.model._default_manager.all()

    @property
    def event(self) -> str:
        """The name of `changed:` events about this model."""
        return f"{self.model._meta.app_label}-{self.model._meta.model_name}"

    @property
    def plural(self) -> str:
        return capfirst(str(self.model._meta.verbose_name_plural))


class ObjectScreen(ModelScreen):
    """A screen about one row, named by the `pk` of its URL."""

    @cached_property
    def object(self) -> Any:
        pk = self.kwargs["pk"]
        if type(self).get_queryset is not ModelScreen.get_queryset or not isinstance(pk, int):
            return get_object_or_404(self.get_queryset(), pk=pk)
        for found in by_key(self.model)(pk):
            return found
        raise Http404

    def get_title(self) -> Any:
        return self.title or str(self.object)

    def breadcrumbs(self) -> list[Crumb]:
        crumbs: list[Crumb] = [(self.list_title or self.plural, reverse(self.list_url))] if self.list_url else []
        return [*crumbs, (str(self.object), url_of(self.object))] if self.title and self.object else crumbs

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(object=self.object, **more)


def url_of(thing: Any) -> str:
    """The page of a thing, when it has one."""
    found = getattr(thing, "get_absolute_url", None)
    return str(found()) if isinstance(thing, models.Model) and found else ""


def with_query(request: HttpRequest, drop: Sequence[str] = (), **changes: Any) -> str:
    """The query string of the request with some parts changed; an export and a page never survive a change."""
    query = request.GET.copy()
    for name in ("export", "page", *drop):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = str(value)
    return f"?{query.urlencode()}" if query else "?"
