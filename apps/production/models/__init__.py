from apps.production.models.plan import PlanLine
from apps.production.models.recipe import Recipe, RecipeLine, RecipeStep
from apps.production.models.work_center import WorkCenter
from apps.production.models.work_order import WorkOrder, WorkOrderMaterial, WorkOrderOutput, WorkOrderStep

__all__ = [
    "PlanLine",
    "Recipe",
    "RecipeLine",
    "RecipeStep",
    "WorkCenter",
    "WorkOrder",
    "WorkOrderMaterial",
    "WorkOrderOutput",
    "WorkOrderStep",
]
