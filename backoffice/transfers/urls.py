from django.urls import path

from backoffice.transfers.views import listing, runs, undo, upload

app_name = "transfers"

urlpatterns = [
    path("", listing.RunList.as_view(), name="run_list"),
    path("new/<slug:key>/", upload.upload, name="upload"),
    path("now/<slug:key>.<slug:kind>", upload.export, name="export"),
    path("<int:pk>/", runs.detail, name="run_detail"),
    path("<int:pk>/columns/", runs.columns, name="run_columns"),
    path("<int:pk>/names/", runs.mapping, name="run_mapping"),
    path("<int:pk>/rows/<int:row>/", runs.leave_out, name="row_leave_out"),
    path("<int:pk>/apply/", runs.apply, name="run_apply"),
    path("<int:pk>/cancel/", runs.cancel, name="run_cancel"),
    path("<int:pk>/check/", runs.check_again, name="run_check"),
    path("<int:pk>/undo/", undo.RunUndo.as_view(), name="run_undo"),
    path("<int:pk>/file/", runs.file, name="run_file"),
    path("<int:pk>/refused.csv", runs.refused, name="run_refused"),
]
