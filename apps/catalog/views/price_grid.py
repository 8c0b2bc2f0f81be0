"""Prices of all lists side by side, typed or pasted; prices changed by a rule; both shown before they are set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.errors import TooManyPrices
from apps.catalog.filters import PricedProductFilter
from apps.catalog.forms import ApplyPricesForm, PriceRuleForm
from apps.catalog.models import Price, PriceList, Product
from apps.catalog.price_tables import PriceGridTable, list_columns
from apps.catalog.resources import price_rule
from apps.catalog.selectors import categories as category_tree
from apps.catalog.services import price_changes
from apps.catalog.services.price_changes import Proposal, Wish
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may, requires
from backoffice.ui.screens import Action, ListScreen, SavedView

MOST_LISTS = 8
CELL = re.compile(r"c([0-9]{1,18})-([0-9]{1,18})")
PREVIEW = "catalog/price_preview.html"


class PriceGrid(ListScreen):
    """Products × lists. Every cell is a field; what was changed is checked before anything is set."""

    model = Product
    permission = "catalog.view_price"
    title = gettext_lazy("Prices of all lists")
    icon = "tags"
    template_name = "catalog/price_grid.html"
    table_class = PriceGridTable
    filter_class = PricedProductFilter
    search_label = gettext_lazy("Search SKU, name or barcode")
    changed = "catalog-price"
    export = False
    actions = [
        Action(
            gettext_lazy("Price lists"), "catalog:price_list_list", "catalog.view_pricelist", icon="tags", dialog=False
        )
    ]
    saved_views = [
        SavedView("sold", gettext_lazy("For sale"), lambda rows: rows.sellable()),
        SavedView("unpriced", gettext_lazy("Without any price"), lambda rows: rows.exclude(pk__in=_priced())),
    ]

    def breadcrumbs(self) -> list[tuple[Any, str]]:
        return [(_("Price lists"), reverse("catalog:price_list_list"))]

    @cached_property
    def lists(self) -> list[PriceList]:
        rows = PriceList.objects.filter(is_active=True).select_related("base").order_by("-is_default", "name")
        return list(rows[:MOST_LISTS])

    def get_queryset(self) -> QuerySet[Product]:
        return self.searched().select_related("category", "unit").defer(*Product.DETAILS)

    kept = True

    def searched(self) -> QuerySet[Product]:
        has_one = Exists(Price.objects.at(clock.now()).filter(product=OuterRef("pk")))
        return Product.objects.filter(Q(is_sellable=True) | Q(has_one), is_active=True)

    @cached_property
    def table(self) -> PriceGridTable:
        may = self.request.user.has_perm("catalog.change_price")
        return PriceGridTable(self.matching(), request=self.request, extra_columns=list_columns(self.lists, may=may))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        rows = (
            Price.objects.at(clock.now())
            .single()
            .filter(price_list__in=self.lists, product__in=[row.pk for row in self.page.rows], min_quantity=0)
        )
        self.table.prices = {(row.product_id, row.price_list_id): row for row in rows}
        return super().get(request, *args, **kwargs)


def _priced() -> QuerySet[Price, Any]:
    return Price.objects.at(clock.now()).values("product")


@command("catalog.change_price")
def check(request: HttpRequest) -> HttpResponse:
    """What the cells of the grid would change."""
    shown = _seen(request.POST.get("seen", ""))
    wishes = []
    for name, text in request.POST.items():
        if match := CELL.fullmatch(name):
            key = int(match[1]), int(match[2])
            wishes.append(Wish(*key, str(text)[:60].replace("\x00", ""), shown.get(key)))
    proposals = price_changes.read_wishes(wishes)
    back = _back(request)
    if not proposals:
        messages.info(request, _("No price was changed."))
        return redirect(back)
    return _preview(request, proposals, ApplyPricesForm(), back)


@requires("catalog.change_price")
def rule(request: HttpRequest, pk: int) -> HttpResponse:
    """A change by percentage or amount of all prices of a list that a filter leaves, shown before it is made."""
    price_list = get_object_or_404(PriceList, pk=pk)
    form = PriceRuleForm(request.GET or None, price_list=price_list)
    context: dict[str, Any] = {"rule_form": form, "price_list": price_list}
    status = 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            found = price_changes.rule(
                price_list, _chosen(data), percentage=data["percentage"], amount=data["amount"], kind=data["rounding"],
                source=data["source"],
            )  # fmt: skip
        except TooManyPrices as error:
            if all(may(request.user, name) for name in price_rule.RIGHTS):
                context |= {"form": ApplyPricesForm(), "large": price_changes.MOST, "asked": request.GET.urlencode()}
            else:
                form.add_error(error.field, error.message)
                status = error.status
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = error.status
        else:
            return _preview(request, found, ApplyPricesForm(), reverse("catalog:price_list_prices", args=[pk]), context)
    elif form.is_bound:
        status = 422
    return _page(request, {**context, "title": _("Change prices of %s") % price_list}, status)


@command("catalog.change_price")
def prepare(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for more prices than one page holds: written down as a file of prices, shown and set as an import."""
    price_list = get_object_or_404(PriceList, pk=pk)
    if not all(may(request.user, name) for name in price_rule.RIGHTS):
        raise PermissionDenied
    asked = request.POST.get("asked", "")[:2000].replace("\x00", "")
    rule_form = PriceRuleForm(QueryDict(asked), price_list=price_list)
    form = ApplyPricesForm(request.POST)
    if not (rule_form.is_valid() and form.is_valid()):
        context = {
            "rule_form": rule_form, "price_list": price_list, "title": _("Change prices of %s") % price_list,
            "form": form, "large": price_changes.MOST if rule_form.is_valid() else 0, "asked": asked,
        }  # fmt: skip
        return _page(request, context, 422)
    data = rule_form.cleaned_data
    run = price_rule.start(
        price_list, _chosen(data), percentage=data["percentage"], amount=data["amount"], kind=data["rounding"],
        source=data["source"], valid_from=form.cleaned_data["valid_from"], reason=form.cleaned_data["reason"],
    )  # fmt: skip
    if run is None:
        messages.info(request, _("No price would change."))
        return redirect("catalog:price_list_prices", price_list.pk)
    return htmx.done(request, to=run.get_absolute_url(), leave=True)


