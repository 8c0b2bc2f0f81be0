"""Every URL of the house, by room."""

from django.urls import URLPattern, URLResolver, include, path

ROOMS = [
    ("", "backoffice.home"),
    ("", "backoffice.observability"),
    ("", "backoffice.ui"),
    ("accounts/", "backoffice.accounts"),
    ("company/", "backoffice.company"),
    ("console/", "backoffice.outbox"),
    ("transfers/", "backoffice.transfers"),
    ("catalog/", "apps.catalog"),
    ("stock/", "apps.inventory"),
    ("production/", "apps.production"),
    ("customers/", "apps.crm"),
    ("orders/", "apps.orders"),
]

urlpatterns: list[URLPattern | URLResolver] = [path(prefix, include(f"{room}.urls")) for prefix, room in ROOMS]

handler400 = "backoffice.observability.views.errors.bad_request"
handler500 = "backoffice.observability.views.errors.server_error"
