"""How products, prices, price lists and units stand in a list."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Attribute, PriceList, Product, Unit
from apps.catalog.models.media import LARGE, TILE, sized
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import products as product_reads
from apps.catalog.selectors import sorting
from backoffice.kernel import clock, money, quantity
from backoffice.ui import tables
from backoffice.ui.actions import Action
from backoffice.ui.icons import icon
from backoffice.ui.parts import Parts
from backoffice.ui.screens.list import LOOK

PHOTOS = "photos"


def price_text(amount: Decimal) -> str:
    """Cents, or as many decimals as the price really has."""
    return money.format_amount(amount, 2 if amount == money.round_to(amount, 2) else 4)


def complete_text(percentage: int) -> SafeString:
    """How complete a product is, as a bar and a number."""
    return format_html(
        '<progress class="meter complete" max="100" value="{0}" aria-label="{1}"></progress> {0}{2}',
        percentage, gettext("Completeness"), " %",
    )  # fmt: skip


TILED = (
    '<img src="{0}" srcset="{0} {2}w, {1} {3}w" sizes=10rem width={2} height={2} alt="" loading=lazy decoding=async>'
)


class ProductColumn(tables.WhatColumn):
    """The product with its picture: a small one in a row, one of the size of the tile among photos."""

    def bind(self, table: Any, name: str) -> None:
        super().bind(table, name)
        self.tiled = table.in_photos

    def photo(self, address: str) -> str:
        if not self.tiled:
            return super().photo(address)
        return TILED.format(escape(sized(address, TILE)), escape(sized(address, LARGE)), TILE, LARGE)


class CompleteColumn(tables.Column):
    """A percentage."""

    css = "num"

    def draw(self, value: Any, record: Any) -> Any:
        return f"{value} %"


def thumb(product: Product) -> tuple[str, str]:
    """Icon and colour family of the product's picture. Needs the category loaded."""
    return product.shown_icon, product.hue


class PriceColumn(tables.MoneyColumn):
    """A price for one unit: cents, or the decimals it has."""

    def draw(self, value: Any, record: Any) -> Any:
        return price_text(value)


class StatusColumn(tables.BadgeColumn):
    """Whether the product is in use, and for what."""

    def bind(self, table: Any, name: str) -> None:
        super().bind(table, name)
        # What is as it should be is only said; a badge is for the rest.
        retired, active, internal = map(escape, (gettext("Retired"), gettext("Active"), gettext("Internal")))
        self.drawn = [SafeString(f"<span class=badge>{retired}</span>"), active, SafeString(f"<b>{internal}</b>")]

    def draw(self, value: Any, record: Any) -> Any:
        return self.drawn[0 if not record.is_active else 1 if record.is_sellable else 2]

    def export(self, value: Any, record: Any) -> Any:
        return gettext("Active") if value else gettext("Retired")


class SortedProducts(tables.Table):
    """Products that can be sorted by category and by the price that is shown, however many they are."""

    class Meta:
        model = Product

    def price_list(self) -> PriceList | None:
        """The list whose prices are shown."""
        return price_reads.default_list()

    def order_category(self, queryset: QuerySet[Product], is_descending: bool) -> tuple[QuerySet[Product], bool]:
        return sorting.by_category(queryset, falls=is_descending), True

    def parts_category(self, queryset: QuerySet[Product], is_descending: bool) -> Parts:
        return sorting.category_parts(queryset, falls=is_descending)

    def order_price(self, queryset: QuerySet[Product], is_descending: bool) -> tuple[QuerySet[Product], bool]:
        return queryset, True  # see `ordered`

    def ordered(self) -> QuerySet[Product]:
        """As every table. Prices are put beside the rows only here: a long list is sorted without them."""
        return self._by_price if self.sorted_by[0] == "price" else super().ordered()

    @cached_property
    def _by_price(self) -> QuerySet[Product]:
        rows: QuerySet[Product] = self.data.data
        if "price" not in rows.query.annotations:
            rows = product_reads.with_price(rows, self.price_list())
        return sorting.by_price(rows, falls=self.sorted_by[1])

    def parts_price(self, queryset: QuerySet[Product], is_descending: bool) -> Parts:
        return sorting.price_parts(queryset, self.price_list(), falls=is_descending)


