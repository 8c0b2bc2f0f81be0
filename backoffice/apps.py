from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """The house itself: commands and the composition. Its rooms are apps of their own."""

    name = "backoffice"
    label = "backoffice"
