"""Lines of a draft: add, change, take off; and taking a delivery back."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.inventory.forms import ReasonForm
from apps.inventory.models import PurchaseLine, StockOperation
from apps.inventory.purchase_forms import LineForm
from apps.inventory.services import purchasing
from apps.inventory.views.purchases import CHANGED, PurchaseAction
from backoffice.ui.screens import ActionScreen


class LineCreate(PurchaseAction):
    """One more line of a draft."""

    form_class = LineForm
    title = gettext_lazy("Add line")
    submit_label = gettext_lazy("Add")
    leave = False

    def intro(self) -> str:
        return f"{self.object.number}, {self.object.supplier.name}"

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return purchasing.set_line(
            self.object,
            product=data["product"],
            quantity=data["quantity"],
            pack=data["pack"],
            price=data["price"],
            new=True,
        )

    def success(self, result: Any) -> str:
        return _("%(product)s is on the order.") % {"product": result.product.name}

    def success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()


class LineAction(ActionScreen):
    """Something done with one line of a draft."""

    model = PurchaseLine
    permission = "inventory.change_purchaseorder"
    changed = CHANGED

    def get_queryset(self) -> QuerySet[PurchaseLine]:
        return PurchaseLine.objects.select_related("order__supplier", "product__unit", "pack")

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return self.object.order.get_absolute_url()


class LineEdit(LineAction):
    """Change a line of a draft."""

    form_class = LineForm
    title = gettext_lazy("Change line")
    submit_label = gettext_lazy("Save")

    def initial(self) -> dict[str, Any]:
        line = self.object
        return {
            "product": line.product,
            "pack_name": line.pack.name if line.pack else "",
            "quantity": line.quantity,
            "price": line.price,
            "seen": line.seen,
        }

    def perform(self, form: Any) -> Any:
        data = form.cleaned_data
        return purchasing.set_line(
            self.object.order,
            product=data["product"],
            quantity=data["quantity"],
            pack=data["pack"],
            price=data["price"],
            line=self.object,
            seen=data["seen"],
        )


class LineDrop(LineAction):
    """Take a line off a draft."""

    submit_label = gettext_lazy("Take off")
    title = gettext_lazy("Take the line off?")
    danger = True

    def intro(self) -> str:
        return str(self.object.product)

    def perform(self, form: Any) -> Any:
        return purchasing.drop_line(self.object)


class TakeBack(ActionScreen):
    """Undoes one delivery of an order: its lines are still to come again."""

    model = StockOperation
    permission = "inventory.reverse_stockoperation"
    form_class = ReasonForm
    submit_label = gettext_lazy("Take delivery back")
    danger = True
    leave = True
    changed = (*CHANGED, "inventory-stockoperation")

    def get_queryset(self) -> QuerySet[StockOperation]:
        return StockOperation.objects.filter(purchase_receipts__isnull=False).distinct()

    def get_title(self) -> str:
        return _("Take %(number)s back?") % {"number": self.object}

    def intro(self) -> str:
        return _("The opposite is posted, and what it brought is still to come on %(order)s.") % {
            "order": self.object.origin
        }

    def perform(self, form: Any) -> Any:
        return purchasing.take_back(self.object, reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        return _("%(number)s is taken back.") % {"number": self.object}
