from django.apps import AppConfig


class TransfersConfig(AppConfig):
    name = "backoffice.transfers"
    label = "transfers"
