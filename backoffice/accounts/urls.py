"""Where people come in, where they set how they like it, and where owners manage them."""

from django.urls import path

from .views import own, people, sign_in

app_name = "accounts"

urlpatterns = [
    path("login/", sign_in.login, name="login"),
    path("logout/", sign_in.logout, name="logout"),
    path("theme/", own.theme, name="theme"),
    path("language/", own.language, name="language"),
    path("profile/", own.Profile.as_view(), name="profile"),
    path("password/", own.Password.as_view(), name="password"),
    path("people/", people.PersonList.as_view(), name="user_list"),
    path("people/new/", people.PersonCreate.as_view(), name="user_create"),
    path("people/<int:pk>/", people.PersonPage.as_view(), name="user_detail"),
    path("people/<int:pk>/edit/", people.PersonEdit.as_view(), name="user_edit"),
    path("people/<int:pk>/password/", people.PersonPassword.as_view(), name="user_password"),
    path("people/<int:pk>/deactivate/", people.PersonDeactivate.as_view(), name="user_deactivate"),
    path("people/<int:pk>/reactivate/", people.reactivate, name="user_reactivate"),
    path("people/<int:pk>/history/", people.PersonHistory.as_view(), name="user_history"),
]
