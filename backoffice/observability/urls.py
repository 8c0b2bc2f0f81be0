from django.urls import path

from backoffice.observability.views import health, ledgers

app_name = "observability"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("console/health/", health.page, name="health"),
    path("console/health/drill/", health.drill, name="drill"),
    path("console/books/", ledgers.page, name="ledgers"),
    path("console/books/check/", ledgers.check, name="ledgers_check"),
    path("console/books/<int:pk>/", ledgers.run, name="ledger_run"),
]
