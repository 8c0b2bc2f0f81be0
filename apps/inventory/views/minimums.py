"""How little of a product may be there before it is said: in all places together, and in one."""

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.forms import MinimumForm
from apps.inventory.models import ReorderRule
from apps.inventory.services import reorder
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.forms import set_unit
from backoffice.ui.screens import ActionScreen


class ProductMinimum(ActionScreen):
    """How little may be there before it is said."""

    model = Product
    permission = "inventory.change_reorderrule"
    form_class = MinimumForm
    title = gettext_lazy("Set minimum")
    submit_label = gettext_lazy("Save")
    changed = "inventory-stock"

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.select_related("unit")

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        form = super().get_form(data, files)
        set_unit(form, "minimum", self.object.unit.code)
        set_unit(form, "target", self.object.unit.code)
        return form

    @cached_property
    def rules(self) -> list[ReorderRule]:
        return list(self.object.reorder_rules.select_related("location").order_by("location__name"))

    def intro(self) -> str:
        unit, said = self.object.unit.code, []
        for rule in self.rules:
            if rule.location is not None:
                least, most = format_quantity(rule.minimum), format_quantity(rule.target, unit)
                place = rule.location.name
                if not rule.location.is_active:
                    place = _("%(place)s (closed)") % {"place": place}
                said.append(f"{place} {least} → {most}")
        name = str(self.object)
        return _("%(product)s. By place: %(rules)s.") % {"product": name, "rules": ", ".join(said)} if said else name

    def initial(self) -> dict[str, Any]:
        rule = next((rule for rule in self.rules if rule.location_id is None), None)
        return {"minimum": rule.minimum, "target": rule.target, "revision": rule.revision} if rule else {}

    def perform(self, form: Any) -> Any:
        said = form.cleaned_data
        place = said["location"]
        if said["minimum"] is None:
            return reorder.drop_minimum(self.object, location=place)
        # The form shows the rule of all places: only that one can have been changed since it was shown.
        seen = None if place is not None else said["revision"]
        return reorder.set_minimum(
            self.object, minimum=said["minimum"], target=said["target"], location=place, revision=seen
        )

    def success(self, result: Any) -> str:
        if result is None:
            return _("%(product)s has no minimum there any more.") % {"product": self.object}
        return _("Minimum of %(product)s saved.") % {"product": self.object}

    def success_url(self, result: Any) -> str:
        return reverse("inventory:product_card", args=[self.object.pk])

    def cancel_url(self) -> str:
        return self.success_url(None)
