"""Pages that belong to the frame itself."""

from django.urls import path

from .views_bell import bell
from .views_icons import sidebar_icons
from .views_palette import palette

app_name = "ui"

urlpatterns = [
    path("palette/", palette, name="palette"),
    path("bell/", bell, name="bell"),
    path("icons.svg", sidebar_icons, name="icons"),
]
