"""People who work here, for whoever manages them."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.accounts import roles, services
from backoffice.accounts.forms import NewPersonForm, PasswordForm, PersonForm
from backoffice.accounts.models import User
from backoffice.accounts.tables import PersonFilter, PersonTable
from backoffice.ui import htmx
from backoffice.ui.actions import Action
from backoffice.ui.permissions import command
from backoffice.ui.screens import (
    ActionScreen,
    Badge,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Fact,
    HistoryScreen,
    ListScreen,
    SavedView,
    Tab,
)
from backoffice.ui.templatetags.ui import since


def _page(user: User) -> str:
    return reverse("accounts:user_detail", args=[user.pk])


def _after(request: HttpRequest, user: User) -> User:
    """All sessions of the person are ended. Who changed oneself stays in here, under another key, if they may."""
    if user.pk == request.user.pk:
        if user.is_active:
            update_session_auth_hash(request, user)
        else:
            logout(request)
    return user


class PersonList(ListScreen):
    """Who may log in."""

    model = User
    permission = "accounts.view_user"
    title = _("People")
    icon = "user-cog"
    table_class = PersonTable
    filter_class = PersonFilter
    create = Action(_("New person"), "accounts:user_create", "accounts.add_user", icon="plus", primary=True)
    saved_views = [SavedView("active", _("May log in"), lambda people: people.filter(is_active=True))]

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.prefetch_related("groups")


class PersonPage(DetailScreen):
    """One person: roles, last login, what may be done."""

    model = User
    permission = "accounts.view_user"
    list_url, list_title = "accounts:user_list", _("People")
    icon = "user"
    tabs = [
        Tab("overview", _("Overview"), "accounts:user_detail"),
        Tab("history", _("History"), "accounts:user_history"),
    ]
    actions = [
        Action(_("Edit"), "accounts:user_edit", "accounts.change_user", icon="pencil", primary=True),
        Action(_("New password…"), "accounts:user_password", "accounts.change_user", icon="key-round"),
        Action(
            _("Let in again"),
            "accounts:user_reactivate",
            "accounts.change_user",
            icon="user-check",
            post=True,
            when=lambda user: not user.is_active,
        ),
        Action(
            _("Shut out…"),
            "accounts:user_deactivate",
            "accounts.change_user",
            icon="user-x",
            danger=True,
            when=lambda user: user.is_active,
        ),
    ]

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.prefetch_related("groups")

    def badge(self) -> Badge:
        return Badge(gettext("may log in"), "ok") if self.object.is_active else Badge(gettext("shut out"), "bad")

    def meta(self) -> Sequence[Any]:
        return [self.object.username, ", ".join(roles.titles(self.object)) or gettext("no role")]

    def facts(self) -> Sequence[Fact]:
        user = self.object
        return [
            Fact(_("E-mail"), user.email or "–"),
            Fact(_("Language"), user.get_language_display() or gettext("the house's")),
            Fact(_("Last login"), since(user.last_login) if user.last_login else gettext("never")),
            Fact(_("Here since"), since(user.date_joined)),
        ]


class PersonHistory(HistoryScreen):
    """Who changed what about this person."""

    model = User
    permission = "accounts.view_user"
    detail_class = PersonPage
    list_url, list_title = "accounts:user_list", _("People")
    reasons_count = True  # roles and passwords are no columns that are kept


class PersonCreate(CreateScreen):
    """A new person, with roles and a first password."""

    model = User
    permission = "accounts.add_user"
    title = _("New person")
    list_url, list_title = "accounts:user_list", _("People")
    form_class = NewPersonForm

    def perform(self, form: NewPersonForm) -> User:
        return services.create(**form.cleaned_data)

    def success_url(self, result: User) -> str:
        return _page(result)


class PersonEdit(EditScreen):
    """Name, language and roles."""

    model = User
    permission = "accounts.change_user"
    list_url, list_title = "accounts:user_list", _("People")
    form_class = PersonForm

    def perform(self, form: PersonForm) -> User:
        return _after(self.request, services.update(self.object, **form.cleaned_data))

    def success_url(self, result: User) -> str:
        return _page(result)

    def cancel_url(self) -> str:
        return _page(self.object)


class PersonPassword(ActionScreen):
    """A new password for somebody who lost theirs."""

    model = User
    permission = "accounts.change_user"
    list_url, list_title = "accounts:user_list", _("People")
    form_class = PasswordForm
    submit_label = _("Set password")

    def get_title(self) -> Any:
        return gettext("New password for %s") % self.object

    def perform(self, form: PasswordForm) -> User:
        return _after(self.request, services.set_password(self.object, password=form.cleaned_data["password"]))

    def success(self, result: User) -> str:
        return gettext("%s has a new password.") % result

    def success_url(self, result: User) -> str:
        return _page(result)

    def cancel_url(self) -> str:
        return _page(self.object)


class PersonDeactivate(ActionScreen):
    """Shut somebody out."""

    model = User
    permission = "accounts.change_user"
    list_url, list_title = "accounts:user_list", _("People")
    submit_label = _("Shut out")
    danger = True

    def get_title(self) -> Any:
        return gettext("Shut %s out?") % self.object

    def intro(self) -> Any:
        return gettext("They are logged out everywhere and cannot log in. What they did stays under their name.")

    def perform(self, form: Any) -> User:
        return _after(self.request, services.deactivate(self.object))

    def success(self, result: User) -> str:
        return gettext("%s cannot log in any more.") % result

    def success_url(self, result: User) -> str:
        return _page(result)

    def cancel_url(self) -> str:
        return _page(self.object)


@command("accounts.change_user")
def reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody in again."""
    user = services.reactivate(get_object_or_404(User, pk=pk))
    messages.success(request, gettext("%s may log in again.") % user)
    return htmx.done(request, to=_page(user), changed="accounts-user")
