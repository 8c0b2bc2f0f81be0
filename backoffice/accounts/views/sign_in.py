"""In and out."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth import logout as end_session
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from backoffice.accounts import lockout, roles
from backoffice.accounts.forms import LoginForm
from backoffice.ui.permissions import SIGNED_IN, command, public

log = logging.getLogger(__name__)


class _Login(LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        demo = None
        if settings.DEMO:
            from backoffice.start import LOGINS, PASSWORD

            demo = {"logins": [(name, roles.title(name)) for name in LOGINS], "password": PASSWORD}
        return super().get_context_data(demo=demo, ended="ended" in self.request.GET, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        log.info("login", extra={"data": {"user": form.get_user().pk}})
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        log.warning("login refused")  # without the name: people type passwords there
        return self.render_to_response(self.get_context_data(form=form), status=422)


@public
@never_cache
@sensitive_post_parameters("password")
def login(request: HttpRequest) -> HttpResponse:
    """The door. An address that failed too often is told to wait, whatever the name."""
    if request.method == "POST" and lockout.address_is_locked(request):
        return lockout.locked_out(request)
    return _Login.as_view()(request)  # type: ignore[return-value]


@command(SIGNED_IN)
def logout(request: HttpRequest) -> HttpResponse:
    """Out, by POST only."""
    end_session(request)
    return redirect(settings.LOGOUT_REDIRECT_URL)
