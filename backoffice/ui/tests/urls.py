"""Screens of the tests, over users: the one model that this room may know. The frame's other pages have stand-ins."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from backoffice.kernel.errors import DomainError, Remedy
from backoffice.ui import htmx
from backoffice.ui.filters import ChoiceFilter, DateRangeFilter, FilterSet, MultipleChoiceFilter
from backoffice.ui.forms import Form, ModelForm, QuantityFormField, reason_field
from backoffice.ui.permissions import command, public, requires, signed_in
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    Badge,
    BulkAction,
    BulkScreen,
    CreateScreen,
    DeleteScreen,
    DetailScreen,
    EditScreen,
    Fact,
    Figure,
    HistoryScreen,
    InlineScreen,
    ListScreen,
    SavedView,
    Tab,
)
from backoffice.ui.tables import BadgeColumn, BoolColumn, Column, InlineColumn, Table, WhatColumn

User: Any = get_user_model()
VIEW, CHANGE, ADD, DELETE = (f"accounts.{verb}_user" for verb in ("view", "change", "add", "delete"))


def page_of(user: Any) -> str:
    return f"/test/users/{user.pk}/"


def silence(user: Any, reason: str) -> None:
    if user.username == "boss":
        raise DomainError("The boss stays.")
    user.is_active = False
    user.save(update_fields=["is_active"])


class UserTable(Table):
    who = WhatColumn("name", meta="username", thumb=lambda user: ("user", ""))
    email = InlineColumn("test_inline", CHANGE, column=Column())
    theme = BadgeColumn(tones={"dark": "info"}, quiet={"system"})
    is_active = BoolColumn()
    initials = Column()

    row_url = staticmethod(page_of)
    row_actions = [Action("Edit", "test_edit", CHANGE, icon="pencil")]

    class Meta:
        model = User
        order_by = "who"


class UserFilter(FilterSet):
    search_fields = ("name", "username")
    facets = ("theme",)
    theme = MultipleChoiceFilter(choices=User.Theme.choices)
    joined = DateRangeFilter("date_joined", instant=True)
    density = ChoiceFilter(choices=User.Density.choices, label="Density")


class ReasonForm(Form):
    reason = reason_field()


class AmountForm(Form):
    amount = QuantityFormField(unit="kg")


class UserForm(ModelForm):
    spans = {"name": 4, "email": 2}

    class Meta:
        model = User
        fields = ["name", "email", "theme"]


class NewUserForm(ModelForm):
    class Meta:
        model = User
        fields = ["username", "name"]


class EmailForm(ModelForm):
    class Meta:
        model = User
        fields = ["email"]


class UserList(ListScreen):
    model = User
    permission = VIEW
    title = "People"
    table_class = UserTable
    filter_class = UserFilter
    create = Action("New person", "test_create", ADD, icon="plus")
    saved_views = [SavedView("dark", "Dark", lambda users: users.filter(theme="dark"))]
    bulk_actions = [BulkAction("silence", "Silence", CHANGE, silence, form_class=ReasonForm, danger=True)]

    def figures(self) -> list[Figure]:
        return [Figure("People", User.objects.count(), url="/test/users/")]

    def lead(self) -> str:
        return "All who work here"


class UserSilence(BulkScreen):
    permission = CHANGE
    list_class = UserList
    action = UserList.bulk_actions[0]


class RecordForm(ModelForm):
    reason = reason_field(required=False)

    class Meta:
        model = apps.get_model("catalog.Product")
        fields = ["name", "description"]


class RecordEdit(EditScreen):
    """A record with a revision; the list of users stands in for its own."""

    model, permission, form_class, list_url = apps.get_model("catalog.Product"), CHANGE, RecordForm, "test_list"

    def success_url(self, result: Any) -> str:
        return "/test/users/"

    def cancel_url(self) -> str:
        return "/test/users/"


class UserPage(DetailScreen):
    model = User
    permission = VIEW
    list_url = "test_list"
    tabs = [Tab("overview", "Overview", "test_detail"), Tab("history", "History", "test_history", VIEW)]
    actions = [
        Action("Edit", "test_edit", CHANGE, icon="pencil", primary=True),
        Action("Delete", "test_delete", DELETE, danger=True),
        Action("Touch", "test_touch", CHANGE, post=True, when=lambda user: user.is_active),
    ]

    def badge(self) -> Badge:
        return Badge("active", "ok")

    def facts(self) -> list[Fact]:
        return [Fact("E-mail", self.object.email)]


class UserCreate(CreateScreen):
    model, permission, form_class, list_url = User, ADD, NewUserForm, "test_list"


class UserEdit(EditScreen):
    model, permission, form_class, list_url = User, CHANGE, UserForm, "test_list"


class UserInline(InlineScreen):
    model, permission, form_class, list_url = User, CHANGE, EmailForm, "test_list"
    table_class, column = UserTable, "email"


class UserAct(ActionScreen):
    model, permission, form_class, list_url = User, CHANGE, AmountForm, "test_list"
    title = "Feed"
    submit_label = "Feed"

    def perform(self, form: Any) -> Any:
        if form.cleaned_data["amount"] > 9:
            raise DomainError("Too much.", field="amount", remedies=[Remedy("Read why", "/test/users/")])
        return self.object


class UserDelete(DeleteScreen):
    model, permission, list_url = User, DELETE, "test_list"


class UserHistory(HistoryScreen):
    model, permission, detail_class, list_url = User, VIEW, UserPage, "test_list"


@command(CHANGE)
def touch(request: HttpRequest, pk: int) -> HttpResponse:
    raise DomainError("Nobody is touched here.", remedies=[Remedy("Go home", "/")])


@requires(VIEW)
def part(request: HttpRequest) -> HttpResponse:
    return htmx.render(request, "ui/error.html", {"title": "Part"}, fragments={"part": "ui/remedies.html"})


@signed_in
def anybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("in")


@public
def everybody(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


urlpatterns = [
    path("test/users/", UserList.as_view(), name="test_list"),
    path("test/users/silence/", UserSilence.as_view(), name="test_silence"),
    path("test/records/<int:pk>/edit/", RecordEdit.as_view(), name="test_record"),
    path("test/users/new/", UserCreate.as_view(), name="test_create"),
    path("test/users/<int:pk>/", UserPage.as_view(), name="test_detail"),
    path("test/users/<int:pk>/edit/", UserEdit.as_view(), name="test_edit"),
    path("test/users/<int:pk>/email/", UserInline.as_view(), name="test_inline"),
    path("test/users/<int:pk>/feed/", UserAct.as_view(), name="test_act"),
    path("test/users/<int:pk>/delete/", UserDelete.as_view(), name="test_delete"),
    path("test/users/<int:pk>/history/", UserHistory.as_view(), name="test_history"),
    path("test/users/<int:pk>/touch/", touch, name="test_touch"),
    path("test/part/", part, name="test_part"),
    path("test/in/", anybody, name="test_in"),
    path("test/open/", everybody, name="test_open"),
    path("ui/", include("backoffice.ui.urls")),
]

STAND_INS = {
    "home": ["home"],
    "accounts": ["profile", "password", "logout", "login", "theme", "user_list"],
    "company": ["settings"],
}
for room, names in STAND_INS.items():
    pages = [path(f"{room}/{name}/", everybody, name=name) for name in names]
    urlpatterns.append(path("", include((pages, room))))
