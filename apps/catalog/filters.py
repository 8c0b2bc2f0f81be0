"""What the product lists can be narrowed to."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.fields import CategoryField
from apps.catalog.models import Category, Price, PriceList, Product
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors.schemas import Lack
from backoffice.kernel import clock
from backoffice.ui.filters import MAX_LENGTH, MAX_WORDS, ChoiceFilter, FilterSet, ModelChoiceFilter

YES_NO = [("yes", _("Can be sold")), ("no", _("Not for sale"))]

LACKS = [
    ("complete", _("Complete")),
    ("incomplete", _("Not complete")),
    ("price", _("Without a price")),
    ("picture", _("Without a picture")),
    ("barcode", _("Without a barcode")),
    ("attributes", _("Attributes missing")),
]
BITS = {"price": Lack.PRICE, "picture": Lack.PICTURE, "barcode": Lack.BARCODE, "attributes": Lack.ATTRIBUTES}


class CategoryFilter(ModelChoiceFilter):
    """A category with everything beneath it."""

    field_class = CategoryField

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("empty_label", _("All categories"))
        super().__init__(queryset=Category.objects.all(), label=_("Category"), **kwargs)

    def filter(self, qs: QuerySet[Product], value: Category | None) -> QuerySet[Product]:
        return qs if value is None else qs.filter(category__in=category_tree.with_descendants(value.pk))


class SearchedFilterSet(FilterSet):
    """What is searched for goes through the products' own index."""

    def search(self, queryset: Any, name: str, value: str) -> Any:
        return queryset.search(" ".join(value[:MAX_LENGTH].split()[:MAX_WORDS]))


class ProductFilter(SearchedFilterSet):
    """Products by category, kind, whether they are sold, and the list that has a price for them."""

    category = CategoryFilter()
    kind = ChoiceFilter(choices=Product.Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    sold = ChoiceFilter(choices=YES_NO, method="by_sold", label=_("For sale"), empty_label=_("For sale or not"))
    price_list = ModelChoiceFilter(
        queryset=PriceList.objects.filter(is_active=True).order_by("-is_default", "name"), method="by_list",
        label=_("Price list"), empty_label=_("Any price list"),
    )  # fmt: skip

    lacks = ChoiceFilter(choices=LACKS, method="by_lack", label=_("Completeness"), empty_label=_("Complete or not"))

    class Meta:
        model = Product
        fields = ("category", "kind", "sold", "price_list", "lacks")

    def by_lack(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        if value in ("complete", "incomplete"):
            return queryset.filter(completeness=100) if value == "complete" else queryset.filter(completeness__lt=100)
        return queryset.filter(missing__in=BITS[value].masks)

    def by_sold(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return queryset.filter(is_sellable=value == "yes")

    def by_list(self, queryset: QuerySet[Product], name: str, value: PriceList) -> QuerySet[Product]:
        return queryset.filter(pk__in=Price.objects.at(clock.now()).filter(price_list=value).values("product"))


class PricedProductFilter(SearchedFilterSet):
    """The products of a price list's page."""

    category = CategoryFilter()

    class Meta:
        model = Product
        fields = ("category",)
