"""Every URL of the stock room."""

from django.urls import URLPattern

app_name = "inventory"
urlpatterns: list[URLPattern] = []
