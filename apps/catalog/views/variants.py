"""The variants of a product: the grid in which they are made and changed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.forms.variants import AxesForm, CombinationForm, MakeVariantsForm, number
from apps.catalog.models import PriceList, Product
from apps.catalog.selectors import prices as price_reads
from apps.catalog.selectors import stock_states
from apps.catalog.selectors import variants as variant_reads
from apps.catalog.selectors.schemas import Entry, Schemas
from apps.catalog.services import variants
from backoffice.kernel.errors import DomainError
from backoffice.ui import htmx
from backoffice.ui.permissions import command, may
from backoffice.ui.screens import ActionScreen, DetailScreen

from .products import ProductDetail

PAGE = "catalog/product_variants.html"
EVENT = "catalog-product"


class ProductVariants(ProductDetail):
    """Every combination: its variant with price, barcode and whether it is in use, or that it is not made."""

    tab = "variants"
    template_name = PAGE

    def fragments(self) -> Mapping[str, str]:
        return {"matrix": f"{PAGE}#matrix"}

    @cached_property
    def grid(self) -> variant_reads.Grid:
        grid = variant_reads.grid(self.object, self.schemas, self.price_list)
        return variant_reads.with_stock(grid) if stock_states.may_see(self.request.user) else grid

    @cached_property
    def price_list(self) -> PriceList | None:
        """The default list: the first of those that the page has loaded."""
        return self.lists[0].price_list if self.lists else None

    def get_context(self, **more: Any) -> dict[str, Any]:
        user = self.request.user
        # Not what the overview needs besides the head.
        return DetailScreen.get_context(
            self,
            grid=self.grid,
            price_list=self.price_list,
            offered=[e for e in self.schemas.of(self.object.category_id) if e.is_variant_axis],
            may_change=may(user, "catalog.change_product"),
            may_add=may(user, "catalog.add_product"),
            may_price=may(user, "catalog.change_price"),
            may_stock=stock_states.may_see(user),
            **more,
        )


@command("catalog.change_product")
def save(request: HttpRequest, pk: int) -> HttpResponse:
    """What was typed into the grid, and the one variant that is made with it. What is refused stays as it was typed."""
    screen = ProductVariants()
    screen.setup(request, pk=pk)
    product, grid = screen.object, screen.grid
    price_list = screen.price_list
    may_price = may(request.user, "catalog.change_price")
    cells, unread = _read(request, grid, may_price=may_price)
    written = variants.write(product, cells, price_list=price_list)
    refused = unread | {key: sentence for key, (_field, sentence) in written.refused.items()}
    made = 0
    if (wanted := request.POST.get("make")) and may(request.user, "catalog.add_product"):
        combination = tuple(pair.partition("=")[2] for pair in wanted.split(";"))
        try:
            made = len(variants.make(product, [combination])) if len(combination) == len(product.axes) else 0
        except DomainError as error:  # what was written beside it stays written
            messages.error(request, error.message)
    if written.changed or made:
        count = written.changed + made
        messages.success(request, ngettext("%d variant saved.", "%d variants saved.", count) % count)
    if not refused and not htmx.is_htmx(request):
        return htmx.done(request, to=reverse("catalog:product_variants", args=[pk]))
    del screen.__dict__["grid"]
    for place in screen.grid.places:
        if place.variant is not None and place.variant.pk in refused:
            place.refused = refused[place.variant.pk]
            place.typed = {
                name: request.POST.get(f"{name}-{place.variant.pk}", "") for name in ("price", "barcode", "active")
            }
    answer = screen.render(screen.get_context(), status=409 if refused else 200)
    return htmx.tell(answer, EVENT) if not refused else answer


def _read(
    request: HttpRequest, grid: variant_reads.Grid, *, may_price: bool
) -> tuple[list[variants.Cell], dict[int, str]]:
    """The cells that somebody changed, and those that cannot be read."""
    cells, unread = [], {}
    for place in grid.places:
        variant = place.variant
        if variant is None or f"rev-{variant.pk}" not in request.POST:
            continue
        typed = {
            name: request.POST.get(f"{name}-{variant.pk}", "")
            for name in ("rev", "was", "barcode", "active", "price", "shown")
        }
        was_active, seen, was_barcode = typed["was"].partition(";")
        try:
            price, shown = number(typed["price"]), _plain(typed["shown"])
        except ValidationError as error:
            unread[variant.pk] = error.messages[0]
            continue
        revision = int(typed["rev"]) if typed["rev"].isdigit() else variant.revision
        cells.append(
            variants.Cell(
                variant.pk,
                revision,
                # What nobody touched is not written, whatever somebody else made of it meanwhile.
                barcode=None if seen and typed["barcode"] == was_barcode else typed["barcode"],
                is_active=None if seen and typed["active"] == was_active else typed["active"] == "on",
                price=price if may_price else None,
                shown=shown,
            )
        )
    return cells, unread


def _plain(text: str) -> Decimal | None:
    return Decimal(text) if text.replace(".", "", 1).isdigit() else None


class _ProductAction(ActionScreen):
    """A dialog about the variants of a product."""

    model = Product
    permission = "catalog.change_product"
    list_url = "catalog:product_list"
    changed = EVENT

    def get_queryset(self) -> QuerySet[Product]:
        return Product.objects.select_related("variant_of", "category")

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas()

    def success_url(self, result: Any) -> str:
        return self.cancel_url()

    def cancel_url(self) -> str:
        return reverse("catalog:product_variants", args=[self.object.pk])


class VariantAxes(_ProductAction):
    title = gettext_lazy("What variants differ by")
    form_class = AxesForm
    submit_label = gettext_lazy("Save")

    def initial(self) -> dict[str, Any]:
        return {"axes": self.object.axes}

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form: Any = super().get_form(data, files)
        return form.offer([e for e in self.schemas.of(self.object.category_id) if e.is_variant_axis])

    def perform(self, form: Any) -> Product:
        return variants.set_axes(self.object, form.cleaned_data["axes"])

    def success(self, result: Product) -> str:
        return _("Saved.")


class VariantsMake(_ProductAction):
    title = gettext_lazy("Make variants")
    permission = "catalog.add_product"
    form_class = MakeVariantsForm
    submit_label = gettext_lazy("Make them")

    def intro(self) -> str:
        return _("Named, numbered and filled in after %(product)s; each can be changed later.") % {
            "product": self.object.name
        }

    @cached_property
    def axes(self) -> list[Entry]:
        return variant_reads.axes_of(self.object, self.schemas)

    @cached_property
    def missing(self) -> list[variants.Combination]:
        there = self.object.variants.values_list("variant_key", flat=True)
        return variants.missing(self.object, self.axes, there)

    def initial(self) -> dict[str, Any]:
        return {"pattern": variants.default_pattern(self.object, self.missing)}

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form: Any = super().get_form(data, files)
        form.offer(self.axes, self.missing)
        if not may(self.request.user, "catalog.change_price"):
            del form.fields["price"]
        return form

    def perform(self, form: Any) -> list[Product]:
        return variants.make(
            self.object, form.chosen(), pattern=form.cleaned_data["pattern"], price=form.cleaned_data.get("price"),
            price_list=price_reads.default_list(), sell_policy=form.cleaned_data["sell_policy"],
        )  # fmt: skip

    def success(self, result: list[Product]) -> str:
        return ngettext("%d variant made.", "%d variants made.", len(result)) % len(result)


class VariantCombination(_ProductAction):
    """Another choice for one variant, while nothing was done with it."""

    title = gettext_lazy("Change what it is")
    form_class = CombinationForm
    submit_label = gettext_lazy("Save")

    def intro(self) -> str:
        return _("As long as it was neither moved, used nor sold.")

    @cached_property
    def axes(self) -> list[Any]:
        parent = self.object.variant_of
        return variant_reads.axes_of(parent, self.schemas) if parent else []

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form: Any = super().get_form(data, files)
        return form.offer(self.axes, [self.object.attributes.get(entry.code, "") for entry in self.axes])

    def perform(self, form: Any) -> Product:
        return variants.recombine(self.object, form.chosen(self.axes))

    def success(self, result: Product) -> str:
        return _("%s saved.") % result

    def cancel_url(self) -> str:
        return self.object.get_absolute_url()
