from django.apps import AppConfig


class HomeConfig(AppConfig):
    name = "backoffice.home"
    label = "home"
