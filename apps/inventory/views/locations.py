"""Places: open, change, close."""

from typing import Any

from django.db.models import OuterRef, QuerySet
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from apps.catalog.models import Product
from apps.inventory.filters import LocationFilter
from apps.inventory.forms import LocationForm, PlaceForm, SeenForm
from apps.inventory.models import Location, PutAway, StockBalance
from apps.inventory.selectors import locations as places
from apps.inventory.selectors import place_uses
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.selectors.place_uses import Use
from apps.inventory.services import locations
from apps.inventory.tables import LocationTable
from backoffice.kernel.errors import StaleRevision
from backoffice.ui.actions import Action
from backoffice.ui.screens import (
    ActionScreen,
    Badge,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    HistoryScreen,
    ListScreen,
    SavedView,
)
from backoffice.ui.tables import SORT

FIELDS = ("code", "name", "kind", "parent")
SHOWN, KEPT = 100, 100  # of what lies in a place, and of what is kept there


class LocationList(ListScreen):
    model = Location
    title = gettext_lazy("Places")
    permission = "inventory.view_location"
    icon = "map-pin"
    table_class = LocationTable
    filter_class = LocationFilter
    create = Action(gettext_lazy("New place"), "inventory:location_create", "inventory.add_location", icon="plus")
    empty = Empty(gettext_lazy("No places yet"), gettext_lazy("A shop needs at least one place to keep things."))
    saved_views = [
        SavedView("open", pgettext_lazy("several places", "Open"), lambda rows: rows.active()),
        SavedView("closed", pgettext_lazy("several places", "Closed"), lambda rows: rows.filter(is_active=False)),
    ]

    def first(self) -> list[int]:
        """Each place after the one around it, unless another order is asked for."""
        if SORT in self.request.GET or self.view or (self.filter and self.filter.values):
            return []
        return [place.pk for place, _depth in places.as_tree(Location.objects.physical())]

    def get_queryset(self) -> QuerySet[Location]:
        mine = StockBalance.objects.filter(location_id=OuterRef("pk"))
        return (
            Location.objects.physical()
            .select_related("parent")
            .annotate(worth=stock_reads.value_of(mine, "location_id"))
        )


class LocationDetail(DetailScreen):
    """A place and what lies there."""

    model = Location
    permission = "inventory.view_location"
    template_name = "inventory/location_detail.html"
    list_url = "inventory:location_list"
    list_title = gettext_lazy("Places")
    icon = "map-pin"
    actions = [
        Action(gettext_lazy("Edit"), "inventory:location_edit", "inventory.change_location", icon="pencil"),
        Action(
            gettext_lazy("History"),
            "inventory:location_history",
            "inventory.view_location",
            icon="history",
            dialog=False,
        ),
        Action(
            gettext_lazy("Close"),
            "inventory:location_close",
            "inventory.change_location",
            icon="archive",
            danger=True,
            when=lambda place: place.is_active,
        ),
        Action(
            gettext_lazy("Open again"),
            "inventory:location_reopen",
            "inventory.change_location",
            icon="archive-restore",
            when=lambda place: not place.is_active,
        ),
    ]

    def get_queryset(self) -> QuerySet[Location]:
        return Location.objects.physical().select_related("parent")

    def badge(self) -> Badge | None:
        return None if self.object.is_active else Badge(_("closed"))

    def meta(self) -> list[Any]:
        around = " › ".join(place.name for place in places.path(self.object)[:-1])
        return [self.object.code, self.object.get_kind_display(), around]

    def get_context(self, **more: Any) -> dict[str, Any]:
        rows = self.object.balances.select_related("lot", "product__unit", "product__category")
        kept = self.object.kept_here.select_related("product__category").order_by("product__name")
        first = list(rows.order_by("product__name", "lot__expires_on", "pk")[: SHOWN + 1])
        return super().get_context(
            balances=first[:SHOWN],
            shown=SHOWN if len(first) > SHOWN else 0,
            inside=self.object.children.order_by("name"),
            kept=kept[:KEPT],
            more_kept=max(kept.count() - KEPT, 0),
            **more,
        )


