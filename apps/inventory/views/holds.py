"""Who holds what, and letting go of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet, prefetch_related_objects
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.filters import HoldFilter
from apps.inventory.forms import ReasonForm
from apps.inventory.models import Hold
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.services import holds
from apps.inventory.tables import HoldTable
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.actions import Action
from backoffice.ui.screens import ActionScreen, Badge, BulkAction, DetailScreen, Empty, Figure, ListScreen, SavedView


def _release(hold: Hold, reason: str = "") -> Hold:
    return holds.release(hold, reason=reason)


def _backing(hold: Hold) -> tuple[Decimal, Decimal]:
    """How much of what the hold still asks usable stock backs, and how much it waits for."""
    [missing] = stock_reads.with_missing(Hold.objects.filter(pk=hold.pk), clock.today()).values_list(
        "missing", flat=True
    )
    return hold.quantity - hold.fulfilled - missing, missing


def _active() -> QuerySet[Hold]:
    return Hold.objects.filter(status=Hold.Status.ACTIVE)


class HoldList(ListScreen):
    """Stock that is promised."""

    model = Hold
    permission = "inventory.view_hold"
    icon = "lock"
    table_class = HoldTable
    filter_class = HoldFilter
    search_label = gettext_lazy("Product or code")
    empty = Empty(gettext_lazy("Nobody holds anything"), gettext_lazy("Orders, carts and work orders keep stock here."))
    saved_views = [
        SavedView(
            "waiting", gettext_lazy("Waiting"), lambda rows: rows.filter(pk__in=stock_reads.waiting().values("pk"))
        ),
        SavedView(
            "old",
            gettext_lazy("Too old"),
            lambda rows: rows.filter(status=Hold.Status.ACTIVE, expires_at__lte=clock.now()),
        ),
        SavedView("ended", gettext_lazy("Ended"), lambda rows: _holds(~Q(status=Hold.Status.ACTIVE)), count=False),
    ]
    actions = [
        Action(gettext_lazy("Pick list"), "inventory:picks", "inventory.view_hold", icon="printer", dialog=False)
    ]
    bulk_actions = [
        BulkAction(
            "release",
            gettext_lazy("Release"),
            "inventory.release_hold",
            _release,
            form_class=ReasonForm,
            icon="lock-open",
            danger=True,
        )
    ]

    kept = True

    def get_queryset(self) -> QuerySet[Hold]:
        return _holds(Q(status=Hold.Status.ACTIVE))

    def reachable(self) -> QuerySet[Hold]:
        return _holds(Q())

    def searched(self) -> QuerySet[Hold]:
        return _active()

    counted = staticmethod(_active)

    def shown_bulk_actions(self) -> list[BulkAction]:
        """None where the holds have ended: nothing is let go of twice."""
        return [] if self.view is not None and self.view.key == "ended" else super().shown_bulk_actions()

    def rows_of(self, keys: Sequence[Any]) -> list[Hold]:
        found = _LISTED(keys, clock.today())
        prefetch_related_objects(found, "origin")
        return found


def _holds(which: Q) -> QuerySet[Hold]:
    return _shown(Hold.objects.filter(which), clock.today()).prefetch_related("origin")


def _shown(rows: QuerySet[Hold], today: Any) -> QuerySet[Hold]:
    return stock_reads.with_missing(rows.select_related("product__unit", "product__category"), today)


_LISTED: Compiled[Hold] = Compiled(
    lambda keys, today: _shown(Hold.objects.filter(pk__in=keys), today).defer(
        *(f"product__{name}" for name in Product.DETAILS)
    ),
    most=stock_reads.PAGE,
    shown=True,
)


class HoldDetail(DetailScreen):
    """One hold and the stock that backs it."""

    model = Hold
    permission = "inventory.view_hold"
    template_name = "inventory/hold_detail.html"
    list_url = "inventory:hold_list"
    icon = "lock"
    actions = [
        Action(
            gettext_lazy("Back with other stock"),
            "inventory:hold_reallocate",
            "inventory.release_hold",
            icon="shuffle",
            when=lambda hold: hold.is_counting(clock.now()),
        ),
        Action(
            gettext_lazy("Release"),
            "inventory:hold_release",
            "inventory.release_hold",
            icon="lock-open",
            danger=True,
            when=lambda hold: hold.status == Hold.Status.ACTIVE,
        ),
    ]

    def get_queryset(self) -> QuerySet[Hold]:
        shown = Hold.objects.select_related("product__unit", "product__category", "released_by")
        return shown.prefetch_related("locations")

    def get_title(self) -> str:
        return capfirst(str(self.object))

    def head(self) -> dict[str, Any]:
        return {**super().head(), "heading": self.get_title()}

    def badge(self) -> Badge:
        if self.object.status == Hold.Status.ACTIVE:
            fresh = self.object.is_counting(clock.now())
            return Badge(Hold.Status.ACTIVE.label, "info") if fresh else Badge(_("too old"), "warn")
        return Badge(self.object.get_status_display(), "ok" if self.object.status == Hold.Status.FULFILLED else "")

    def meta(self) -> list[Any]:
        return [self.object.product.name, self.object.reason]

    def figures(self) -> list[Figure]:
        hold, unit = self.object, self.object.product.unit.code
        backed, missing = _backing(hold)
        return [
            Figure(_("Asked"), format_quantity(hold.quantity, unit)),
            Figure(_("Handed over"), format_quantity(hold.fulfilled, unit)),
            Figure(_("Backed"), format_quantity(backed, unit), on=True),
            Figure(
                _("Waits for"),
                format_quantity(missing, unit) if hold.is_counting(clock.now()) else "–",
                tone="bad" if missing and hold.is_counting(clock.now()) else "",
            ),
        ]

    def get_context(self, **more: Any) -> dict[str, Any]:
        rows = self.object.allocations.select_related("lot", "location").order_by("pk")
        return super().get_context(hold=self.object, allocations=rows, unit=self.object.product.unit.code, **more)


class HoldRelease(ActionScreen):
    """Gives the stock of a hold back."""

    model = Hold
    permission = "inventory.release_hold"
    form_class = ReasonForm
    title = gettext_lazy("Release hold?")
    submit_label = gettext_lazy("Release")
    danger = True
    list_url = "inventory:hold_list"
    changed = ("inventory-hold", "inventory-stock")

    def get_queryset(self) -> QuerySet[Hold]:
        return Hold.objects.select_related("product__unit")

    def intro(self) -> str:
        unit = self.object.product.unit.code
        backed, missing = (format_quantity(amount, unit) if amount else "" for amount in _backing(self.object))
        told = {"product": self.object.product, "origin": self.object.origin or _("nobody")}
        said = []
        if backed:
            text = _("%(quantity)s of %(product)s, held for %(origin)s, may be sold to others again.")
            said.append(text % {**told, "quantity": backed})
        if missing:
            text = _("%(origin)s no longer waits for %(quantity)s of %(product)s.")
            said.append(text % {**told, "quantity": missing})
        return " ".join(said)

    def perform(self, form: Any) -> Any:
        return holds.release(self.object, reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        return _("Hold on %(product)s released.") % {"product": self.object.product}
