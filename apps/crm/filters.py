"""How the list of customers can be narrowed."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import PriceList
from apps.crm.models import Customer, PointLot, Purchase
from backoffice.kernel import clock
from backoffice.ui.filters import CharFilter, ChoiceFilter, FilterSet, ModelChoiceFilter, MultipleChoiceFilter

LOST_AFTER = timedelta(days=60)
SOON = timedelta(days=90)


def not_seen_lately(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Customers who bought once, but not in the last sixty days."""
    mine = Purchase.objects.filter(customer=OuterRef("pk")).counting()
    return customers.filter(Exists(mine), ~Exists(mine.filter(at__gte=clock.now() - LOST_AFTER)))


def points_expiring(customers: QuerySet[Customer]) -> QuerySet[Customer]:
    """Customers with points that are lost within ninety days."""
    today = clock.today()
    lots = PointLot.objects.filter(account__customer=OuterRef("pk"), expires_on__lte=today + SOON)
    return customers.filter(Exists(lots.spendable(today)))


class CustomerFilter(FilterSet):
    """By kind, by when they were last seen, by price list, by tag, and by any word of name, document or telephone."""

    facets = ("kind", "seen")

    kind = MultipleChoiceFilter(label=_("Kind"), choices=Customer.Kind.choices)
    seen = MultipleChoiceFilter(
        label=_("Last purchase"),
        choices=[
            ("30", _("in 30 days")),
            ("90", _("31 to 90 days ago")),
            ("older", _("longer ago")),
            ("never", _("never")),
        ],
        method="last_seen",
    )
    price_list = ModelChoiceFilter(queryset=PriceList.objects.order_by("name"), empty_label=_("Any price list"))
    points = ChoiceFilter(
        label=_("Points"),
        choices=[("some", _("with points")), ("expiring", _("points expire soon"))],
        empty_label=_("Any points"),
        method="with_points",
    )
    tag = CharFilter(label=_("Tag"), method="tagged")

    class Meta:
        model = Customer
        fields = ("kind", "seen", "price_list", "points", "tag")

    def search(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return queryset.matching(value)  # type: ignore[attr-defined,no-any-return]

    def tagged(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return queryset.tagged(value)  # type: ignore[attr-defined,no-any-return]

    def last_seen(self, queryset: QuerySet[Customer], name: str, value: list[str]) -> QuerySet[Customer]:
        if not value:
            return queryset
        now = clock.now()
        mine = Purchase.objects.filter(customer=OuterRef("pk")).counting()
        in_30 = Exists(mine.filter(at__gte=now - timedelta(days=30)))
        in_90 = Exists(mine.filter(at__gte=now - timedelta(days=90)))
        conditions = {"30": in_30, "90": in_90 & ~in_30, "older": Exists(mine) & ~in_90, "never": ~Exists(mine)}
        wanted = [conditions[choice] for choice in value]
        found = wanted[0]
        for condition in wanted[1:]:
            found = found | condition
        return queryset.filter(found)

    def with_points(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        if value == "expiring":
            return points_expiring(queryset)
        lots = PointLot.objects.filter(account__customer=OuterRef("pk")).spendable(clock.today())
        return queryset.filter(Exists(lots))