class ProductTable(SortedProducts):
    """What is made, bought and sold."""

    name = ProductColumn(verbose_name=_("Product"), meta="sku", thumb=thumb)
    category = tables.Column(accessor="category__name", verbose_name=_("Category"), order_by=("category__name", "name"))
    kind = tables.BadgeColumn(quiet=Product.Kind.values, css="wide", card="")
    is_active = StatusColumn(verbose_name=_("Status"), order_by=("is_active", "name"))
    price = tables.InlineColumn(
        "catalog:product_price", "catalog.change_price", column=PriceColumn(card="price"), verbose_name=_("Price")
    )
    unit = tables.Column(accessor="unit__code", verbose_name=_("per"), orderable=False, css="muted", card="")
    completeness = CompleteColumn(
        verbose_name=_("Filled in"), order_by=("completeness", "name"), css="nw muted broad", card=""
    )
    updated_at = tables.DateColumn(verbose_name=_("Changed"), css="wide", card="")

    row_actions = (
        Action(_("Open"), "catalog:product_detail", icon="arrow-right", dialog=False),
        Action(_("Edit"), "catalog:product_edit", "catalog.change_product", icon="pencil"),
        Action(_("Rename"), "catalog:product_name", "catalog.change_product", icon="text-cursor-input"),
        Action(_("Set a price"), "catalog:price_set", "catalog.change_price", icon="tag"),
        Action(
            _("Retire"), "catalog:product_retire", "catalog.change_product", icon="archive", danger=True,
            when=lambda product: product.is_active,
        ),
        Action(
            _("Restore"), "catalog:product_restore", "catalog.change_product", icon="archive-restore",
            when=lambda product: not product.is_active,
        ),
    )  # fmt: skip

    class Meta:
        model = Product
        fields = ("name", "category", "kind", "is_active", "price", "unit", "completeness", "updated_at")
        row_url = "catalog:product_detail"
        order_by = ("name",)
        worked_out = ("price",)
        when_few = ("kind",)
        edits = {
            "name": ("name/", "catalog.change_product"),
            "is_active": ("active/", "catalog.change_product"),
        }

    @cached_property
    def places(self) -> str:
        """As photos where they are asked for: the same rows, drawn by the style sheet as tiles."""
        return f"{super().places} photos" if self.in_photos else super().places

    @property
    def in_photos(self) -> bool:
        """Whether the rows are shown as tiles."""
        return self.request is not None and self.request.GET.get(LOOK) == PHOTOS


