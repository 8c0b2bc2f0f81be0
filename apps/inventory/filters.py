"""What the lists of the stock room can be narrowed down by."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Category, Product
from apps.inventory.models import Hold, Location, Lot, Move, StockAlert, StockBalance, StockOperation
from apps.inventory.selectors import codes, stock
from apps.inventory.selectors import locations as places
from apps.inventory.services import policy
from backoffice.kernel import clock
from backoffice.ui.filters import (
    ChoiceFilter,
    DateRangeFilter,
    FilterSet,
    ModelChoiceFilter,
    ModelMultipleChoiceFilter,
    MultipleChoiceFilter,
)

EXPIRY = [
    ("expired", _("expired")),
    ("3", _("in 3 days")),
    ("7", _("in 7 days")),
    ("undated", _("no date")),
]


def _expiry(value: list[str]) -> Q:
    today = clock.today()
    wanted = Q()
    for key in value:
        if key == "expired":
            wanted |= Q(expires_on__lt=today)
        elif key == "undated":
            wanted |= Q(expires_on__isnull=True)
        else:
            wanted |= Q(expires_on__gte=today, expires_on__lte=today + timedelta(days=int(key)))
    return wanted


def _meant(text: str) -> codes.Scan | None:
    """The lot or the article whose code was scanned into the search; None for other words."""
    scan = codes.read(text.replace("\x00", ""))
    return scan if scan.says_which else None


def _scanned(text: str) -> QuerySet[StockBalance] | None:
    """What lies in the place whose code was scanned into the search; None for other words."""
    place = Location.objects.physical().filter(code__iexact=text.replace("\x00", "").strip()).first()
    return StockBalance.objects.filter(location=place) if place else None


class StockFilter(FilterSet):
    """Also finds a product by a lot of it or what is on its box, and what lies in a place by the code of the place."""

    kind = MultipleChoiceFilter(choices=Product.Kind.choices, label=_("Kind"))
    location = ModelMultipleChoiceFilter(queryset=lambda request: places.choices(), method="at", label=_("Place"))
    expiry = MultipleChoiceFilter(choices=EXPIRY, method="by_expiry", label=_("Expiry"))
    category = ModelChoiceFilter(
        queryset=Category.objects.order_by("name"), label=_("Category"), empty_label=_("Category")
    )

    facets = ("kind", "location", "expiry")

    class Meta:
        model = Product
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if scan := _meant(value):
            of_lot = Lot.objects.tracked().filter(codes.of_lot(scan)).values("product_id")
            return queryset.filter(pk__in=of_lot if scan.lot_id else codes.products(scan).values("pk"))
        of_lot = Lot.objects.tracked().filter(code__iexact=value.strip()).values("product_id")
        found = super().search(queryset, name, value) | queryset.filter(pk__in=of_lot)
        there = _scanned(value)
        return found if there is None else found | queryset.filter(pk__in=there.values("product_id"))

    def at(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return stock.in_places(queryset, value) if value else queryset

    def by_expiry(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        if not value:
            return queryset
        lots = Lot.objects.filter(_expiry(value))
        return stock.with_stock(queryset, StockBalance.objects.filter(lot__in=lots))


class LotFilter(FilterSet):
    """Also finds what lies in a place by the code of the place, and a lot by its label or what is on its box."""

    search_fields = ("code", "product__search_text", "supplier_name")

    status = MultipleChoiceFilter(choices=Lot.Status.choices, label=_("State"))
    expiry = MultipleChoiceFilter(choices=EXPIRY, method="by_expiry", label=_("Expiry"))
    location = ModelMultipleChoiceFilter(queryset=lambda request: places.choices(), method="at", label=_("Place"))

    facets = ("status", "location", "expiry")

    class Meta:
        model = Lot
        fields: list[str] = []

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if scan := _meant(value):
            of_product = Q(product__in=codes.products(scan))
            return queryset.filter(codes.of_lot(scan) if scan.lot or scan.lot_id else of_product)
        found, there = super().search(queryset, name, value), _scanned(value)
        return found if there is None else found | queryset.filter(pk__in=there.values("lot_id"))

    def by_expiry(self, queryset: QuerySet[Any], name: str, value: list[str]) -> QuerySet[Any]:
        return queryset.filter(_expiry(value)) if value else queryset

    def at(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        return (
            queryset.filter(pk__in=StockBalance.objects.filter(location__in=value).values("lot")) if value else queryset
        )


def _lost() -> list[tuple[str, str]]:
    return [(code, code) for code in policy.waste_reasons()]


class OperationFilter(FilterSet):
    search_fields = ("reason", "reference", "note")

    kind = MultipleChoiceFilter(choices=StockOperation.Kind.choices, label=_("Kind"))
    occurred = DateRangeFilter("occurred_at", instant=True, label=_("When"))
    lost = ChoiceFilter(choices=_lost, method="by_reason", label=_("Reason of waste"), empty_label=_("Any reason"))

    facets = ("kind",)

    class Meta:
        model = StockOperation
        fields: list[str] = []

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(data, *args, **kwargs)
        # Where waste is looked at: elsewhere nobody asks for its reasons, and the database is not asked either.
        if not (data and (data.get("lost") or data.get("view") == "waste" or data.get("kind") == "waste")):
            self.filters.pop("lost", None)

    def by_reason(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """What was written off for that code, with or without more words."""
        same = Q(reason=value) | Q(reason__startswith=f"{value}: ")
        return queryset.filter(same, kind=StockOperation.Kind.WASTE) if value else queryset

    def search(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        if scan := _meant(value):
            of_product = Q(product__in=codes.products(scan))
            said = codes.of_lot(scan, "lot__") if scan.lot or scan.lot_id else of_product
            return queryset.filter(pk__in=Move.objects.filter(said).values("operation"))
        number = value.strip().upper().removeprefix("S-").lstrip("0")
        if number.isascii() and number.isdigit() and len(number) < 18:
            of_lot = Move.objects.filter(lot__code=value.strip()).values("operation")
            return queryset.filter(Q(pk=int(number)) | Q(pk__in=of_lot))
        of_lot = Move.objects.filter(lot__code__iexact=value.strip()).values("operation")
        return super().search(queryset, name, value) | queryset.filter(pk__in=of_lot)


class HoldFilter(FilterSet):
    search_fields = ("product__search_text",)

    needed = DateRangeFilter("needed_on", label=_("Needed"))

    class Meta:
        model = Hold
        fields: list[str] = []


class LocationFilter(FilterSet):
    search_fields = ("name", "code")

    kind = MultipleChoiceFilter(choices=[(kind.value, kind.label) for kind in Location.PHYSICAL], label=_("Kind"))

    facets = ("kind",)

    class Meta:
        model = Location
        fields: list[str] = []


class AlertFilter(FilterSet):
    search_fields = ("product__search_text", "lot__code")

    kind = MultipleChoiceFilter(choices=StockAlert.Kind.choices, label=_("Alert"))
    raised = DateRangeFilter("raised_at", instant=True, label=_("Since"))

    facets = ("kind",)

    class Meta:
        model = StockAlert
        fields: list[str] = []
