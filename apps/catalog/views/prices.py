"""Prices: set on a product's page, in the product list, and in a price list's own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.filters import PricedProductFilter
from apps.catalog.forms import EndPriceForm, InlinePriceForm, PriceListForm, SetPriceForm
from apps.catalog.models import Price, PriceList, Product
from apps.catalog.resources import prices as price_files
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import products as product_reads
from apps.catalog.services import price_lists, prices
from apps.catalog.tables import ListPriceTable, PriceListTable, ProductTable, price_text
from backoffice.kernel import clock
from backoffice.transfers import outgoing
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    CreateScreen,
    DeleteScreen,
    EditScreen,
    Empty,
    HistoryScreen,
    ListScreen,
    SavedView,
)
from backoffice.ui.tables import SORT

from .inline import CellScreen
from .products import listed


def _day(moment: datetime) -> str:
    return date_format(clock.local(moment), "SHORT_DATE_FORMAT")


class PriceSet(ActionScreen):
    """A price in any list, now or from a day on."""

    model = Product
    permission = "catalog.change_price"
    list_url = "catalog:product_list"
    form_class = SetPriceForm
    submit_label = gettext_lazy("Set the price")
    changed = ("catalog-price", "catalog-product")

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.select_related("unit")

    def get_title(self) -> str:
        return _("A price for %s") % self.object

    def initial(self) -> dict[str, Any]:
        chosen = self.request.GET.get("list", "")
        return {"price_list": chosen if chosen.isdigit() else price_reads.default_list()}

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        return SetPriceForm(data, files, initial=self.initial(), product=self.object)

    def perform(self, form: Any) -> Price:
        data = form.cleaned_data
        return prices.set_price(
            self.object, data["price_list"], amount=data["amount"], min_quantity=data["min_quantity"],
            unit=data.get("unit"), valid_from=data["valid_from"], reason=data["reason"],
        )  # fmt: skip

    def success(self, result: Price) -> str:
        said = {"product": self.object, "price": price_text(result.amount)}
        if result.valid_from > clock.now():
            return _("%(product)s: %(price)s from %(day)s on.") % {**said, "day": _day(result.valid_from)}
        if result.valid_to is not None:
            return _("%(product)s: %(price)s until %(day)s, when the scheduled price begins.") % {
                **said, "day": _day(result.valid_to)
            }  # fmt: skip
        return _("%(product)s: %(price)s") % said

    def success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()


class PriceCancel(ActionScreen):
    """Forget a price that has not begun."""

    model = Price
    permission = "catalog.change_price"
    submit_label = gettext_lazy("Cancel this price")
    danger = True
    changed = ("catalog-price", "catalog-product")

    def get_queryset(self) -> QuerySet[Price]:
        return Price.objects.select_related("product", "price_list")

    def get_title(self) -> str:
        return _("Cancel the scheduled price of %s?") % self.object.product

    def intro(self) -> str:
        return _("The price before it goes on.")

    def perform(self, form: Any) -> None:
        prices.cancel_scheduled(self.object)

    def success(self, result: Any) -> str:
        return _("The scheduled price is cancelled.")

    def success_url(self, result: Any) -> str:
        return self.object.product.get_absolute_url()

    def cancel_url(self) -> str:
        return self.object.product.get_absolute_url()


class PriceEnd(ActionScreen):
    """Take a price away that holds: one for larger amounts, for a pack, or of a list that follows another one."""

    model = Price
    permission = "catalog.change_price"
    form_class = EndPriceForm
    submit_label = gettext_lazy("Take it away")
    danger = True
    changed = ("catalog-price", "catalog-product")

    def get_queryset(self) -> QuerySet[Price]:
        return Price.objects.select_related("product", "price_list__base", "unit")

    def get_title(self) -> str:
        return _("Take away the price of %(product)s in %(list)s?") % {
            "product": self.object.product, "list": self.object.price_list,
        }  # fmt: skip

    def intro(self) -> str:
        price = self.object
        if price.price_list.base is not None:
            return _("From now on it follows the list %s again. What was charged stays known.") % price.price_list.base
        others = Price.objects.at(clock.now()).filter(price_list=price.price_list, product=price.product)
        if not others.exclude(pk=price.pk).exists():
            return _(
                "From now on it has no price in this list, nor in those that follow it. What was charged stays known."
            )
        if price.min_quantity or price.unit is not None:
            return _("From now on its other prices in this list count. What was charged stays known.")
        return _("From now on it has no price for small amounts in this list. What was charged stays known.")

    def perform(self, form: Any) -> None:
        prices.take_away(self.object, reason=form.cleaned_data["reason"])

    def success(self, result: Any) -> str:
        return _("The price of %s is taken away.") % self.object.product

    def success_url(self, result: Any) -> str:
        return reverse("catalog:product_prices", args=[self.object.product_id])

    def cancel_url(self) -> str:
        return reverse("catalog:product_prices", args=[self.object.product_id])


class InlinePrice(CellScreen):
    """A price, edited where it stands."""

    model = Product
    permission = "catalog.change_price"
    list_url = "catalog:product_list"
    form_class = InlinePriceForm
    column = "price"
    changed = "catalog-price"

    @cached_property
    def price_list(self) -> PriceList:
        raise NotImplementedError

    def initial(self) -> dict[str, Any]:
        return {"price": self.object.price, "shown": self.object.price}

    def perform(self, form: Any) -> Product:
        prices.set_price(
            self.object, self.price_list, amount=form.cleaned_data["price"], shown=form.cleaned_data["shown"]
        )
        return self.object


class ProductPrice(InlinePrice):
    """The price of the default list, in the product list."""

    table_class = ProductTable

    def get_queryset(self) -> QuerySet[Product]:
        return listed()

    @cached_property
    def price_list(self) -> PriceList:
        found = price_reads.default_list()
        if found is None:
            raise Http404(_("There is no price list yet."))
        return found


class ListPrice(InlinePrice):
    """The price in one list, on that list's page."""

    table_class = ListPriceTable

    def get_queryset(self) -> QuerySet[Product]:
        return priced(self.price_list)

    @cached_property
    def price_list(self) -> PriceList:
        return get_object_or_404(PriceList, pk=self.kwargs["price_list"])

    def cancel_url(self) -> str:
        return self.price_list.get_absolute_url()


