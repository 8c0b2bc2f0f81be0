"""The settings screen."""

from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.company import services
from backoffice.company.forms import CompanyForm
from backoffice.company.models import Company
from backoffice.ui.screens import EditScreen, HistoryScreen


class Settings(EditScreen):
    """Whose house this is."""

    model = Company
    permission = "company.change_company"
    title = _("Settings")
    form_class = CompanyForm
    wide = True

    @cached_property
    def object(self) -> Company:
        # Not `company.current()`: the form writes into it, and the frame shows that one until it is saved.
        return Company.objects.filter(pk=services.PK).first() or Company(pk=services.PK)

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return []

    def perform(self, form: CompanyForm) -> Company:
        return services.update(revision=form.cleaned_data["revision"], hours=form.hours(), **form.columns())

    def success(self, result: Company) -> str:
        return gettext("The settings are saved.")

    def success_url(self, result: Company) -> str:
        return reverse("company:settings")

    def cancel_url(self) -> str:
        return reverse("home:home")


class SettingsHistory(HistoryScreen):
    """Who changed the settings."""

    model = Company
    permission = "company.change_company"
    reasons_count = True  # the counter's hours are no columns of the company

    @cached_property
    def object(self) -> Any:
        return Company.objects.filter(pk=services.PK).first() or Company(pk=services.PK)
