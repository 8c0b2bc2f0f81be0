from django.urls import path

from backoffice.outbox.views import directives, panel

app_name = "outbox"

urlpatterns = [
    path("jobs/", directives.DirectiveList.as_view(), name="directive_list"),
    path("jobs/<int:pk>/", directives.DirectiveDetail.as_view(), name="directive_detail"),
    path("jobs/<int:pk>/history/", directives.DirectiveHistory.as_view(), name="directive_history"),
    path("jobs/<int:pk>/retry/", directives.DirectiveRetry.as_view(), name="directive_retry"),
    path("jobs/<int:pk>/cancel/", directives.DirectiveCancel.as_view(), name="directive_cancel"),
    path("jobs/of/<slug:app>/<slug:model>/<int:pk>/", panel.panel, name="panel"),
]
