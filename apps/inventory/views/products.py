"""Stock by product: the list, the stock card, the why, and the panel on the product's page."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.filters import StockFilter
from apps.inventory.forms import WhyForm
from apps.inventory.selectors import availability, bundles, daily, ledger, urgent
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.tables import StockTable, state_of
from backoffice.company import current as current_company
from backoffice.kernel.money import format_money, round_money
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import charts, htmx
from backoffice.ui.actions import Action
from backoffice.ui.pagination import DEEP
from backoffice.ui.permissions import requires
from backoffice.ui.screens import Badge, DetailScreen, Empty, Fact, ListScreen, SavedView
from backoffice.ui.tables import SORT

MOVES = [
    Action(gettext_lazy("Transfer"), "inventory:transfer", "inventory.transfer_stock", icon="arrow-left-right"),
    Action(gettext_lazy("Adjust"), "inventory:adjust", "inventory.adjust_stock", icon="clipboard-check"),
    Action(gettext_lazy("Waste"), "inventory:waste", "inventory.waste_stock", icon="trash-2"),
]


class StockList(ListScreen):
    """All products that have or may have stock."""

    model = Product
    permission = "inventory.view_stockbalance"
    title = gettext_lazy("Stock")
    icon = "warehouse"
    table_class = StockTable
    filter_class = StockFilter
    changed = "inventory-stock"
    search_label = gettext_lazy("Name, SKU, or scan a product, lot or place")
    create = Action(gettext_lazy("Receive"), "inventory:receive", "inventory.receive_stock", icon="truck", dialog=False)
    actions = MOVES
    empty = Empty(gettext_lazy("No stock yet"), gettext_lazy("Receive what came, and it appears here."))
    saved_views = [
        SavedView(
            "low",
            gettext_lazy("Below minimum"),
            lambda rows: rows.filter(pk__in=stock_reads.below_minimum().values("product_id")),
        ),
        SavedView(
            "expiring",
            gettext_lazy("Expiring soon"),
            lambda rows: stock_reads.with_stock(rows, stock_reads.expiring()),
        ),
        SavedView(
            "blocked",
            gettext_lazy("Expired or blocked"),
            lambda rows: rows.filter(
                pk__in=stock_reads.expired().values("product_id").union(stock_reads.blocked().values("product_id"))
            ),
        ),
        SavedView(
            "short",
            gettext_lazy("Short"),
            lambda rows: rows.filter(pk__in=stock_reads.waiting().order_by().values("product_id")),
        ),
    ]

    kept = True
    counted = staticmethod(stock_reads.listable)

    def get_queryset(self) -> QuerySet[Product]:
        goods = Product.objects.select_related("unit", "category").defer(*Product.DETAILS)
        return stock_reads.with_trend(stock_reads.with_minimum(stock_reads.kept(goods)))

    def searched(self) -> QuerySet[Product]:
        return stock_reads.listable()

    def rows_of(self, keys: Sequence[Any]) -> Sequence[Product]:
        return stock_reads.listed(keys)

    def lead(self) -> str:
        _matching, _all, low, expiring, blocked, short = self.counts
        counts = {"low": low, "expiring": expiring, "blocked": blocked, "short": short}
        return _(
            "%(short)s short, %(low)s below minimum, %(expiring)s expiring soon, %(blocked)s expired or blocked."
        ) % {name: str(count) for name, count in counts.items()}

    def first(self) -> list[int]:
        """Unless something else is asked for, what has something to say comes first, the worst on top."""
        asked = SORT in self.request.GET or self.view or (self.filter and self.filter.values)
        if asked:
            return []
        number, size = self.asked_page
        if (number - 1) * size >= DEEP:
            return urgent.lately()
        # A whole page has enough to ask for: it does not ask twice.
        return urgent.worst_first(number * size + 1 if htmx.target(self.request) == "table" else None)


class ProductCard(DetailScreen):
    """The stock card: five numbers and lots; holds and moves, which name many documents, fetch themselves."""

    model = Product
    permission = "inventory.view_stockbalance"
    template_name = "inventory/product_card.html"
    list_url = "inventory:stock_list"
    list_title = gettext_lazy("Stock")
    actions = [
        Action(gettext_lazy("Set minimum"), "inventory:product_minimum", "inventory.change_reorderrule", icon="gauge"),
        Action(
            gettext_lazy("Where it is kept"), "inventory:product_place", "inventory.change_location", icon="map-pin"
        ),
        Action(
            gettext_lazy("Product"),
            "catalog:product_detail",
            "catalog.view_product",
            icon="external-link",
            dialog=False,
        ),
    ]

    @cached_property
    def object(self) -> Any:
        found = stock_reads.carded(self.kwargs["pk"])
        if not found:
            raise Http404
        return found[0]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What stands for its parts or variants has no card: noughts would say that there is none of it."""
        if self.object.kind in (Product.Kind.BUNDLE, Product.Kind.CONFIGURABLE):
            return redirect(self.object)
        return super().get(request, *args, **kwargs)

    def thumb(self) -> tuple[str, str]:
        return self.object.shown_icon, self.object.hue

    @cached_property
    def why(self) -> availability.Why:
        return availability.why(self.object, documents=False)

    @cached_property
    def stock_facts(self) -> stock_reads.Facts:
        return stock_reads.facts_of(self.why, self.object.minimum)

    def badge(self) -> Badge | None:
        text, tone = state_of(self.why.numbers, self.stock_facts, self.object)
        return Badge(text, tone) if tone else None

    def meta(self) -> list[Any]:
        found = [self.object.sku]
        if self.stock_facts.minimum is not None:
            least = format_quantity(self.stock_facts.minimum, self.object.unit.code)
            found.append(_("minimum %(quantity)s") % {"quantity": least})
        money = format_money(self.stock_facts.value, current_company().currency)
        found.append(_("worth %(money)s") % {"money": money})
        if (cost := self.stock_facts.average_cost) is not None:
            places = 2 if cost == round_money(cost) else 4
            one = format_money(cost, current_company().currency, places=places)
            found.append(_("%(money)s a %(unit)s on average") % {"money": one, "unit": self.object.unit.code})
        if kept := getattr(self.object, "put_away", None):
            found.append(_("kept at %(place)s") % {"place": kept.location.shown})
        return found

    def facts(self) -> list[Fact]:
        return []

    def get_context(self, **more: Any) -> dict[str, Any]:
        return super().get_context(
            product=self.object, why=self.why, numbers=self.why.numbers, unit=self.object.unit.code, **more
        )


