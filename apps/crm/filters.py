"""How the list of customers can be narrowed."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import PriceList
from apps.crm.models import Customer, PointLot, Purchase
from backoffice.kernel import clock
from backoffice.ui.filters import ChoiceFilter, FilterSet, ModelChoiceFilter

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
    """By kind, last purchase, price list and points, and by any word of name, document, telephone or tags."""

    kind = ChoiceFilter(label=_("Kind"), choices=Customer.Kind.choices)
    seen = ChoiceFilter(
        label=_("Last purchase"),
        choices=[
            ("30", _("seen in 30 days")),
            ("90", _("seen 31 to 90 days ago")),
            ("older", _("seen longer ago")),
            ("never", _("never bought")),
        ],
        method="last_seen",
    )
    price_list = ModelChoiceFilter(label=_("Price list"), queryset=PriceList.objects.order_by("name"))
    points = ChoiceFilter(
        label=_("Points"),
        choices=[("some", _("with points")), ("expiring", _("points expire soon"))],
        method="with_points",
    )

    class Meta:
        model = Customer
        fields = ("kind", "seen", "price_list", "points")

    def search(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        return queryset.matching(value)  # type: ignore[attr-defined]

    def last_seen(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        now = clock.now()
        mine = Purchase.objects.filter(customer=OuterRef("pk")).counting()
        in_30 = Exists(mine.filter(at__gte=now - timedelta(days=30)))
        in_90 = Exists(mine.filter(at__gte=now - timedelta(days=90)))
        conditions = {"30": in_30, "90": in_90 & ~in_30, "older": Exists(mine) & ~in_90, "never": ~Exists(mine)}
        return queryset.filter(conditions[value])

    def with_points(self, queryset: QuerySet[Customer], name: str, value: str) -> QuerySet[Customer]:
        if value == "expiring":
            return points_expiring(queryset)
        lots = PointLot.objects.filter(account__customer=OuterRef("pk")).spendable(clock.today())
        return queryset.filter(Exists(lots))
