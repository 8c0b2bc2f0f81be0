"""What should be bought: said with its reasons, changed by hand, and turned into drafts."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.inventory.models import SupplierItem
from apps.inventory.selectors import purchasing as reads
from apps.inventory.services import reorder
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.forms import QuantityFormField
from backoffice.ui.screens import CreateScreen

PAGE = "inventory/purchase_suggestions.html"
MAX_ROWS = 500


class Suggestions(CreateScreen):
    """One form for all suppliers; what is ticked becomes a draft for each of them."""

    permission = "inventory.view_purchaseorder"
    title = gettext_lazy("What to buy")
    template_name = PAGE
    list_url = "inventory:purchase_list"
    list_title = gettext_lazy("Purchases")

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(self.list_title, self.cancel_url())]

    def fragments(self) -> dict[str, str]:
        return {}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.has_perm("inventory.add_purchaseorder"):
            return self.answer(error=_("You may look at this, but not order. Ask who buys."), status=403)
        wanted: list[tuple[SupplierItem, Decimal]] = []
        needed = {row.product.pk for group in reads.suggestions() for row in group.rows}
        keys = [
            key for key in request.POST.getlist("item")[:MAX_ROWS] if key.isascii() and key.isdigit() and len(key) < 18
        ]
        field = QuantityFormField()
        for item in SupplierItem.objects.filter(pk__in=keys).select_related("supplier", "product__unit", "pack"):
            if item.product_id not in needed:  # ordered, or arrived, since the page was shown
                text = _("%(product)s: enough is there or on order by now. Nothing was drafted; the list is fresh.")
                return self.answer(error=text % {"product": item.product}, status=409)
            try:
                packs = field.clean(request.POST.get(f"packs-{item.pk}", ""))
            except ValidationError as bad:
                return self.answer(error=f"{item.product}: {bad.messages[0]}", status=422)
            wanted.append((item, packs))
        try:
            made = reorder.order_suggested(wanted)
        except DomainError as error:
            return self.answer(error=error.message, status=error.status)
        text = ngettext("%(count)s draft is ready.", "%(count)s drafts are ready.", len(made)) % {"count": len(made)}
        messages.success(request, text)
        to = made[0].get_absolute_url() if len(made) == 1 else reverse("inventory:purchase_list") + "?view=draft"
        return htmx.done(request, to=to, leave=True)

    def answer(self, *, status: int = 200, error: str = "") -> HttpResponse:
        plan, user = reads.plan(), self.request.user
        if error:
            self.keep_typed(plan)
        context = self.get_context(
            groups=plan.groups,
            lacks=plan.lacks,
            error=error,
            may_order=user.has_perm("inventory.add_purchaseorder"),
            may_move=user.has_perm("inventory.transfer_stock"),
        )
        return self.render(context, status)

    def keep_typed(self, plan: reads.Plan) -> None:
        """What was ticked and typed is still there beside the refusal."""
        ticked = set(self.request.POST.getlist("item"))
        for group in plan.groups:
            group.rows = [
                replace(
                    row,
                    typed=self.request.POST.get(f"packs-{row.item.pk}", "")[:40],
                    ticked=str(row.item.pk) in ticked,
                )
                if row.item and f"packs-{row.item.pk}" in self.request.POST
                else row
                for row in group.rows
            ]