@requires("inventory.view_stockbalance")
def product_moves(request: HttpRequest, pk: int) -> HttpResponse:
    """Every move with the balance it left: the stock card fetches it, a page of its own without scripts."""
    product = get_object_or_404(Product.objects.select_related("unit").defer(*Product.DETAILS), pk=pk)
    before, carried = ledger.carried_on(product, request.GET.get("before", "")) or (None, None)
    more = {"card": ledger.card(product, before=before, carried=carried), "title": _("Moves")}
    return _part(request, product, "moves", more)


@requires("inventory.view_stockbalance")
def product_promises(request: HttpRequest, pk: int) -> HttpResponse:
    """Who holds it and what is to come, by the documents: the stock card fetches it."""
    product = get_object_or_404(Product.objects.select_related("unit", "category"), pk=pk)
    return _part(request, product, "promises", {"why": availability.why(product), "title": _("Holds")})


@requires("inventory.view_stockbalance")
def product_story(request: HttpRequest, pk: int) -> HttpResponse:
    """How much there was at the end of each of the last days, and how long it lasts: the stock card fetches it."""
    product = get_object_or_404(stock_reads.with_minimum(Product.objects.select_related("unit", "category")), pk=pk)
    found, unit = daily.story(product), product.unit.code
    minimum = product.minimum  # type: ignore[attr-defined]
    lines = [charts.Series(_("At the end of the day"), found.left, "now")]
    if minimum is not None:
        lines.append(charts.Series(_("Minimum"), [minimum] * len(found.days), "prev"))
    chart = charts.Line(
        _("Stock of %(product)s day by day, in %(unit)s") % {"product": product.name, "unit": unit},
        [date_format(day, "j M") for day in found.days],
        lines,
        show=lambda value: format_quantity(Decimal(value), unit),
        heading=_("Day"),
        width=560,
        height=140,
    )
    lasts = ""
    if found.lasts is not None:
        lasts = _("%(a_day)s a day: lasts %(days)s days") % {
            "a_day": format_quantity(found.a_day.quantize(Decimal("0.1")), unit),
            "days": format_quantity(daily.rounded(found.lasts)),
        }
    return _part(request, product, "story", {"chart": chart, "lasts": lasts, "title": _("Last 14 days")})


def _part(request: HttpRequest, product: Product, name: str, more: dict[str, Any]) -> HttpResponse:
    page = f"inventory/product_{name}.html"
    crumbs = [(_("Stock"), reverse("inventory:stock_list")), (product.name, _card(product)), (more["title"], "")]
    whole = {"whole": product.name, "whole_url": _card(product), "breadcrumbs": crumbs}
    context = {"product": product, "unit": product.unit.code, **whole, **more}
    return htmx.render(request, page, context, fragments={name: f"{page}#{name}"})


def _card(product: Product) -> str:
    return reverse("inventory:product_card", args=[product.pk])


@requires("inventory.view_stockbalance")
def product_why(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the five numbers come from: the popover's content, and a page that also tells of other days and places."""
    product = get_object_or_404(Product.objects.select_related("unit", "category"), pk=pk)
    page = "inventory/product_why.html"
    target = f"why-{pk}"
    form = None if htmx.target(request) == target else WhyForm(request.GET or None)
    asked = form.asked() if form is not None and form.is_bound and form.is_valid() else {}
    context = {
        "product": product,
        "why": availability.why(product, **asked),
        "form": form,
        "unit": product.unit.code,
        "title": _("Why?"),
        "breadcrumbs": [(product.name, reverse("inventory:product_card", args=[pk])), (_("Why?"), "")],
    }
    return htmx.render(request, page, context, fragments={target: f"{page}#why"})


@requires("inventory.view_stockbalance")
def product_stock(request: HttpRequest, pk: int) -> HttpResponse:
    """The stock of a product, on its page in the catalogue."""
    product = get_object_or_404(stock_reads.with_minimum(Product.objects.select_related("unit", "category")), pk=pk)
    page = "inventory/product_stock.html"
    facts = stock_reads.facts([pk])[pk]
    facts.minimum = product.minimum  # type: ignore[attr-defined]
    numbers = facts.numbers or availability.Availability(pk)
    text, tone = state_of(numbers, facts, product)
    context = {
        "product": product,
        "numbers": numbers,
        "facts": facts,
        "state": text,
        "tone": tone,
        "unit": product.unit.code,
        "bundle": bundles.by_place(product) if product.kind == Product.Kind.BUNDLE else None,
        "title": _("Stock"),
        "breadcrumbs": [(product.name, product.get_absolute_url()), (_("Stock"), "")],
    }
    return htmx.render(request, page, context, fragments={"panel-stock": f"{page}#panel-stock"})
