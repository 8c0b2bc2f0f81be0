from django.urls import path

from backoffice.observability.views import health

app_name = "observability"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("console/health/", health.page, name="health"),
]
