"""Promotions: the list, one rule, its coupons, the month at a glance, and what rules would do to a basket."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.errors import CouponRefused
from apps.catalog.forms.promotion import CouponsForm, PromotionForm, TryForm
from apps.catalog.models import Coupon, Promotion
from apps.catalog.promotion_tables import ICONS, CouponTable, PromotionTable, gives, state_of, used, when_of
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import promotions as reads
from apps.catalog.selectors import sales_channels, stock_states
from apps.catalog.services import promotions
from apps.catalog.services import trial as trials
from apps.catalog.services.pricing import PricingContext
from backoffice.kernel import clock, money
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.permissions import requires
from backoffice.ui.screens import (
    Action,
    ActionScreen,
    Badge,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    Fact,
    HistoryScreen,
    ListScreen,
    SavedView,
    Tab,
)

CALENDAR, TRY = "catalog/promotion_calendar.html", "catalog/promotion_try.html"
LIST = "catalog:promotion_list"


class PromotionList(ListScreen):
    model = Promotion
    permission = "catalog.view_promotion"
    title = gettext_lazy("Promotions")
    icon = "badge-percent"
    table_class = PromotionTable
    export = False
    create = Action(gettext_lazy("New promotion"), "catalog:promotion_create", "catalog.add_promotion", icon="plus")
    actions = [
        Action(gettext_lazy("Calendar"), "catalog:promotion_calendar", icon="calendar-days", dialog=False),
        Action(gettext_lazy("Try it"), "catalog:promotion_try", icon="calculator", dialog=False),
    ]
    saved_views = [
        SavedView("running", gettext_lazy("Running"), lambda rows: rows.at(clock.now())),
        SavedView(
            "coming", gettext_lazy("Coming"), lambda rows: rows.filter(is_active=True, valid_from__gt=clock.now())
        ),
        SavedView("over", gettext_lazy("Over"), lambda rows: rows.filter(valid_to__lte=clock.now())),
    ]
    empty = Empty(
        gettext_lazy("No promotion yet"),
        gettext_lazy("Cheaper in the evening, two for one, a coupon for a friend: each is one rule."),
    )


class PromotionDetail(DetailScreen):
    """A rule, its conditions and its coupons."""

    model = Promotion
    permission = "catalog.view_promotion"
    list_url = LIST
    template_name = "catalog/promotion_detail.html"
    tabs = [
        Tab("overview", gettext_lazy("Overview"), "catalog:promotion_detail"),
        Tab("history", gettext_lazy("History"), "catalog:promotion_history"),
    ]
    actions = [
        Action(gettext_lazy("Try it"), "catalog:promotion_try", icon="calculator", dialog=False, args=lambda row: []),
        Action(gettext_lazy("Add coupons"), "catalog:coupon_create", "catalog.change_promotion", icon="ticket-percent"),
        Action(
            gettext_lazy("Edit"), "catalog:promotion_edit", "catalog.change_promotion", icon="pencil", primary=True
        ),
        Action(
            gettext_lazy("Switch off"), "catalog:promotion_end", "catalog.change_promotion", icon="power", danger=True,
            when=lambda row: row.is_active,
        ),
    ]  # fmt: skip

    def fragments(self) -> Mapping[str, str]:
        return {"panel-coupons": f"{self.template_name}#panel-coupons"}

    def badge(self) -> Badge:
        tone, word = state_of(self.object)
        return Badge(word, tone)

    def thumb(self) -> tuple[str, str]:
        return ICONS[self.object.kind], ""

    def meta(self) -> Sequence[Any]:
        return [gives(self.object), self.object.get_level_display(), when_of(self.object)]

    def facts(self) -> Sequence[Fact]:
        row = self.object
        names = {code: name for code, name, _list in sales_channels.choices()}
        return [
            Fact(_("What it is about"), ", ".join(_words(row)) or _("everything")),
            Fact(_("From"), date_format(clock.local(row.valid_from), "SHORT_DATETIME_FORMAT")),
            Fact(_("Until"), date_format(clock.local(row.valid_to), "SHORT_DATETIME_FORMAT") if row.valid_to else ""),
            Fact(_("On"), when_of(row)),
            Fact(_("Channels"), ", ".join(names.get(code, code) for code in row.channels) or _("everywhere")),
            Fact(_("Customers tagged"), ", ".join(row.customer_tags)),
            Fact(_("From an order of"), money.format_amount(row.minimum) if row.minimum is not None else ""),
            Fact(_("Days to expiry at most"), "" if row.expires_within is None else str(row.expires_within)),
            Fact(_("Rank"), row.priority),
            Fact(_("Comes on top of others"), _("Yes") if row.stackable else _("No")),
            Fact(_("Only with a coupon"), _("Yes") if row.by_coupon else _("No")),
            Fact(_("Used"), used(row) or _("not counted, because it has no limit")),
            Fact(_("Orders at most for one customer"), "" if row.max_uses_each is None else str(row.max_uses_each)),
        ]

    def get_context(self, **more: Any) -> dict[str, Any]:
        coupons = CouponTable(self.object.coupons.all()[:200], request=self.request)
        return super().get_context(coupons=coupons, shown_coupons=self.object.coupons.count(), **more)


def _words(promotion: Promotion) -> list[str]:
    rows = promotion.scopes.select_related("product", "category__parent__parent__parent").order_by("pk")
    return [one.product.name if one.product else one.category.path if one.category else f"#{one.tag}" for one in rows]


class PromotionHistory(HistoryScreen):
    model = Promotion
    permission = "catalog.view_promotion"
    list_url = LIST
    detail_class = PromotionDetail
    related = ("coupons",)
    reasons_count = True  # what it counts for is no column

    def tell(self, name: str, value: Any) -> str | None:
        if name == "weekdays":
            return ", ".join(str(WEEKDAYS.get(day, day)) for day in value)
        if name == "channels":
            names = {code: named for code, named, _list in sales_channels.choices()}
            return ", ".join(names.get(code, code) for code in value)
        return None


class PromotionCreate(CreateScreen):
    model = Promotion
    permission = "catalog.add_promotion"
    list_url = LIST
    form_class = PromotionForm
    wide = True

    def initial(self) -> dict[str, Any]:
        return {"priority": promotions.free_rank()}

    def perform(self, form: Any) -> Promotion:
        return promotions.create(**form.columns())


class PromotionEdit(EditScreen):
    model = Promotion
    permission = "catalog.change_promotion"
    list_url = LIST
    form_class = PromotionForm
    wide = True

    def perform(self, form: Any) -> Promotion:
        return promotions.update(self.object, revision=form.cleaned_data["revision"], **form.columns())


class PromotionEnd(ActionScreen):
    model = Promotion
    permission = "catalog.change_promotion"
    list_url = LIST
    submit_label = gettext_lazy("Switch off")
    danger = True

    def get_title(self) -> str:
        return _("Switch %s off?") % self.object

    def intro(self) -> str:
        return _("It no longer counts from now on. Orders keep what they were given.")

    def perform(self, form: Any) -> Promotion:
        return promotions.end(self.object)

    def success(self, result: Promotion) -> str:
        return _("%s is off.") % result


class CouponCreate(ActionScreen):
    """Codes for a rule."""

    model = Promotion
    permission = "catalog.change_promotion"
    list_url = LIST
    form_class = CouponsForm
    submit_label = gettext_lazy("Make them")
    changed = "catalog-coupon"

    def get_title(self) -> str:
        return _("Coupons for %s") % self.object

    def intro(self) -> str:
        return "" if self.object.by_coupon else _("This rule counts without a coupon as well.")

    def perform(self, form: Any) -> list[Coupon]:
        data = form.cleaned_data
        return promotions.add_coupons(self.object, code=data["code"], count=data["count"], max_uses=data["max_uses"])

    def success(self, result: list[Coupon]) -> str:
        if len(result) == 1:
            return _("Coupon %s made.") % result[0]
        return ngettext("%d coupon made.", "%d coupons made.", len(result)) % len(result)

    def success_url(self, result: Any) -> str:
        return self.object.get_absolute_url()


class CouponStop(ActionScreen):
    model = Coupon
    permission = "catalog.change_promotion"
    submit_label = gettext_lazy("Stop")
    danger = True
    changed = "catalog-coupon"

    def get_queryset(self) -> QuerySet[Coupon]:
        return Coupon.objects.select_related("promotion")

    def get_title(self) -> str:
        return _("Stop the coupon %s?") % self.object

    def perform(self, form: Any) -> None:
        promotions.stop_coupon(self.object)

    def success(self, result: Any) -> str:
        return _("%s no longer counts.") % self.object

    def success_url(self, result: Any) -> str:
        return self.object.promotion.get_absolute_url()

    def cancel_url(self) -> str:
        return self.object.promotion.get_absolute_url()


@requires("catalog.view_promotion")
def month(request: HttpRequest) -> HttpResponse:
    """The rules of every day of a month."""
    first = _first(request.GET.get("month", ""))
    weeks = reads.month(first)
    before = date(first.year - (first.month == 1), (first.month - 2) % 12 + 1, 1)
    after = date(first.year + (first.month == 12), first.month % 12 + 1, 1)
    context = {
        "title": date_format(first, "YEAR_MONTH_FORMAT"), "weeks": weeks, "heads": [one.day for one in weeks[0]],
        "before": f"{before:%Y-%m}", "after": f"{after:%Y-%m}", "icons": ICONS,
        "breadcrumbs": [(_("Promotions"), reverse(LIST)), (_("Calendar"), "")],
    }  # fmt: skip
    return htmx.render(request, CALENDAR, context)


def _first(text: str) -> date:
    """The first day of a month written as 2026-11; else of this one."""
    try:
        found = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        found = clock.today().replace(day=1)
    return found if 2000 <= found.year <= 2100 else clock.today().replace(day=1)


@requires("catalog.view_promotion")
def trial(request: HttpRequest) -> HttpResponse:
    """A basket, and what every rule would do to it and why."""
    form = TryForm(request.GET if "basket" in request.GET else None)
    context: dict[str, Any] = {
        "title": _("Try promotions"), "form": form,
        "breadcrumbs": [(_("Promotions"), reverse(LIST)), (_("Try it"), "")],
    }  # fmt: skip
    status = 200
    if form.is_bound and not form.is_valid():
        status = 422
    elif form.is_bound:
        asked = dict(form.cleaned_data)  # a field that is refused leaves the form's own
        wanted, unknown = trials.read_basket(asked["basket"])
        if asked["coupon"]:
            try:
                promotions.check_coupon(asked["coupon"], at=asked["at"])
            except CouponRefused as error:
                form.add_error("coupon", error.message)
        if unknown:
            form.add_error("basket", _("No product is meant by: %(lines)s") % {"lines": "; ".join(unknown[:3])})
        if wanted:
            try:
                context["trial"] = trials.run(wanted, _context(request, asked))
            except DomainError as error:
                form.add_error("basket", error.message)
        status = 422 if form.errors else 200
    return htmx.render(request, TRY, context, fragments={"trial": f"{TRY}#trial"}, status=status)


def _context(request: HttpRequest, data: Mapping[str, Any]) -> PricingContext:
    days = data["days_left"]
    lots: Callable[[Collection[int]], Mapping[int, int]] | None = None
    if days is not None:
        lots = lambda product_ids: dict.fromkeys(product_ids, days)  # noqa: E731
    elif stock_states.may_see(request.user):
        lots = lambda product_ids: stock_states.days_left(data["channel"], product_ids)  # noqa: E731
    lists = {code: list_id for code, _name, list_id in sales_channels.choices()}
    default = price_reads.default_list()
    list_id = lists.get(data["channel"]) or (default.pk if default else 0)
    return PricingContext(
        list_id, data["at"], channel=data["channel"], customer_tags=frozenset(data["customer_tags"]),
        coupon=data["coupon"].replace("\x00", ""), expiry=lots,
    )  # fmt: skip
