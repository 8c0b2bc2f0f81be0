"""What one changes about oneself."""

from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from backoffice.accounts import services
from backoffice.accounts.forms import OwnPasswordForm, ProfileForm
from backoffice.accounts.middleware import DENSITY_COOKIE, THEME_COOKIE, THEMES
from backoffice.accounts.models import User
from backoffice.ui.permissions import SIGNED_IN, public
from backoffice.ui.screens import ActionScreen

YEAR = 365 * 24 * 60 * 60


def remember(response: HttpResponse, name: str, value: str) -> None:
    """Keep a preference in the browser too, so that the login page has it."""
    if value:
        response.set_cookie(
            name, value, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
        )
    else:
        response.delete_cookie(name, samesite="Lax")


def _me(request: HttpRequest) -> User:
    """Whoever asks, read anew: a form writes into it, and the page's frame shows them as they are until it is saved."""
    return User.objects.get(pk=cast(User, request.user).pk)


def _back(request: HttpRequest) -> str:
    address = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    if ours and urlsplit(address).path.startswith("/"):
        return address
    return reverse(settings.LOGIN_REDIRECT_URL)


@public
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark, or like the device. Kept with the person when there is one, and in the browser."""
    wanted = request.POST.get("theme", "")
    wanted = wanted if wanted in (*THEMES, User.Theme.SYSTEM) else User.Theme.SYSTEM
    if request.user.is_authenticated:
        services.prefer(request.user, theme=wanted)
    response = HttpResponse(status=204) if request.headers.get("X-Background") else redirect(_back(request))
    remember(response, THEME_COOKIE, wanted if wanted in THEMES else "")
    return response


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Another language, kept like the theme."""
    wanted = request.POST.get("language", "")
    response = redirect(_back(request))
    if wanted in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            services.prefer(request.user, language=wanted)
        remember(response, settings.LANGUAGE_COOKIE_NAME, wanted)
    return response


class Profile(ActionScreen):
    """Name, language and look."""

    permission = SIGNED_IN
    title = _("My profile")
    form_class = ProfileForm
    submit_label = _("Save")

    def get_form(self, data: Any = None, files: Any = None) -> ProfileForm:
        return ProfileForm(data, instance=_me(self.request))

    def perform(self, form: ProfileForm) -> User:
        return cast(User, form.save())

    def success(self, result: User) -> str:
        return gettext("Your profile is saved.")

    def success_url(self, result: User) -> str:
        return reverse("accounts:profile")

    def cancel_url(self) -> str:
        return reverse(settings.LOGIN_REDIRECT_URL)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().post(request, *args, **kwargs)
        if response.status_code in (200, 302):
            user = _me(request)
            remember(response, THEME_COOKIE, user.theme if user.theme in THEMES else "")
            remember(response, DENSITY_COOKIE, user.density)
            remember(response, settings.LANGUAGE_COOKIE_NAME, user.language)
        return response


class Password(ActionScreen):
    """One's own password. Everywhere else one is logged out."""

    permission = SIGNED_IN
    title = _("Change password")
    form_class = OwnPasswordForm
    submit_label = _("Change password")

    def get_form(self, data: Any = None, files: Any = None) -> OwnPasswordForm:
        return OwnPasswordForm(data, user=_me(self.request))

    def perform(self, form: OwnPasswordForm) -> User:
        user = services.set_password(form.user, password=form.cleaned_data["password"])
        update_session_auth_hash(self.request, user)
        return user

    def success(self, result: User) -> str:
        return gettext("Your password is changed. You are logged out everywhere else.")

    def success_url(self, result: User) -> str:
        return reverse("accounts:profile")

    def cancel_url(self) -> str:
        return reverse("accounts:profile")