def on_page(price_list: PriceList) -> QuerySet[Product]:
    """What a price list's page shows: all that is for sale, and what has a price besides."""
    has_one = Exists(Price.objects.at(clock.now()).filter(price_list=price_list, product=OuterRef("pk")))
    return Product.objects.filter(Q(is_sellable=True) | Q(has_one), is_active=True)


def priced(price_list: PriceList) -> QuerySet[Product]:
    """The same with what is shown of each."""
    rows = on_page(price_list).select_related("category", "unit").defer(*Product.DETAILS)
    return product_reads.with_next_price(product_reads.with_price(rows, price_list), price_list)


class PriceListList(ListScreen):
    model = PriceList
    permission = "catalog.view_pricelist"
    title = gettext_lazy("Price lists")
    icon = "tags"
    table_class = PriceListTable
    actions = [
        Action(
            gettext_lazy("All lists side by side"), "catalog:price_grid", "catalog.view_price", icon="table",
            dialog=False,
        )
    ]  # fmt: skip
    create = Action(gettext_lazy("New price list"), "catalog:price_list_create", "catalog.add_pricelist", icon="plus")
    export = False
    empty = Empty(
        gettext_lazy("No price list yet"), gettext_lazy("A till, a web shop and a wholesaler may each have their own.")
    )

    def get_queryset(self) -> QuerySet[PriceList]:
        now = clock.now()
        holds = Q(prices__valid_from__lte=now) & (Q(prices__valid_to=None) | Q(prices__valid_to__gt=now))
        return PriceList.objects.select_related("base").annotate(
            priced=Count("prices__product", filter=holds, distinct=True)
        )


