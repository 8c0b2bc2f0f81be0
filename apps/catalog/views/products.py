"""Products: the list, the page, the forms, and what is edited where it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog import allergens
from apps.catalog.filters import ProductFilter
from apps.catalog.forms import NewProductForm, ProductForm
from apps.catalog.forms.bulk import BulkAttributesForm, BulkCategoryForm, BulkFieldsForm, BulkTagsForm
from apps.catalog.forms.price import BulkPricesForm
from apps.catalog.forms.product import ASKED
from apps.catalog.models import Price, PriceList, Product, Unit
from apps.catalog.resources import bulk_rule, price_rule
from apps.catalog.resources import export as product_files
from apps.catalog.selectors import attributes as attribute_reads
from apps.catalog.selectors import price_story
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import products as product_reads
from apps.catalog.selectors.schemas import Schemas
from apps.catalog.services import bulk_edit, products
from apps.catalog.tables import PHOTOS, ProductTable, complete_text, price_text
from backoffice import company
from backoffice.kernel import clock
from backoffice.kernel.money import format_money
from backoffice.transfers import outgoing
from backoffice.ui import charts, htmx
from backoffice.ui.screens import (
    Action,
    Badge,
    BulkAction,
    CreateScreen,
    DetailScreen,
    EditScreen,
    Empty,
    Fact,
    FormScreen,
    ListScreen,
    SavedView,
    Tab,
)
from backoffice.ui.screens.base import with_query
from backoffice.ui.screens.list import LOOK

DETAIL = "catalog/product_detail.html"
LINES = 5  # more than these lists in one picture and nobody tells them apart


def listed(price_list: PriceList | None = None) -> QuerySet[Product]:
    """Products as lists need them: category and unit loaded, with the price of the list given, else the default one."""
    rows = Product.objects.select_related("category", "unit")
    return product_reads.with_price(rows, price_list or price_reads.default_list())


class ProductList(ListScreen):
    model = Product
    permission = "catalog.view_product"
    title = gettext_lazy("Products")
    icon = "croissant"
    table_class = ProductTable
    filter_class = ProductFilter
    search_label = gettext_lazy("Search SKU, name or barcode")
    export_permission = "catalog.export_product"
    create = Action(gettext_lazy("New product"), "catalog:product_create", "catalog.add_product", icon="plus")
    actions = [
        Action(
            gettext_lazy("Import"), "transfers:upload", "catalog.import_product", icon="upload", dialog=False,
            args=lambda thing: ["products"],
        ),
    ]  # fmt: skip
    saved_views = [
        SavedView("active", gettext_lazy("Active"), lambda rows: rows.active()),
        SavedView("sold", gettext_lazy("For sale"), lambda rows: rows.sellable()),
        SavedView("ingredients", gettext_lazy("Ingredients"), lambda rows: rows.filter(kind=Product.Kind.INGREDIENT)),
        SavedView("unpriced", gettext_lazy("Without a price"), product_reads.unpriced),
        SavedView("retired", gettext_lazy("Retired"), product_reads.retired),
    ]
    bulk_actions = [
        BulkAction(
            "category", gettext_lazy("Category"), "catalog.change_product", products.set_category,
            form_class=BulkCategoryForm, icon="folder-tree", many=bulk_rule.category,
            many_rights=bulk_rule.RIGHTS,
        ),
        BulkAction(
            "fields", gettext_lazy("Fields"), "catalog.change_product", bulk_edit.set_fields,
            form_class=BulkFieldsForm, icon="pencil", many=bulk_rule.fields,
            many_rights=bulk_rule.RIGHTS,
        ),
        BulkAction(
            "attributes", gettext_lazy("Attributes"), "catalog.change_product", bulk_edit.set_attributes,
            form_class=BulkAttributesForm, icon="list-checks", many=bulk_rule.attributes,
            many_rights=bulk_rule.RIGHTS,
        ),
        BulkAction(
            "tags", gettext_lazy("Tags"), "catalog.change_product", bulk_edit.retag,
            form_class=BulkTagsForm, icon="tags", many=bulk_rule.tags,
            many_rights=bulk_rule.RIGHTS,
        ),
        BulkAction(
            "prices", gettext_lazy("Prices"), "catalog.change_price", price_rule.start_for_chosen,
            form_class=BulkPricesForm, icon="badge-percent", whole=True, also=price_rule.RIGHTS,
        ),
        BulkAction(
            "restore", gettext_lazy("Restore"), "catalog.change_product", products.restore, icon="archive-restore",
            many=bulk_rule.restore, many_rights=bulk_rule.RIGHTS,
        ),
        BulkAction(
            "retire", gettext_lazy("Retire"), "catalog.change_product", products.retire, icon="archive", danger=True,
            many=bulk_rule.retire, many_rights=bulk_rule.RIGHTS,
        ),
    ]  # fmt: skip
    empty = Empty(
        gettext_lazy("No products yet"),
        gettext_lazy("Write down what you make, buy and sell, or bring a file with all of it."),
    )

    kept = True
    counted = staticmethod(Product.objects.all)

    def get_queryset(self) -> QuerySet[Product]:
        return listed(self.price_list).defer(*Product.DETAILS)

    def searched(self) -> QuerySet[Product]:
        return Product.objects.all()

    def rows_of(self, keys: Sequence[Any]) -> list[Product]:
        return product_reads.shown(keys, self.price_list)

    @cached_property
    def price_list(self) -> PriceList | None:
        return price_reads.default_list()

    def other_look(self) -> tuple[Any, str]:
        if self.request.GET.get(LOOK) == PHOTOS:
            return _("As a table"), with_query(self.request, drop=[LOOK])
        return _("As photos"), with_query(self.request, **{LOOK: PHOTOS})

    def lead(self) -> str:
        if self.price_list is None:
            return _("There is no price list yet.")
        return _("Prices are those of the list %(list)s.") % {"list": self.price_list}

    def export_as(self, kind: str) -> HttpResponseBase:
        """The rows that are shown, in the columns that the import reads back."""
        if not self.may_export():
            return super().export_as(kind)
        return outgoing.file("products", kind, product_files.headings(), product_files.lines(self.table.ordered()))


class ProductDetail(DetailScreen):
    model = Product
    permission = "catalog.view_product"
    list_url = "catalog:product_list"
    template_name = DETAIL
    panels = "catalog.product"
    tabs = [
        Tab("overview", gettext_lazy("Overview"), "catalog:product_detail"),
        Tab(
            "variants", gettext_lazy("Variants"), "catalog:product_variants", count=lambda product: product.variant_rows
        ),
        Tab("parts", gettext_lazy("Parts"), "catalog:product_parts"),
        Tab("prices", gettext_lazy("Prices"), "catalog:product_prices", count=lambda product: product.price_rows),
        Tab("history", gettext_lazy("History"), "catalog:product_history"),
    ]
    actions = [
        Action(
            gettext_lazy("Set a price"), "catalog:price_set", "catalog.change_price", icon="tag",
            when=lambda product: product.kind != Product.Kind.CONFIGURABLE,
        ),
        Action(gettext_lazy("Edit"), "catalog:product_edit", "catalog.change_product", icon="pencil", primary=True),
        Action(
            gettext_lazy("Change what it is"), "catalog:variant_combination", "catalog.change_product", icon="shapes",
            when=lambda product: product.variant_of_id is not None,
        ),
        Action(
            gettext_lazy("Retire"), "catalog:product_retire", "catalog.change_product", icon="archive", danger=True,
            when=lambda product: product.is_active,
        ),
        Action(
            gettext_lazy("Restore"), "catalog:product_restore", "catalog.change_product", icon="archive-restore",
            when=lambda product: not product.is_active,
        ),
    ]  # fmt: skip

    def get_queryset(self) -> QuerySet[Product]:
        return product_reads.with_page_needs(Product.objects.all())

    def fragments(self) -> Mapping[str, str]:
        return {
            name: f"{DETAIL}#{name}"
            for name in (
                "panel-prices",
                "panel-packs",
                "panel-facts",
                "panel-attributes",
                "panel-complete",
                "panel-media",
            )
        }

    def head(self) -> dict[str, Any]:
        head = super().head()
        kind = self.object.kind
        others = {"variants": Product.Kind.CONFIGURABLE, "parts": Product.Kind.BUNDLE}
        hidden = {tab.url_name for tab in self.tabs if others.get(tab.key, kind) != kind}
        gone = {reverse(name, args=[self.object.pk]) for name in hidden}
        return head | {"tabs": [tab for tab in head["tabs"] if tab.url not in gone]}

    def badge(self) -> Badge:
        if not self.object.is_active:
            return Badge(_("Retired"))
        if self.object.kind == Product.Kind.CONFIGURABLE:
            return Badge(_("Sold by variant"), "info")
        return Badge(_("Active"), "ok") if self.object.is_sellable else Badge(_("Internal"), "info")

    def thumb(self) -> tuple[str, str]:
        return self.object.shown_icon, self.object.hue

    def meta(self) -> Sequence[Any]:
        product = self.object
        price = self.price
        its_own = product.kind != Product.Kind.CONFIGURABLE  # it had one, perhaps, before it had variants
        return [
            product.sku,
            product.category.name if product.category else "",
            self._kind(),
            complete_text(product.completeness),
            format_money(price.amount, company.current().currency, price.places) if price and its_own else "",
        ]

    def _kind(self) -> Any:
        parent = self.object.variant_of
        if parent is None:
            return self.object.get_kind_display()
        return format_html('<a href="{}">{}</a>', reverse("catalog:product_variants", args=[parent.pk]), parent.name)

    def facts(self) -> Sequence[Fact]:
        product = self.object
        days = product.shelf_life_days
        return [
            Fact(_("Category"), product.category.path if product.category else ""),
            Fact(_("Unit"), f"{product.unit.code} · {product.unit.label}"),
            Fact(_("Barcode"), product.barcode),
            Fact(
                _("Shelf life"),
                "" if days is None else ngettext("%(days)d day", "%(days)d days", days) % {"days": days},
            ),
            Fact(_("Sold"), product.get_sell_policy_display() if product.is_sellable else _("not for sale")),
            Fact(_("Kept by lot"), _("Yes") if product.lot_tracked else _("No")),
            Fact(_("Can be bought"), _("Yes") if product.is_purchasable else _("No")),
        ]

    @cached_property
    def lists(self) -> list[price_reads.ListPrices]:
        """The product in every active list, the default one first."""
        return price_reads.by_list(self.object)

    @cached_property
    def price(self) -> Price | None:
        """What it costs in the default list. A page that does not show all lists only asks for what is in force."""
        if "lists" in self.__dict__:
            return next((entry.current for entry in self.lists if entry.price_list.is_default), None)
        found = price_reads.current_by_list(self.object)
        return next((price for price in found if price.price_list.is_default), None)

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas()

    def get_context(self, **more: Any) -> dict[str, Any]:
        product = self.object
        return super().get_context(
            lists=self.lists,
            packs=sorted(product.packs.all(), key=lambda pack: (pack.ratio, pack.name)),
            allergens=allergens.labels(product.allergens),
            said=attribute_reads.of_product(product, self.schemas),
            missing=attribute_reads.missing(product, self.schemas),
            media=product.media.order_by("position", "pk"),
            **more,
        )


class ProductPrices(ProductDetail):
    """Every price the product had, has and will have."""

    tab = "prices"
    template_name = "catalog/product_prices.html"

    def fragments(self) -> Mapping[str, str]:
        return {"panel-all-prices": f"{self.template_name}#panel-all-prices"}

    def get_context(self, **more: Any) -> dict[str, Any]:
        rows = list(price_reads.history(self.object)[:500])
        days = price_story.weeks(clock.today())
        stories = price_story.development(rows, days)
        chart = charts.Line(
            _("Price by list"),
            [date_format(day, "SHORT_DATE_FORMAT") for day in days],
            [charts.Series(one.price_list, one.amounts, f"p{place}") for place, one in enumerate(stories[:LINES])],
            show=price_text, heading=_("Week"), running=price_story.WEEKS_BACK,
        )  # fmt: skip
        return super().get_context(
            prices=rows, now=clock.now(), chart=chart if stories else None, reductions=price_story.reductions(rows),
            **more,
        )  # fmt: skip


class _ProductForm(FormScreen):
    """A product's form: what the category that is chosen asks for comes with it."""

    form_class: ClassVar[type[ProductForm]]

    def fragments(self) -> Mapping[str, str]:
        return {**super().fragments(), ASKED: "catalog/product_fields.html"}

    def get_form(self, data: Any = None, files: Any = None) -> Any:
        form: Any = super().get_form(data, files)
        form.ask_at(self.request.path)
        return form

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if htmx.target(request) != ASKED:
            return super().get(request, *args, **kwargs)
        form = self.form_class(initial={"category": request.GET.get("category", "")}, instance=self.object)
        form.keep(request.GET)
        return self.show(form)


class ProductCreate(_ProductForm, CreateScreen):
    model = Product
    permission = "catalog.add_product"
    list_url = "catalog:product_list"
    form_class = NewProductForm
    wide = True

    def initial(self) -> dict[str, Any]:
        return {"unit": Unit.objects.filter(code="un").first()}

    def perform(self, form: Any) -> Product:
        return products.create(price=form.cleaned_data["price"], **form.columns())


class ProductEdit(_ProductForm, EditScreen):
    model = Product
    permission = "catalog.change_product"
    list_url = "catalog:product_list"
    form_class = ProductForm
    wide = True

    def perform(self, form: Any) -> Product:
        return products.update(self.object, revision=form.cleaned_data["revision"], **form.columns())
