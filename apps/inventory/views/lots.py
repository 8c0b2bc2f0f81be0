"""Lots: the list, the page with where it came from and went, blocking and releasing."""

from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.models import Product
from apps.inventory.filters import LotFilter
from apps.inventory.forms import BlockForm, ReasonForm
from apps.inventory.models import Hold, HoldAllocation, Lot, StockBalance
from apps.inventory.selectors import ledger, nearness
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import lots
from apps.inventory.tables import LotTable
from backoffice.company import current as current_company
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.money import format_money, round_money
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import htmx
from backoffice.ui.actions import Action
from backoffice.ui.forms import Form
from backoffice.ui.permissions import requires
from backoffice.ui.screens import (
    ActionScreen,
    Badge,
    DetailScreen,
    Empty,
    Figure,
    HistoryScreen,
    ListScreen,
    SavedView,
)
from backoffice.ui.tables import SORT

MOVES = 50
KIN = 50
"""So many lots that went into one, or came of it, are on its page; the trace has all."""


def _present() -> QuerySet[Lot]:
    """Lots that are in the house."""
    return Lot.objects.tracked().filter(_somewhere())


class LotList(ListScreen):
    """Lots that are in the house; one view shows those that were, too."""

    model = Lot
    permission = "inventory.view_lot"
    icon = "boxes"
    table_class = LotTable
    filter_class = LotFilter
    search_label = gettext_lazy("Lot, product, supplier, or scan a lot or a place")
    empty = Empty(gettext_lazy("No lots yet"), gettext_lazy("Every receipt and every batch makes one."))
    create = Action(gettext_lazy("Receive"), "inventory:receive", "inventory.receive_stock", icon="truck", dialog=False)
    saved_views = [
        SavedView(
            "stock", gettext_lazy("In stock"), lambda rows: rows.filter(pk__in=_lots(StockBalance.objects.all()))
        ),
        SavedView(
            "expiring",
            gettext_lazy("Expiring soon"),
            lambda rows: rows.filter(pk__in=_lots(stock_reads.expiring())),
        ),
        SavedView("expired", gettext_lazy("Expired"), lambda rows: rows.filter(pk__in=_lots(stock_reads.expired()))),
        SavedView("blocked", gettext_lazy("Blocked"), lambda rows: rows.exclude(status=Lot.Status.OK)),
        SavedView("ever", gettext_lazy("With used up"), lambda rows: every_lot(), count=False),
    ]

    kept = True
    counted = staticmethod(_present)

    def get_queryset(self) -> QuerySet[Lot]:
        return every_lot().filter(_somewhere())

    def searched(self) -> QuerySet[Lot]:
        worked_out = self.request.GET.get(SORT, "").removeprefix("-") in ("on_hand", "worth")
        return self.get_queryset() if worked_out else _present()

    def rows_of(self, keys: Sequence[Any]) -> list[Lot]:
        return _LISTED(keys)


def every_lot() -> QuerySet[Lot]:
    """Lots that people know by their code, with what is left of them."""
    mine = StockBalance.objects.filter(lot_id=OuterRef("pk"))
    return (
        Lot.objects.tracked()
        .select_related("product__unit", "product__category")
        .annotate(
            on_hand=stock_reads.on_hand_of(mine, "lot_id"),
            worth=stock_reads.value_of(mine, "lot_id"),
        )
    )


_LISTED: Compiled[Lot] = Compiled(
    lambda keys: every_lot().filter(pk__in=keys).defer(*(f"product__{name}" for name in Product.DETAILS)),
    most=stock_reads.PAGE,
    shown=True,
)


def _somewhere() -> Exists:
    """Some of the lot is there. Asked lot by lot, so that a page reads no more of them than it shows."""
    return Exists(StockBalance.objects.filter(lot_id=OuterRef("pk")))


def _lots(balances: QuerySet[StockBalance]) -> Any:
    return balances.order_by().values("lot_id")


