"""Every URL of the house, by room."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("backoffice.home.urls")),
    path("", include("backoffice.observability.urls")),
    path("", include("backoffice.ui.urls")),
    path("accounts/", include("backoffice.accounts.urls")),
    path("company/", include("backoffice.company.urls")),
    path("console/", include("backoffice.outbox.urls")),
    path("transfers/", include("backoffice.transfers.urls")),
    path("catalog/", include("apps.catalog.urls")),
    path("stock/", include("apps.inventory.urls")),
    path("production/", include("apps.production.urls")),
    path("customers/", include("apps.crm.urls")),
    path("orders/", include("apps.orders.urls")),
]