class PriceListCreate(CreateScreen):
    model = PriceList
    permission = "catalog.add_pricelist"
    list_url = "catalog:price_list_list"
    form_class = PriceListForm

    def initial(self) -> dict[str, Any]:
        return {"is_default": not PriceList.objects.exists()}

    def perform(self, form: Any) -> PriceList:
        return price_lists.create(**form.cleaned_data)


class PriceListEdit(EditScreen):
    model = PriceList
    permission = "catalog.change_pricelist"
    list_url = "catalog:price_list_list"
    form_class = PriceListForm

    def perform(self, form: Any) -> PriceList:
        changes = {name: form.cleaned_data[name] for name in form.changed_columns()}
        return price_lists.update(self.object, revision=form.cleaned_data["revision"], **changes)


class PriceListDelete(DeleteScreen):
    """Removes a list that never had a price; one that had is closed instead."""

    model = PriceList
    permission = "catalog.delete_pricelist"
    list_url = "catalog:price_list_list"

    def perform(self, form: Any) -> None:
        price_lists.delete(self.object)


class PriceListHistory(HistoryScreen):
    model = PriceList
    permission = "catalog.view_pricelist"
    list_url = "catalog:price_list_list"


class PriceListPrices(ListScreen):
    """The products of one list with their prices, edited where they stand."""

    model = Product
    permission = "catalog.view_price"
    icon = "tags"
    table_class = ListPriceTable
    filter_class = PricedProductFilter
    search_label = gettext_lazy("Search SKU, name or barcode")
    changed = "catalog-price"
    saved_views = [
        SavedView("priced", gettext_lazy("With a price"), lambda rows: rows.exclude(price=None)),
        SavedView("missing", gettext_lazy("Without a price"), lambda rows: rows.filter(price=None)),
        SavedView("scheduled", gettext_lazy("Changing soon"), lambda rows: rows.exclude(next_price=None)),
    ]

    @cached_property
    def price_list(self) -> PriceList:
        return get_object_or_404(PriceList, pk=self.kwargs["price_list"])

    @property
    def actions(self) -> list[Action]:  # type: ignore[override]
        """The list itself is edited from its own page."""
        pk = self.price_list.pk
        return [
            Action(
                _("Import"),
                "transfers:upload",
                "catalog.change_price",
                icon="upload",
                dialog=False,
                args=lambda thing: ["prices"],
            ),
            Action(
                _("Change many"),
                "catalog:price_rule",
                "catalog.change_price",
                icon="percent",
                dialog=False,
                args=lambda thing: [pk],
            ),
            Action(
                _("Edit the list"),
                "catalog:price_list_edit",
                "catalog.change_pricelist",
                icon="pencil",
                args=lambda thing: [pk],
            ),
        ]

    def get_title(self) -> str:
        return self.price_list.name

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(_("Price lists"), reverse("catalog:price_list_list"))]

    def lead(self) -> str:
        tax = _("Prices include tax.") if self.price_list.tax_inclusive else _("Tax is added on top.")
        return tax if self.price_list.is_active else _("This list is closed. ") + tax

    kept = True

    def get_queryset(self) -> QuerySet[Product]:
        return priced(self.price_list)

    def searched(self) -> QuerySet[Product]:
        by_price = self.request.GET.get(SORT, "").removeprefix("-") == "price"
        return self.get_queryset() if by_price else on_page(self.price_list)

    def export_as(self, kind: str) -> HttpResponseBase:
        """Every price of the list, with tiers and what is scheduled, in the columns that the import reads back."""
        if not self.may_export():
            return super().export_as(kind)
        names = [column.name for column in price_files.COLUMNS]
        return outgoing.file(f"prices-{self.price_list.code}", kind, names, price_files.lines([self.price_list]))