class LotDetail(DetailScreen):
    """Where it is, where it came from, where it went: one level each way."""

    model = Lot
    permission = "inventory.view_lot"
    template_name = "inventory/lot_detail.html"
    panels = "inventory.lot"
    list_url = "inventory:lot_list"
    actions = [
        Action(
            gettext_lazy("Trace and recall"),
            "inventory:lot_trace",
            "inventory.view_lot",
            icon="network",
            dialog=False,
        ),
        Action(gettext_lazy("Labels on A4"), "inventory:lot_labels", "inventory.view_lot", icon="tag", dialog=False),
        Action(gettext_lazy("Grade and markdown"), "inventory:lot_markdown", "inventory.block_lot", icon="percent"),
        Action(
            gettext_lazy("Correct cost"),
            "inventory:lot_cost",
            "inventory.correct_cost",
            icon="receipt",
            dialog=False,
            when=lambda lot: lot.produced_on is None,
        ),
        Action(gettext_lazy("History"), "inventory:lot_history", "inventory.view_lot", icon="history", dialog=False),
        Action(
            gettext_lazy("Block"),
            "inventory:lot_block",
            "inventory.block_lot",
            icon="ban",
            danger=True,
            when=lambda lot: lot.status != Lot.Status.BLOCKED,
        ),
        Action(
            gettext_lazy("Release"),
            "inventory:lot_unblock",
            "inventory.block_lot",
            icon="circle-check",
            when=lambda lot: lot.status != Lot.Status.OK,
        ),
    ]

    def get_queryset(self) -> QuerySet[Lot]:
        held = HoldAllocation.objects.filter(lot_id=OuterRef("pk"), hold__status=Hold.Status.ACTIVE)
        return Lot.objects.select_related("product__unit", "product__category").annotate(is_held=Exists(held))

    @cached_property
    def balances(self) -> list[StockBalance]:
        return list(self.object.balances.select_related("location").order_by("location__name"))

    def thumb(self) -> tuple[str, str]:
        return self.object.product.shown_icon, self.object.product.hue

    def badge(self) -> Badge:
        if self.object.status != Lot.Status.OK:
            return Badge(self.object.get_status_display(), "bad")
        if self.object.expires_on and self.object.expires_on < clock.today():
            return Badge(_("expired"), "bad")
        return Badge(self.object.get_status_display(), "ok")

    def meta(self) -> list[Any]:
        lot = self.object
        card = reverse("inventory:product_card", args=[lot.product_id])
        found: list[Any] = [format_html('<a href="{}">{}</a>', card, lot.product.name), lot.supplier_name]
        if lot.grade != Lot.Grade.FIRST:
            found.append(_("%(grade)s grade") % {"grade": lot.get_grade_display()})
        if lot.markdown_percent:
            found.append(format_html('<span class="tag">−{} %</span>', lot.markdown_percent))
        if lot.produced_on:
            found.append(_("made %(day)s") % {"day": date_format(lot.produced_on, "SHORT_DATE_FORMAT")})
        elif lot.received_on:
            found.append(_("received %(day)s") % {"day": date_format(lot.received_on, "SHORT_DATE_FORMAT")})
        if lot.expires_on:
            days = (lot.expires_on - clock.today()).days
            when = date_format(lot.expires_on, "SHORT_DATE_FORMAT")
            if days < 0:
                said = _("expired %(day)s") % {"day": when}
            elif days == 0:
                said = _("expires today")
            else:
                said = ngettext("expires %(day)s, %(days)s day", "expires %(day)s, %(days)s days", days) % {
                    "day": when,
                    "days": days,
                }
            tone = nearness.now().tone(lot.expires_on, lot.product.shelf_life_days)
            found.append(format_html('<b class="c-{}">{}</b>', tone, said) if tone else said)
        return found

    @cached_property
    def destiny(self) -> ledger.Destiny:
        return ledger.destiny(self.object, self.balances)

    def figures(self) -> list[Figure]:
        unit, sums = self.object.product.unit.code, self.destiny
        card = reverse("inventory:product_card", args=[self.object.product_id])
        currency = current_company().currency
        found = [
            Figure(_("Made") if self.object.produced_on else _("Received"), format_quantity(sums.came, unit)),
            Figure(_("Used"), format_quantity(sums.used, unit)),
            Figure(_("Sold"), format_quantity(sums.sold, unit)),
            Figure(_("Waste"), format_quantity(sums.wasted, unit), tone="bad" if sums.wasted else ""),
            Figure(_("On hand"), format_quantity(sums.on_hand, unit), url=card, on=True),
            Figure(
                _("Unit cost"),
                format_money(
                    self.object.unit_cost,
                    currency,
                    places=2 if self.object.unit_cost == round_money(self.object.unit_cost) else 4,
                ),
                note=_("%(money)s on hand") % {"money": format_money(sums.value, currency)},
            ),
        ]
        if sums.adjusted:
            found.insert(4, Figure(_("Adjusted"), format_quantity(sums.adjusted, unit), tone="warn"))
        return found

    def get_context(self, **more: Any) -> dict[str, Any]:
        lot = self.object
        return super().get_context(
            lot=lot,
            unit=lot.product.unit.code,
            balances=self.balances,
            parents=_kin(lot.parents.order_by("product__name", "code")),
            children=_kin(lot.children.order_by("-pk")),
            **more,
        )