class ProductPlace(ActionScreen):
    """Where a product is kept."""

    model = Product
    permission = "inventory.change_location"
    form_class = PlaceForm
    title = gettext_lazy("Where it is kept")
    submit_label = gettext_lazy("Save")
    changed = ("inventory-stock", "inventory-location")

    def intro(self) -> str:
        return str(self.object)

    def initial(self) -> dict[str, Any]:
        row = PutAway.objects.filter(product=self.object).first()
        return {"location": row.location_id if row else None, "seen": row.location_id if row else 0}

    def perform(self, form: Any) -> Any:
        return locations.keep_at(self.object, form.cleaned_data["location"], seen=form.cleaned_data["seen"])

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        """What was typed stays; saving again is meant so."""
        again = self.get_form(self.request.POST.copy() | {"seen": str(self.initial()["seen"])})
        again.add_error("location", error.message)
        return self.show(again, status=409)

    def success(self, result: Any) -> str:
        return _("Where %(product)s is kept is saved.") % {"product": self.object}

    def success_url(self, result: Any) -> str:
        return reverse("inventory:product_card", args=[self.object.pk])

    def cancel_url(self) -> str:
        return self.success_url(None)


class LocationHistory(HistoryScreen):
    model = Location
    detail_class = LocationDetail
    permission = "inventory.view_location"


class LocationCreate(CreateScreen):
    model = Location
    title = gettext_lazy("New place")
    permission = "inventory.add_location"
    form_class = LocationForm
    list_url = "inventory:location_list"
    list_title = gettext_lazy("Places")

    def perform(self, form: Any) -> Any:
        return locations.create(**{name: form.cleaned_data[name] for name in FIELDS})


class LocationEdit(EditScreen):
    model = Location
    permission = "inventory.change_location"
    form_class = LocationForm
    list_url = "inventory:location_list"
    list_title = gettext_lazy("Places")

    def get_queryset(self) -> QuerySet[Location]:
        return Location.objects.physical()

    def perform(self, form: Any) -> Any:
        fields = {name: form.cleaned_data[name] for name in FIELDS}
        return locations.update(self.object, **fields, revision=form.cleaned_data["revision"])


def _named(rows: QuerySet[Any]) -> str:
    """The products of the first rows, in a sentence."""
    return place_uses.first_of([str(row.product) for row in rows])


class LocationClose(ActionScreen):
    """Names the revision that it was opened on: what somebody opened again meanwhile is not closed unseen."""

    model = Location
    permission = "inventory.change_location"
    form_class = SeenForm
    fields_template = "inventory/location_close.html"
    submit_label = gettext_lazy("Close")
    danger = True
    list_url = "inventory:location_list"
    list_title = gettext_lazy("Places")

    def get_queryset(self) -> QuerySet[Location]:
        return Location.objects.physical()

    def get_title(self) -> str:
        return _("Close %(place)s?") % {"place": self.object}

    def intro(self) -> str:
        return _("Nothing can be put there any more. What happened there stays in the ledger.")

    def uses(self) -> list[Use]:
        """What closing it means for whom."""
        found = []
        if products := _named(self.object.kept_here.select_related("product").order_by("product__name")):
            text = _("Kept there: %(products)s. From now on they go to wherever their delivery goes.")
            found.append(Use(text % {"products": products}))
        if products := _named(locations.minimums_of(self.object)):
            text = _("Its minimums rest until it is opened again: %(products)s.")
            found.append(Use(text % {"products": products}))
        return [*found, *place_uses.of(self.object)]

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(uses=self.uses(), **more)

    def initial(self) -> dict[str, Any]:
        return {"revision": self.object.revision}

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        """Says who changed it, and shows it as it is now: whoever presses again means that."""
        self.__dict__.pop("object", None)
        again = self.get_form(self.initial())
        again.add_error(None, error.message)
        return self.show(again, status=409)

    def perform(self, form: Any) -> Any:
        return locations.close(self.object, revision=form.cleaned_data["revision"])

    def success(self, result: Any) -> str:
        return _("%(place)s is closed.") % {"place": self.object}


class LocationReopen(LocationClose):
    submit_label = gettext_lazy("Open again")
    danger = False

    def get_title(self) -> str:
        return _("Open %(place)s again?") % {"place": self.object}

    def intro(self) -> str:
        products = _named(locations.minimums_of(self.object))
        return _("Its minimums count again: %(products)s.") % {"products": products} if products else ""

    def uses(self) -> list[Use]:
        return []

    def perform(self, form: Any) -> Any:
        return locations.reopen(self.object, revision=form.cleaned_data["revision"])

    def success(self, result: Any) -> str:
        return _("%(place)s is open again.") % {"place": self.object}