class ListPriceColumn(tables.InlineColumn):
    """The price in the list of the page, edited where it stands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            "catalog:list_price", "catalog.change_price", *args, column=PriceColumn(card="price"), **kwargs
        )
        self.price_list = 0

    def bind(self, table: Any, name: str) -> None:
        super().bind(table, name)
        self.price_list = table.request.resolver_match.kwargs["price_list"]

    def address(self, record: Any) -> str:
        return reverse("catalog:list_price", args=[self.price_list, record.pk])


class ScheduledColumn(tables.Column):
    """The next price and its first day, as a label."""

    def draw(self, value: Any, record: Any) -> Any:
        return format_html(
            '<span class="tag acc">{}{}</span>', icon("calendar-clock"),
            gettext("%(price)s from %(day)s") % {
                "price": price_text(value), "day": date_format(clock.local(record.next_from), "SHORT_DATE_FORMAT")
            },
        )  # fmt: skip


class ListPriceTable(SortedProducts):
    """The products of one price list."""

    name = tables.WhatColumn(verbose_name=_("Product"), meta="sku", thumb=thumb)
    category = tables.Column(accessor="category__name", verbose_name=_("Category"), order_by=("category__name", "name"))
    price = ListPriceColumn(verbose_name=_("Price"))
    unit = tables.Column(accessor="unit__code", verbose_name=_("per"), orderable=False, css="muted", card="")
    next_price = ScheduledColumn(verbose_name=_("Scheduled"), orderable=False, card="status")

    class Meta:
        model = Product
        fields = ("name", "category", "price", "unit", "next_price")
        order_by = ("name",)
        worked_out = ("price",)

    def price_list(self) -> PriceList | None:
        match = self.request.resolver_match if self.request is not None else None
        return PriceList.objects.filter(pk=match.kwargs["price_list"]).first() if match is not None else None


class PriceListTable(tables.Table):
    """The price lists, and how much of the assortment each covers."""

    name = tables.WhatColumn(verbose_name=_("Price list"), meta="code", thumb=lambda row: ("tag", ""))
    rule = tables.Column(accessor="rule", verbose_name=_("Follows"), order_by=("base__name",), empty_text="–")
    priced = tables.NumberColumn(verbose_name=_("Products with a price"), card="price")
    tax_inclusive = tables.BoolColumn(verbose_name=_("Tax"), yes=_("included"), no=_("on top"), orderable=False)
    is_default = tables.BoolColumn(verbose_name=_("In the product list"), orderable=False)
    is_active = tables.BadgeColumn(verbose_name=_("Status"), tones={True: "ok"})

    row_actions = (
        Action(_("Prices"), "catalog:price_list_prices", icon="arrow-right", dialog=False),
        Action(_("Edit"), "catalog:price_list_edit", "catalog.change_pricelist", icon="pencil"),
        Action(_("History"), "catalog:price_list_history", icon="history", dialog=False),
        Action(_("Delete"), "catalog:price_list_delete", "catalog.delete_pricelist", icon="trash-2", danger=True),
    )

    class Meta:
        model = PriceList
        fields = ("name", "rule", "priced", "tax_inclusive", "is_default", "is_active")
        order_by = ("name",)

    def render_is_active(self, value: bool) -> Any:
        tone, word = ("ok", gettext("Active")) if value else ("", gettext("Closed"))
        return format_html('<span class="badge {}">{}</span>', tone, word)


class AttributeTable(tables.Table):
    """What can be said about products."""

    name = tables.WhatColumn(verbose_name=_("Attribute"), meta="code", dialog=True)
    type = tables.BadgeColumn(quiet=Attribute.Type.values)
    unit = tables.Column(accessor="unit__code", verbose_name=_("Unit"), orderable=False, css="muted")
    options = tables.Column(verbose_name=_("Choices"), orderable=False)
    held = tables.NumberColumn(verbose_name=_("Categories"), card="price")

    row_actions = (
        Action(_("Edit"), "catalog:attribute_edit", "catalog.change_attribute", icon="pencil"),
        Action(_("History"), "catalog:attribute_history", icon="history", dialog=False),
        Action(_("Delete"), "catalog:attribute_delete", "catalog.delete_attribute", icon="trash-2", danger=True),
    )

    class Meta:
        model = Attribute
        fields = ("name", "type", "unit", "options", "held")
        order_by = ("name",)

    def render_options(self, value: list[dict[str, str]]) -> str:
        names = [option["name"] for option in value]
        return ", ".join(names[:6]) + (" …" if len(names) > 6 else "")


class UnitTable(tables.Table):
    """The units and their exact ratios."""

    code = tables.Column(verbose_name=_("Code"), css="code", card="what")
    name = tables.Column(accessor="label", verbose_name=_("Name"), card="status", order_by=("name",))
    dimension = tables.BadgeColumn(quiet=Unit.Dimension.values, card="")
    ratio = tables.Column(accessor="ratio", verbose_name=_("Is"), orderable=False, css="num", card="price")
    step = tables.QuantityColumn(verbose_name=_("Smallest step"), unit="code")

    row_url = None

    class Meta:
        model = Unit
        fields = ("code", "name", "dimension", "ratio", "step")
        order_by = ("dimension", "code")

    def render_ratio(self, value: Fraction, record: Unit) -> str:
        base = BASES.get(record.dimension, "")
        if value.denominator == 1:
            return quantity.format_quantity(Decimal(value.numerator), base)
        return f"{value.numerator}/{value.denominator} {base}"


BASES = {"mass": "g", "volume": "ml", "count": "un", "length": "m", "time": "min"}
