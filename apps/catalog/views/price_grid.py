"""Prices of all lists side by side, typed or pasted; prices changed by a rule; both shown before they are set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
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
from apps.catalog.models import Price, PriceList, Product, ProductUnit
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
KEY = re.compile(
    r"([0-9]{1,18})-([0-9]{1,18})-([0-9]{0,18})-([0-9]{1,12}(?:\.[0-9]{1,6})?)"
)  # product, list, pack, quantity
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
                source=data["source"], at=data["valid_from"],
            )  # fmt: skip
        except TooManyPrices as error:
            if all(may(request.user, name) for name in price_rule.RIGHTS):
                context |= {
                    "form": ApplyPricesForm(begins=_day(data)),
                    "large": price_changes.MOST,
                    "asked": request.GET.urlencode(),
                }
            else:
                form.add_error(error.field, error.message)
                status = error.status
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, error.message)
            status = error.status
        else:
            back, apply_form = reverse("catalog:price_list_prices", args=[pk]), ApplyPricesForm(begins=_day(data))
            return _preview(request, found, apply_form, back, context, seen=data["valid_from"])
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
    form = ApplyPricesForm(request.POST, begins="")
    if not (rule_form.is_valid() and form.is_valid()):
        context = {
            "rule_form": rule_form, "price_list": price_list, "title": _("Change prices of %s") % price_list,
            "form": form, "large": price_changes.MOST if rule_form.is_valid() else 0, "asked": asked,
        }  # fmt: skip
        return _page(request, context, 422)
    data = rule_form.cleaned_data
    run = price_rule.start(
        price_list, _chosen(data), percentage=data["percentage"], amount=data["amount"], kind=data["rounding"],
        source=data["source"], valid_from=data["valid_from"], reason=form.cleaned_data["reason"],
    )  # fmt: skip
    if run is None:
        messages.info(request, _("No price would change."))
        return redirect("catalog:price_list_prices", price_list.pk)
    return htmx.done(request, to=run.get_absolute_url(), leave=True)


def _day(data: dict[str, Any]) -> str:
    """The day on which a rule begins, as a form of ours sends it; empty for now."""
    start = data["valid_from"]
    return clock.local(start).date().isoformat() if start else ""


def _chosen(data: dict[str, Any]) -> QuerySet[Product]:
    """The products that a rule is for."""
    rows = Product.objects.active()
    if data["category"]:
        rows = rows.filter(category__in=category_tree.with_descendants(data["category"].pk))
    return rows.search(data["q"]) if data["q"] else rows


@command("catalog.change_price")
def apply(request: HttpRequest) -> HttpResponse:
    """Set what the preview showed, without what was left out; all of it or nothing."""
    fixed = "fixed" in request.POST  # the rule was asked for that day, and its prices before are those of that day
    form = ApplyPricesForm(request.POST, begins="" if fixed else None)
    proposals, taken = _proposals(request)
    back = _back(request)
    if not form.is_valid():
        return _preview(request, proposals, form, back, status=422)
    start = form.cleaned_data["valid_from"]
    seen = start if fixed else None
    try:
        done = price_changes.apply(taken, valid_from=start, reason=form.cleaned_data["reason"], seen=seen)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, error.message)
        return _preview(request, proposals, form, back, seen=seen, status=error.status)
    messages.success(request, ngettext("%d price set.", "%d prices set.", done) % done)
    return redirect(back)


def _preview(
    request: HttpRequest, proposals: Sequence[Proposal], form: ApplyPricesForm, back: str,
    more: dict[str, Any] | None = None, *, seen: datetime | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    good = [one for one in proposals if not one.refused]
    left_out = set(request.POST.getlist("leave"))
    rows = [(one, _key(one), _key(one) in left_out) for one in price_changes.with_notes(proposals, seen)]
    plain = " ".join(
        f"{_key(one)}={'' if one.before is None else one.before}/{'' if one.after is None else one.after}"
        for one in good
    )
    context = {
        "title": _("Prices before and after"), "proposals": proposals, "good": len(good), "rows": rows,
        "following": sorted({one.price_list.name for one, _name, _left in rows if one.follows}),
        "refused": [one for one in proposals if one.refused], "form": form, "plain": plain, "back": back,
        "shown": True, **(more or {}),
    }  # fmt: skip
    return _page(request, context, status)


def _page(request: HttpRequest, context: dict[str, Any], status: int) -> HttpResponse:
    crumbs = [(_("Price lists"), reverse("catalog:price_list_list")), (context["title"], "")]
    return htmx.render(request, PREVIEW, {"breadcrumbs": crumbs, **context}, status=status)


def _key(one: Proposal) -> str:
    """Which price it is, as the forms name it; the same for one that follows as for the one it follows."""
    pack, least = one.unit.pk if one.unit else "", f"{one.least.normalize():f}"
    return f"{one.product.pk}-{one.price_list.pk}-{pack}-{least}"


def _proposals(request: HttpRequest) -> tuple[list[Proposal], list[Proposal]]:
    """What the preview carried, as rows again; and of these what the person left in. Three queries."""
    found = []
    for part in request.POST.get("changes", "")[:600_000].split():
        key, _equals, values = part.partition("=")
        before, _slash, after = values.partition("/")
        if match := KEY.fullmatch(key):
            found.append((match, _number(before), _number(after)))
    products = Product.objects.select_related("category", "unit").in_bulk({int(match[1]) for match, *_rest in found})
    lists = PriceList.objects.filter(is_active=True).select_related("base").in_bulk({int(one[2]) for one, *_x in found})
    packs = ProductUnit.objects.in_bulk({int(match[3]) for match, *_rest in found if match[3]})
    left_out = set(request.POST.getlist("leave"))
    every, taken = [], []
    for match, was, new in found:
        product, price_list = products.get(int(match[1])), lists.get(int(match[2]))
        pack = packs.get(int(match[3])) if match[3] else None
        if product is None or price_list is None or (match[3] and (pack is None or pack.product_id != product.pk)):
            continue
        every.append(Proposal(product, price_list, was, new, unit=pack, least=Decimal(match[4])))
        if match[0] not in left_out:
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
    ours = to.startswith("/") and url_has_allowed_host_and_scheme(to, None)
    return to if ours else reverse("catalog:price_grid")
