from django.apps import AppConfig


class ObservabilityConfig(AppConfig):
    name = "backoffice.observability"
    label = "observability"
