"""Where the bakery lives."""

from django.urls import path, register_converter

from apps.production.views import (
    dates,
    floor,
    home,
    panels,
    plan,
    recipe_forms,
    recipes,
    sheets,
    work_centers,
    work_orders,
)

app_name = "production"

register_converter(dates.Day, "day")

urlpatterns = [
    path("orders/", work_orders.WorkOrderList.as_view(), name="work_order_list"),
    path("orders/new/", work_orders.WorkOrderCreate.as_view(), name="work_order_create"),
    path("orders/<int:pk>/", work_orders.WorkOrderDetail.as_view(), name="work_order_detail"),
    path("orders/<int:pk>/edit/", work_orders.WorkOrderEdit.as_view(), name="work_order_edit"),
    path("orders/<int:pk>/release/", work_orders.release, name="work_order_release"),
    path("orders/<int:pk>/start/", work_orders.start, name="work_order_start"),
    path("orders/<int:pk>/pause/", work_orders.pause, name="work_order_pause"),
    path("orders/<int:pk>/resume/", work_orders.resume, name="work_order_resume"),
    path("orders/<int:pk>/report/", work_orders.WorkOrderReport.as_view(), name="work_order_report"),
    path("orders/<int:pk>/finish/", work_orders.WorkOrderFinish.as_view(), name="work_order_finish"),
    path("orders/<int:pk>/cancel/", work_orders.WorkOrderCancel.as_view(), name="work_order_cancel"),
    path("orders/<int:pk>/abort/", work_orders.WorkOrderAbort.as_view(), name="work_order_abort"),
    path("orders/<int:pk>/history/", work_orders.WorkOrderHistory.as_view(), name="work_order_history"),
    path("orders/<int:pk>/sheet/", sheets.batch, name="batch_sheet"),
    path("orders/<int:pk>/sheet.pdf", sheets.batch_pdf, name="batch_sheet_pdf"),
    path("orders/<int:pk>/labels/", sheets.order_labels, name="order_labels"),
    path("lots/<int:pk>/label/", sheets.lot_label, name="lot_label"),
    path("lots/<int:pk>/label.pdf", sheets.lot_label_pdf, name="lot_label_pdf"),
    path("plan/", plan.today, name="plan_today"),
    path("plan/<day:day>/", plan.day, name="plan"),
    path("plan/<day:day>/add/", plan.PlanAdd.as_view(), name="plan_add"),
    path("plan/<day:day>/products/<int:pk>/", plan.set_quantity, name="plan_set"),
    path("plan/<day:day>/release/", plan.release, name="plan_release"),
    path("plan/<day:day>/sheet/", sheets.day_sheet, name="day_sheet"),
    path("plan/<day:day>/sheet.pdf", sheets.day_sheet_pdf, name="day_sheet_pdf"),
    path("plan/<day:day>/weighing/", sheets.weighing, name="weighing_sheet"),
    path("plan/<day:day>/weighing/sheet.pdf", sheets.weighing_pdf, name="weighing_sheet_pdf"),
    path("floor/", floor.board, name="floor"),
    path("floor/orders/<int:pk>/report/", floor.report, name="floor_report"),
    path("floor/steps/<int:pk>/start/", floor.start_step, name="step_start"),
    path("floor/steps/<int:pk>/finish/", floor.finish_step, name="step_finish"),
    path("recipes/", recipes.RecipeList.as_view(), name="recipe_list"),
    path("recipes/new/", recipe_forms.RecipeCreate.as_view(), name="recipe_create"),
    path("recipes/<int:pk>/", recipes.RecipeDetail.as_view(), name="recipe_detail"),
    path("recipes/<int:pk>/edit/", recipe_forms.edit, name="recipe_edit"),
    path("recipes/<int:pk>/activate/", recipes.RecipeActivate.as_view(), name="recipe_activate"),
    path("recipes/<int:pk>/version/", recipes.RecipeNewVersion.as_view(), name="recipe_new_version"),
    path("recipes/<int:pk>/discard/", recipes.RecipeDiscard.as_view(), name="recipe_discard"),
    path("recipes/<int:pk>/history/", recipes.RecipeHistory.as_view(), name="recipe_history"),
    path("work-centres/", work_centers.WorkCenterList.as_view(), name="work_center_list"),
    path("work-centres/new/", work_centers.WorkCenterCreate.as_view(), name="work_center_create"),
    path("work-centres/<int:pk>/", work_centers.WorkCenterDetail.as_view(), name="work_center_detail"),
    path("work-centres/<int:pk>/edit/", work_centers.WorkCenterEdit.as_view(), name="work_center_edit"),
    path("work-centres/<int:pk>/history/", work_centers.WorkCenterHistory.as_view(), name="work_center_history"),
    path("products/<int:pk>/recipe/", panels.product_recipe, name="product_recipe"),
    path("home/due/", home.due, name="home_due"),
]