def _chosen(data: dict[str, Any]) -> QuerySet[Product]:
    """The products that a rule is for."""
    rows = Product.objects.active()
    if data["category"]:
        rows = rows.filter(category__in=category_tree.with_descendants(data["category"].pk))
    return rows.search(data["q"]) if data["q"] else rows


@command("catalog.change_price")
def apply(request: HttpRequest) -> HttpResponse:
    """Set what the preview showed, without what was left out; all of it or nothing."""
    form = ApplyPricesForm(request.POST)
    proposals, taken = _proposals(request)
    back = _back(request)
    if not form.is_valid():
        return _preview(request, proposals, form, back, status=422)
    try:
        done = price_changes.apply(
            taken, valid_from=form.cleaned_data["valid_from"], reason=form.cleaned_data["reason"]
        )
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return _preview(request, proposals, form, back, status=error.status)
    messages.success(request, ngettext("%d price set.", "%d prices set.", done) % done)
    return redirect(back)


def _preview(
    request: HttpRequest, proposals: Sequence[Proposal], form: ApplyPricesForm, back: str,
    more: dict[str, Any] | None = None, *, status: int = 200,
) -> HttpResponse:  # fmt: skip
    good = [one for one in proposals if not one.refused]
    plain = " ".join(
        f"{one.product.pk}-{one.price_list.pk}={'' if one.before is None else one.before}"
        f"/{'' if one.after is None else one.after}"
        for one in good
    )
    context = {
        "title": _("Prices before and after"), "proposals": proposals, "good": len(good),
        "refused": [one for one in proposals if one.refused], "form": form, "plain": plain, "back": back,
        "shown": True, **(more or {}),
    }  # fmt: skip
    return _page(request, context, status)


def _page(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    crumbs = [(_("Price lists"), reverse("catalog:price_list_list")), (context["title"], "")]
    return htmx.render(request, PREVIEW, {"breadcrumbs": crumbs, **context}, status=status)


def _proposals(request: HttpRequest) -> tuple[list[Proposal], list[Proposal]]:
    """What the preview carried, as rows again; and of these what the person left in. Two queries."""
    found: list[tuple[int, int, Decimal | None, Decimal | None]] = []
    for part in request.POST.get("changes", "")[:400_000].split():
        key, _equals, values = part.partition("=")
        before, _slash, after = values.partition("/")
        match = CELL.fullmatch(f"c{key}")
        if match:
            found.append((int(match[1]), int(match[2]), _number(before), _number(after)))
    products = Product.objects.in_bulk({product for product, *_rest in found})
    lists = PriceList.objects.filter(is_active=True).in_bulk({one for _product, one, *_rest in found})
    left_out = set(request.POST.getlist("leave"))
    every, taken = [], []
    for product, one, was, new in found:
        if product in products and one in lists:
            every.append(Proposal(products[product], lists[one], was, new))
            if f"{product}-{one}" not in left_out:
                taken.append(every[-1])
    return every, taken


def _seen(text: str) -> dict[tuple[int, int], Decimal]:
    found = {}
    for part in text[:400_000].split():
        key, _equals, value = part.partition("=")
        match, amount = CELL.fullmatch(f"c{key}"), _number(value)
        if match and amount is not None:
            found[int(match[1]), int(match[2])] = amount
    return found


def _number(text: str) -> Decimal | None:
    """A number that a page of ours wrote."""
    try:
        found = Decimal(text[:30])
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _back(request: HttpRequest) -> str:
    """Where the person came from, when that is a page of ours."""
    to = request.POST.get("back", "")
    return to if url_has_allowed_host_and_scheme(to, None) else reverse("catalog:price_grid")
