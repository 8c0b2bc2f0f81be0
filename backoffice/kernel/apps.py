from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "backoffice.kernel"
    label = "kernel"
