"""What the product lists can be narrowed to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from apps.catalog.fields import CategoryField
from apps.catalog.models import Category, Price, PriceList, Product
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors import facet_counts, finding, stock_states
from apps.catalog.selectors.facet_counts import LACKS as BITS
from backoffice.kernel import clock
from backoffice.ui.facets import Facet
from backoffice.ui.filters import MAX_LENGTH, MAX_WORDS, ChoiceFilter, FilterSet, ModelChoiceFilter
from backoffice.ui.pagination import Count

YES_NO = [("yes", _("Can be sold")), ("no", _("Not for sale"))]

LACKS = [
    ("complete", _("Nothing missing")),
    ("incomplete", _("Not complete")),
    ("price", _("Without a price")),
    ("picture", _("Without a picture")),
    ("barcode", _("Without a barcode")),
    ("attributes", _("Attributes missing")),
]
INDENT = "\u2003"


class CategoryFilter(ModelChoiceFilter):
    """A category with everything beneath it."""

    field_class = CategoryField

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("empty_label", _("All categories"))
        super().__init__(queryset=Category.objects.all(), label=_("Category"), **kwargs)

    def filter(self, qs: QuerySet[Product], value: Category | None) -> QuerySet[Product]:
        return qs if value is None else qs.filter(category__in=category_tree.with_descendants(value.pk))


class SearchedFilterSet(FilterSet):
    """What is searched for goes through the products' own index, and a slip in a word is forgiven."""

    def search(self, queryset: Any, name: str, value: str) -> Any:
        found = finding.find(" ".join(value[:MAX_LENGTH].split()[:MAX_WORDS]))
        self.instead = self.said_instead(found.asked, found.shown) if found.instead else None
        return queryset.filter(found.condition)


class ProductFilter(SearchedFilterSet):
    """Products by category, kind, completeness, stock, whether they are sold, and what list has a price for them."""

    category = CategoryFilter()
    kind = ChoiceFilter(choices=Product.Kind.choices, label=_("Kind"), empty_label=_("All kinds"))
    lacks = ChoiceFilter(choices=LACKS, method="by_lack", label=_("Completeness"), empty_label=_("Complete or not"))
    stock = ChoiceFilter(
        choices=stock_states.choices, method="by_stock", label=_("Stock"), empty_label=_("Whatever the stock")
    )
    sold = ChoiceFilter(choices=YES_NO, method="by_sold", label=_("For sale"), empty_label=_("For sale or not"))
    price_list = ModelChoiceFilter(
        queryset=PriceList.objects.filter(is_active=True).order_by("-is_default", "name"), method="by_list",
        label=_("Price list"), empty_label=_("Any price list"),
    )  # fmt: skip

    facets = ("category", "kind", "lacks", "stock", "sold")
    counted = True

    class Meta:
        model = Product
        fields = ("category", "kind", "lacks", "stock", "sold", "price_list")

    @cached_property
    def form(self) -> Any:
        form = super().form
        if not stock_states.may_see(self.request.user):
            del form.fields["stock"]
        return form

    @cached_property
    def nodes(self) -> dict[int, category_tree.Node]:
        return {node.category.pk: node for node in category_tree.tree(names_only=True)}

    def beside(self) -> list[Facet]:
        self._offer_categories()
        return super().beside()

    def beside_counted(self) -> list[Facet]:
        self._offer_categories()
        return super().beside_counted()

    def _offer_categories(self) -> None:
        # The whole tree would be a page of its own: its top, and what lies around the category that is chosen.
        asked = str(self.data.get("category") or "")
        chosen = self.nodes.get(int(asked)) if asked.isdigit() and len(asked) < 19 else None
        shown = category_tree.around(self.nodes.values(), chosen)
        category = self.form.fields["category"]
        category.widget.choices = [
            ("", category.empty_label),
            *((str(node.category.pk), INDENT * node.depth + node.category.name) for node in shown),
        ]

    def shown_facets(self) -> list[str]:
        return [name for name in self.facets if name in self.form.fields]

    def counts(self) -> Mapping[str, Mapping[str, Count]]:
        """Of category, kind, completeness and what is for sale. One query, which an index answers while nothing else
        narrows the list; what is searched for is counted up to a limit."""
        others = [name for name in self.values if name not in ("category", "kind", "lacks", "sold")]
        rows = self.queryset
        for name in others:
            rows = self.filters[name].filter(rows, self.values[name])
        self.counted_rows = facet_counts.counted(rows, narrowed=bool(others))
        return self.counted_rows.facets(self.values, self.nodes)

    def shares(self) -> Mapping[str, int]:
        share = self.counted_rows.complete(self.values, self.nodes)
        return {} if share is None else {"lacks": share}

    def by_lack(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        if value in ("complete", "incomplete"):
            return queryset.filter(completeness=100) if value == "complete" else queryset.filter(completeness__lt=100)
        return queryset.filter(missing__in=BITS[value].masks)

    def by_stock(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return stock_states.narrow(queryset, value)

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
