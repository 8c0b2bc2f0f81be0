"""The house's own settings."""

from django.urls import path

from .views import Settings, SettingsHistory

app_name = "company"

urlpatterns = [
    path("", Settings.as_view(), name="settings"),
    path("history/", SettingsHistory.as_view(), name="history"),
]
