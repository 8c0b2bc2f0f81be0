from django.apps import AppConfig


class CompanyConfig(AppConfig):
    name = "backoffice.company"
    label = "company"