def _kin(lots: QuerySet[Lot]) -> Any:
    """As many as the page shows, and one more where there are more. Read by the page that shows them."""
    return SimpleLazyObject(lambda: list(lots.select_related("product__unit", "product__category")[: KIN + 1]))


@requires("inventory.view_lot")
def lot_went(request: HttpRequest, pk: int) -> HttpResponse:
    """Where it went, and its moves: the lot's page fetches it, a page of its own without scripts."""
    lot = get_object_or_404(Lot.objects.select_related("product__unit"), pk=pk)
    gone, moves = ledger.went_to(lot, limit=MOVES + 1), ledger.moves_of_lot(lot, limit=MOVES + 1)
    older = reverse("inventory:product_card", args=[lot.product_id])
    if not lot.is_silent and request.user.has_perm("inventory.view_stockoperation"):
        older = f"{reverse('inventory:operation_list')}?{urlencode({'q': lot.code})}"
    more = {
        "gone": gone[:MOVES],
        "moves": moves[:MOVES],
        "older_gone": older if len(gone) > MOVES else "",
        "older": older if len(moves) > MOVES else "",
        "title": _("Where it went"),
    }
    return _part(request, lot, "went", more)


@requires("inventory.view_lot")
def lot_held(request: HttpRequest, pk: int) -> HttpResponse:
    """The documents it is held for: the lot's page fetches it."""
    lot = get_object_or_404(Lot.objects.select_related("product__unit"), pk=pk)
    rows = lot.allocations.filter(hold__status=Hold.Status.ACTIVE).select_related("hold", "location")
    return _part(request, lot, "held", {"allocations": rows.prefetch_related("hold__origin"), "title": _("Held for")})


def _part(request: HttpRequest, lot: Lot, name: str, more: dict[str, Any]) -> HttpResponse:
    page = f"inventory/lot_{name}.html"
    crumbs = [(_("Lots"), reverse("inventory:lot_list")), (str(lot), lot.get_absolute_url()), (more["title"], "")]
    whole = {"whole": str(lot), "whole_url": lot.get_absolute_url(), "breadcrumbs": crumbs}
    context = {"lot": lot, "unit": lot.product.unit.code, **whole, **more}
    return htmx.render(request, page, context, fragments={name: f"{page}#{name}"})


class LotHistory(HistoryScreen):
    model = Lot
    detail_class = LotDetail
    permission = "inventory.view_lot"


class LotBlock(ActionScreen):
    """Keeps a lot from being used; holds on it move to other stock or wait."""

    model = Lot
    permission = "inventory.block_lot"
    form_class: ClassVar[type[Form]] = BlockForm
    submit_label = gettext_lazy("Block lot")
    danger = True
    changed = ("inventory-lot", "inventory-stock")

    def get_title(self) -> str:
        return _("Block lot %(lot)s?") % {"lot": self.object}

    def intro(self) -> str:
        count = self.object.allocations.filter(hold__status=Hold.Status.ACTIVE).count()
        if not count:
            return _("Nothing of it may be sold or used until it is released.")
        return ngettext(
            "%(count)s hold is backed by it; it moves to other stock, or waits.",
            "%(count)s holds are backed by it; they move to other stock, or wait.",
            count,
        ) % {"count": count}

    def perform(self, form: Any) -> Any:
        said = form.cleaned_data
        self.moved = lots.block(self.object, reason=said["reason"], status=said["status"], key=self.key)
        return self.object

    def initial(self) -> dict[str, Any]:
        return {"status": Lot.Status.BLOCKED}

    def success(self, result: Any) -> str:
        if self.object.status == Lot.Status.QUARANTINE:
            return _("Lot %(lot)s is in quarantine.") % {"lot": self.object}
        return _("Lot %(lot)s is blocked.") % {"lot": self.object}


class LotUnblock(LotBlock):
    """Lets a blocked lot be used again."""

    form_class = ReasonForm
    submit_label = gettext_lazy("Release lot")
    danger = False

    def get_title(self) -> str:
        return _("Release lot %(lot)s?") % {"lot": self.object}

    def intro(self) -> str:
        return _("It may be sold and used again; waiting orders are served from it.")

    def initial(self) -> dict[str, Any]:
        return {}

    def perform(self, form: Any) -> Any:
        lots.unblock(self.object, reason=form.cleaned_data["reason"], key=self.key)
        return self.object

    def success(self, result: Any) -> str:
        return _("Lot %(lot)s may be used again.") % {"lot": self.object}
