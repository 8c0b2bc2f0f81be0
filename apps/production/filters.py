"""What the lists of the bakery can be narrowed to."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.production.models import Recipe, WorkCenter, WorkOrder, WorkOrderStep
from backoffice.ui.filters import ChoiceFilter, DateRangeFilter, FilterSet, ModelChoiceFilter


class WorkOrderFilter(FilterSet):
    """Orders by number or product, state, day and work centre."""

    search_fields = ("number", "product__search_text")

    status = ChoiceFilter(choices=WorkOrder.Status.choices, label=_("State"), empty_label=_("All states"))
    work_center = ModelChoiceFilter(
        queryset=WorkCenter.objects.order_by("position", "name"), method="by_work_center",
        label=_("Work centre"), empty_label=_("All work centres"),
    )  # fmt: skip
    day = DateRangeFilter(field_name="day", label=_("For the day"))

    class Meta:
        model = WorkOrder
        fields = ("status", "work_center", "day")

    def by_work_center(self, queryset: QuerySet[WorkOrder], name: str, value: WorkCenter | None) -> QuerySet[WorkOrder]:
        """Orders with a step there. No join: it would count the outputs once a step."""
        if value is None:
            return queryset
        return queryset.filter(pk__in=WorkOrderStep.objects.filter(work_center=value).values("work_order"))


class RecipeFilter(FilterSet):
    """Recipes by product and state."""

    search_fields = ("product__search_text",)

    status = ChoiceFilter(choices=Recipe.Status.choices, label=_("State"), empty_label=_("All states"))

    class Meta:
        model = Recipe
        fields = ("status",)


class WorkCenterFilter(FilterSet):
    """Work centres by name."""

    search_fields = ("name", "code")

    class Meta:
        model = WorkCenter
        fields = ()
