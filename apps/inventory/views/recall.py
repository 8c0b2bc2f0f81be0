"""The whole trace of a lot, and its recall: first looked at, then blocked; on paper and as a file."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.inventory.forms import ReasonForm
from apps.inventory.models import Lot, StockBalance
from apps.inventory.selectors import recall as reads
from apps.inventory.services import recall
from apps.inventory.views.lots import LotDetail
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.transfers import outgoing
from backoffice.ui.actions import Action
from backoffice.ui.permissions import requires
from backoffice.ui.screens import ActionScreen, Figure

CHANGED = ("inventory-lot", "inventory-stock", "inventory-hold")


class LotTrace(LotDetail):
    """Every lot before and after it, what is still here, what was sold and to whom."""

    permission = "inventory.view_lot"
    title = gettext_lazy("Trace and recall")
    template_name = "inventory/lot_trace.html"
    panels = ""
    actions = [
        Action(gettext_lazy("Block all"), "inventory:lot_recall", "inventory.block_lot", icon="ban", primary=True),
        Action(
            gettext_lazy("Print sheet"),
            "inventory:lot_recall_sheet",
            "inventory.block_lot",
            icon="printer",
            dialog=False,
        ),
        Action(gettext_lazy("File"), "inventory:lot_recall_file", "inventory.block_lot", icon="download", dialog=False),
        Action(gettext_lazy("Lot"), "inventory:lot_detail", "inventory.view_lot", icon="boxes", dialog=False),
    ]

    @cached_property
    def recall(self) -> reads.Recall:
        return _find(self.request, self.kwargs["pk"])

    @cached_property
    def object(self) -> Any:
        return self.recall.lot

    @cached_property
    def balances(self) -> list[StockBalance]:
        return [row for row in self.recall.here if row.lot_id == self.object.pk]

    def figures(self) -> list[Figure]:
        found = self.recall
        return [
            Figure(_("Lots in the family"), len(found.family), on=True),
            Figure(_("Not blocked"), found.open, tone="warn" if found.open else "ok"),
            Figure(_("Still here"), len({row.lot_id for row in found.here}), note=_("lots")),
            Figure(_("Sold in"), len(found.sold), note=_("sales")),
            Figure(_("Known customers"), len({row.party.url for row in found.sold if row.party and row.party.url})),
        ]

    def get_context(self, **more: Any) -> dict[str, Any]:
        whole = "all" in self.request.GET
        return super().get_context(recall=self.recall, whole=whole, cut=":" if whole else ":100", **more)


class LotRecall(ActionScreen):
    """Blocks the whole family."""

    model = Lot
    permission = "inventory.block_lot"
    form_class = ReasonForm
    submit_label = gettext_lazy("Block all")
    danger = True
    leave = True
    changed = CHANGED

    def get_queryset(self) -> QuerySet[Lot]:
        return Lot.objects.select_related("product__unit")

    def get_title(self) -> str:
        return _("Recall %(lot)s?") % {"lot": self.object}

    def intro(self) -> str:
        found = reads.reach(self.object)
        if not found.open:
            return _("It and all that was made of it are blocked already: there is nothing more to block.")
        lots = ngettext("%(count)s lot is blocked", "%(count)s lots are blocked", found.open) % {"count": found.open}
        holds = ngettext(
            "%(count)s hold moves to other stock, or waits",
            "%(count)s holds move to other stock, or wait",
            found.holds,
        ) % {"count": found.holds}
        return f"{lots}; {holds}."

    def perform(self, form: Any) -> Any:
        self.done = recall.block_all(self.object, reason=form.cleaned_data["reason"])
        return self.object

    def success(self, result: Any) -> str:
        if not self.done:
            return _("All were blocked already; nothing was changed.")
        return ngettext("%(count)s lot is blocked.", "%(count)s lots are blocked.", len(self.done)) % {
            "count": len(self.done)
        }

    def success_url(self, result: Any) -> str:
        return reverse("inventory:lot_trace", args=[self.object.pk])


def _find(request: Any, pk: int) -> reads.Recall:
    try:
        return reads.find(pk, sees=request.user.has_perm)
    except Lot.DoesNotExist as error:
        raise Http404 from error


def _whom(row: reads.Left) -> tuple[bool, str, str]:
    """Who can be called comes first, with all that they bought together."""
    return (not row.party.contact, row.party.name, row.party.contact) if row.party else (True, "", "")


@requires("inventory.block_lot")
def sheet(request: HttpRequest, pk: int) -> HttpResponse:
    """The recall on paper: what to take off the shelves, and whom to call."""
    found = _find(request, pk)
    context = {
        "lot": found.lot,
        "recall": found,
        "here": sorted(found.here, key=lambda row: row.location.name),
        "sold": sorted(found.sold, key=_whom),
        "company": current_company(),
        "printed_at": clock.now(),
        "printed_by": request.user,
        "qr_url": request.build_absolute_uri(reverse("inventory:lot_trace", args=[pk])),
    }
    return render(request, "inventory/sheets/recall.html", context)


@requires("inventory.block_lot")
def file(request: HttpRequest, pk: int) -> Any:
    """The same as a file that opens in a spreadsheet of the reader's language: a row for each stock, sale and loss."""
    found = _find(request, pk)

    def line(state: Any, lot: Lot, quantity: Decimal, *rest: Any) -> list[Any]:
        product = lot.product
        return [state, product.sku, product.name, lot.label, quantity.normalize(), product.unit.code, *rest]

    def rows() -> Iterator[list[Any]]:
        for here in found.here:
            yield line(_("still here"), here.lot, here.quantity, here.location.name, "", "", "")
        for row in found.sold:
            who, contact = (row.party.name, row.party.contact) if row.party else ("", "")
            yield line(_("sold"), row.lot, row.quantity, row.label, clock.local(row.when), who, contact)
        for row in found.lost:
            yield line(row.kind, row.lot, row.quantity, row.label, clock.local(row.when), "", "")

    header = [
        _("State"), _("SKU"), _("Product"), _("Lot"), _("Quantity"), _("Unit"), _("Where"), _("When"),
        _("Customer"), _("Contact"),
    ]  # fmt: skip
    return outgoing.file(f"recall-{found.lot.pk}", "csv", header, rows())
