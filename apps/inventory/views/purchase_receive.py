"""Receiving against an order: scan what came, beside what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from apps.inventory import receipt_draft
from apps.inventory.models import PurchaseLine, PurchaseOrder
from apps.inventory.receipt_draft import Draft
from apps.inventory.scan_fields import PlaceField
from apps.inventory.selectors import purchasing as reads
from apps.inventory.services import purchasing
from apps.inventory.views.receive import CHANGED, Receive
from backoffice.kernel import money
from backoffice.kernel.errors import DomainError
from backoffice.kernel.quantity import from_fraction
from backoffice.ui import htmx
from backoffice.ui.forms import MoneyFormField, QuantityFormField
from backoffice.ui.permissions import may

ZERO = Decimal(0)


@dataclass
class Asked:
    """A line of the order, with what is in this receipt so far."""

    line: PurchaseLine
    here: Decimal

    @property
    def state(self) -> str:
        """ "done" when it is all here, "diff" when there is more or less, "" while nothing came."""
        if not self.here:
            return "done" if not self.line.rest else ""
        return "done" if self.here == self.line.rest else "diff"


class ReceiveOrder(Receive):
    """The receipt of one purchase order; prices come from the order."""

    template_name = "inventory/receive.html"

    @cached_property
    def order(self) -> PurchaseOrder:
        return get_object_or_404(PurchaseOrder.objects.select_related("supplier", "location"), pk=self.kwargs["pk"])

    @cached_property
    def ordered(self) -> list[PurchaseLine]:
        return list(self.order.lines.select_related("product__unit", "product__category", "pack").order_by("pk"))

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(_("Purchases"), reverse("inventory:purchase_list")), (str(self.order), self.order.get_absolute_url())]

    def head(self) -> dict[str, str]:
        return {
            "location": PlaceField().prepare_value(self.order.location),
            "came_on": "",
            "note": "",
            "supplier_name": self.order.supplier.name,
            "reference": "",
            "each_place": "on",
        }

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(receipt_draft.build([], self.head()))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rows, head = self.raw
        if request.POST.get("do") == "all":
            all_of_it = self.fill(rows)
            draft = receipt_draft.build(rows, head)
            if not all_of_it:
                draft.said, draft.said_tone = _("A receipt has at most %s lines.") % receipt_draft.MAX_LINES, "bad"
            return self.answer(draft)
        return super().post(request, *args, **kwargs)

    def find(self, code: str) -> receipt_draft.Found | None:
        """What was scanned, in the pack that it was ordered in: the code of the product itself is one more of those."""
        found = receipt_draft.find(code)
        if found is None or found.pack or found.measured:
            return found
        same = [line for line in self.ordered if line.product_id == found.product.pk]
        same.sort(key=lambda line: (line.pack_id is not None, line.rest == 0, line.pk))
        return replace(found, pack=same[0].pack) if same else found

    def fill(self, rows: list[dict[str, str]]) -> bool:
        """Everything that is still to come, as ordered. False when that is more than one receipt holds."""
        there = {(row["product"], row["pack"]) for row in rows}
        for line in self.ordered:
            key = (str(line.product_id), str(line.pack_id or ""))
            if line.rest and line.product.is_active and key not in there:
                if len(rows) >= receipt_draft.MAX_LINES:
                    return False
                rows.append(
                    {
                        "product": key[0],
                        "quantity": str(QuantityFormField().prepare_value(line.rest)),
                        "pack": key[1],
                        "lot_code": "",
                        "expires_on": "",
                        "cost": str(MoneyFormField(places=4).prepare_value(line.price)),
                    }
                )
        return True

    def price(self, row: dict[str, str]) -> None:
        """The price of the order, where it was ordered in this pack."""
        for line in self.ordered:
            if (str(line.product_id), str(line.pack_id or "")) == (row["product"], row["pack"]):
                row["cost"] = str(MoneyFormField(places=4).prepare_value(line.price))

    def asked(self, draft: Draft) -> list[Asked]:
        here: dict[int, Decimal] = {}
        for line in draft.lines:
            counted = reads.counted_on(self.ordered, line.product, line.pack)
            if counted is None:
                continue
            ratio = (line.pack.ratio if line.pack else Fraction(1)) / (counted.pack.ratio if counted.pack else 1)
            line.agreed = money.round_to(from_fraction(Fraction(counted.price) * ratio), 4)
            if line.in_stock_unit is not None:
                here[counted.pk] = here.get(counted.pk, ZERO) + line.in_stock_unit
        found = []
        for one in self.ordered:
            ratio_of_one = one.in_stock_unit(Decimal(1))
            amount = here.get(one.pk, ZERO)
            found.append(Asked(one, (amount / ratio_of_one).normalize() if ratio_of_one else ZERO))
        return found

    def strangers(self, draft: Draft) -> Sequence[str]:
        known = {line.product_id for line in self.ordered}
        return [line.product.name for line in draft.lines if line.product.pk not in known]

    @property
    def seen(self) -> str:
        """The revision of the order that the form was opened with."""
        raw = self.request.POST.get("seen", "")
        return raw if raw.isascii() and raw.isdigit() and len(raw) < 9 else ""

    def refused(self, draft: Draft, error: DomainError) -> HttpResponse:
        """Beside what was typed stands what the order is by now."""
        self.order.refresh_from_db()
        self.__dict__.pop("ordered", None)
        return super().refused(draft, error)

    def post_receipt(self, draft: Draft) -> HttpResponse:
        if not draft.is_valid():
            return self.answer(draft, status=422, show_errors=True)
        try:
            operation = purchasing.receive(
                self.order,
                location=draft.head.cleaned_data["location"],
                lines=[line.parts for line in draft.lines if line.parts is not None],
                reference=draft.head.cleaned_data["reference"],
                note=draft.head.cleaned_data["note"],
                occurred_at=draft.head.occurred_at,
                revision=int(self.seen) if self.seen else None,
                key=self.key,
            )
        except DomainError as error:
            return self.refused(draft, error)
        messages.success(
            self.request,
            _("%(order)s: receipt %(number)s posted.") % {"order": self.order, "number": operation},
            extra_tags=operation.get_absolute_url(),
        )
        to: Any = self.order if may(self.request.user, "inventory.view_purchaseorder") else operation
        return htmx.done(self.request, to=to, changed=(*CHANGED, "inventory-purchaseorder"), leave=True)

    def answer(self, draft: Draft, *, status: int = 200, **more: Any) -> HttpResponse:
        if self.order.status not in PurchaseOrder.COMING:
            more.setdefault("refusal", purchasing.not_coming(self.order))
        return super().answer(
            draft,
            status=status,
            order=self.order,
            seen=self.order.revision if status == 409 or not self.seen else self.seen,
            asked=self.asked(draft),
            strangers=self.strangers(draft),
            unusable=[line.product.name for line in self.ordered if line.rest and not line.product.is_active],
            **more,
        )
