"""What the files of all shops have in common: their items become lines of our own file, and more is made with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.forms import ModelChoiceField
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Price, PriceList, Product
from apps.catalog.resources import undoing
from apps.catalog.resources.columns import CLEAR, PRICE_PREFIX, plain_price, say_number
from apps.catalog.resources.importer import Options, ProductImporter
from apps.catalog.resources.known import Known
from apps.catalog.selectors import prices as price_reads
from apps.catalog.services import categories, growing, prices
from apps.catalog.services.media import MOST_EACH
from apps.catalog.services.remote_media import as_kept
from backoffice.kernel import clock, outward
from backoffice.transfers.importer import Applied, BadCell, Change, Row, RowResult
from backoffice.transfers.rows import write_decimal
from backoffice.ui.forms import DateField

from . import offers
from .item import Item, Line
from .plan import Plan, PlannedHouse

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow, TransferRun

SALE_DAYS = 30


def _in_a_while() -> date:
    return clock.today() + timedelta(days=SALE_DAYS)


class ShopOptions(Options):
    """What the upload page asks about a file of another shop."""

    price_list = ModelChoiceField(
        PriceList.objects.filter(is_active=True).order_by("-is_default", "name"), required=False,
        label=gettext_lazy("Prices go to the list"), empty_label=gettext_lazy("the list shown with the products"),
    )  # fmt: skip
    sale_until = DateField(
        label=gettext_lazy("Sales without an end last until"), required=False, initial=_in_a_while,
        help_text=gettext_lazy(
            "The day after, the regular price holds again. Blank: the sale price stays, the regular one is not taken."
        ),
    )  # fmt: skip
    fallback_category = forms.CharField(
        label=gettext_lazy("Category of products without one"), required=False, max_length=80,
        initial=gettext_lazy("Imported"),
        help_text=gettext_lazy("For those with variants or attributes, which need one."),
    )  # fmt: skip

    def clean_sale_until(self) -> date | None:
        day: date | None = self.cleaned_data["sale_until"]
        if day is not None and day < clock.today():
            raise ValidationError(_("Choose today or a later day."))
        return day

    def clean_fallback_category(self) -> str:
        return " ".join(self.cleaned_data["fallback_category"].replace(">", " ").split())


class ShopImporter(ProductImporter):
    """Reads the file with `items`, and is the importer of our own file for the rest."""

    family = "products"
    export_permission = ""
    options_form = ShopOptions
    number_style = "dot"
    figure_labels = {
        **ProductImporter.figure_labels,
        "attributes": gettext_lazy("attributes created"),
        "barcodes": gettext_lazy("barcodes left out, their check digit is wrong"),
        "addresses": gettext_lazy("addresses of pictures that are none"),
        "scheduled": gettext_lazy("prices scheduled"),
    }

    def __init__(self, run: TransferRun) -> None:
        super().__init__(run)
        self.house: PlannedHouse = PlannedHouse()
        self.plan = Plan(self.house)
        self.now = clock.now()
        self.looking = False  # then only what the plan asks for is needed
        self.counted: Counter[str] = Counter()
        self._refused_at: set[int] = set()
        self._windows: tuple[Known | None, dict[int, list[Price]]] = (None, {})

    # --- what a shop says ---

    def items(self, rows: Iterable[Row]) -> Iterator[Item]:
        """The products of the lines, in their order. Called twice: at the first look, and for the preview."""
        raise NotImplementedError

    # --- preview ---

    def look(self, rows: Iterator[Row]) -> None:
        self.looking = True

        def first() -> Iterator[Row]:
            for item in self.items(rows):
                self._settle_category_of(item)
                self.plan.learn(item)
                cells = {"sku": item.sku, "variant_of": item.parent, "parts": item.cells.get("parts", "")}
                yield Row(item.row.line, cells, style=item.row.style)

        self.kin.look(first())
        self.plan.settle()
        self.looking = False

    def batches(self, rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
        return self.kin.batches(map(self._line, self.items(rows)), self.check_size)

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        for row, result in zip(rows, super().check(rows), strict=True):
            if result.outcome != "refused":
                yield result
                continue
            # A product and its first variant stand on one line, which comes back once.
            if result.line not in self._refused_at:
                self._refused_at.add(result.line)
                yield result
            assert isinstance(row, Line)
            for other in row.item.more:  # they come back with it, so that the mended file has its pictures too
                yield other.refuse(_("Line %(line)s of the same product is refused.") % {"line": row.line})

    def checked(self) -> Mapping[str, int]:
        return {name: number for name, number in self.counted.items() if number}

    def _settle_category_of(self, item: Item) -> None:
        if not item.category and not item.parent and (item.has_variants or any(item.attributes.values())):
            item.category, item.is_homeless = str(self.options.get("fallback_category") or "Imported"), True

    def _line(self, item: Item) -> Line:
        """The item as a line of our own file."""
        self._settle_category_of(item)
        cells = {name: text for name, text in item.cells.items() if text and text != CLEAR}
        cells |= {"sku": item.sku, "variant_of": item.parent, "category": item.category}
        cells |= self.plan.cells(item)
        if item.has_variants:
            cells["axes"] = ", ".join(self.plan.axes_of.get(item.sku.lower(), ()))
        addresses = []
        for url, _alt in item.pictures[:MOST_EACH]:
            try:
                addresses.append(outward.clean(url))
            except outward.Unreachable:
                self.counted["addresses"] += 1
        cells["media"] = " ".join(dict.fromkeys(addresses))
        self.counted["barcodes"] += item.odd_barcode
        if wanted := self._steps(item):
            cells[PRICE_PREFIX + self.price_list.code] = write_decimal(wanted[0][1], item.row.style)
        return Line(item, cells)

    def _judge(
        self, row: Row, values: dict[str, Any], prices: dict[str, str | None], there: Known, wrong: list[BadCell]
    ) -> RowResult | None:
        assert isinstance(row, Line)
        item = row.item
        wrong += item.wrong
        product = there.products.get(item.sku.lower())
        if product is not None and (item.is_homeless or item.has_variants or item.parent):
            # Where it was put since, it stays; and it has what is asked for there.
            values.pop("category", None)
            schema = self.house.schema(self.house.paths.get(product.category_id or 0, ""))
            values["attributes"] = [cell for cell in values["attributes"] if cell[1] in schema]
        result = super()._judge(row, values, prices, there, wrong)
        if result is None or wrong:
            return result
        later = self._later(item, product, there)
        if later and product is not None:
            result = self._with_later(row, result, product, later)
        if result.outcome not in ("new", "changed"):
            return result
        more: dict[str, Any] = {}
        if later:
            more["later"] = [[moment.isoformat(), plain_price(amount)] for moment, amount, _held in later]
        if needs := self.plan.needs(item, values.get("category") or item.category):
            more["needs"] = needs
        if alts := {as_kept(url): alt for url, alt in item.pictures if alt}:
            more["alts"] = alts
        return replace(result, data={**result.data, **more}) if more else result

    # --- prices ---

    @property
    def price_list(self) -> PriceList:
        """Where the prices go."""
        if not hasattr(self, "_price_list"):
            chosen = self.options.get("price_list")
            found = next((row for row in self.house.lists.values() if row.pk == chosen), None)
            self._price_list = found or price_reads.default_list()
        return self._price_list  # type: ignore[return-value]

    def _steps(self, item: Item) -> list[offers.Step]:
        if item.offer is None or self.price_list is None:
            return []
        until = self.options.get("sale_until")
        end = clock.at(date.fromisoformat(until) + timedelta(days=1)) if until else None
        return offers.steps(item.offer, now=self.now, until=end)

    def _later(
        self, item: Item, product: Product | None, there: Known
    ) -> list[tuple[datetime, Decimal, Decimal | None]]:
        wanted = self._steps(item)
        if len(wanted) < 2:
            return []
        if self._windows[0] is not there:
            found: dict[int, list[Price]] = defaultdict(list)
            ids = [row.pk for row in there.products.values()]
            rows = Price.objects.single().filter(price_list=self.price_list, product__in=ids, min_quantity=0)
            for price in rows.filter(Q(valid_to=None) | Q(valid_to__gt=self.now)):
                found[price.product_id].append(price)
            self._windows = (there, found)
        windows = self._windows[1].get(product.pk, []) if product is not None else []
        return offers.lacking(wanted, windows)

    def _with_later(
        self, row: Row, result: RowResult, product: Product, later: Sequence[tuple[datetime, Decimal, Decimal | None]]
    ) -> RowResult:
        changes = list(result.changes)
        for moment, amount, held in later:
            label = _("Price from %(day)s") % {"day": date_format(clock.local(moment), "SHORT_DATE_FORMAT")}
            before = say_number(None if held is None else plain_price(held), row.style)
            after = say_number(plain_price(amount), row.style)
            changes.append(Change(PRICE_PREFIX + self.price_list.code, label, before, after))
        if result.outcome == "changed":
            return replace(result, changes=tuple(changes))
        data = {"pk": product.pk, "revision": product.revision, "fields": {}, "packs": None, "prices": {}}
        return row.changed(changes, label=result.label, meta=result.meta, url=result.url, data=data)

    # --- apply, undo ---

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        """Make what the rows need, write them as rows of our own file, then schedule the prices that come later."""
        needs = [row.data["needs"] for row in rows if "needs" in row.data]
        made_categories: list[int] = []
        grown = growing.grow(_attributes(needs), self._places(needs, made_categories))
        if self.price_list is not None:
            self.later_in = self.price_list.code
        done = super().apply(rows)
        written = {pk: dict(values) for pk, values in done.written.items()}
        figures = dict(done.figures)
        if count := self._schedule([row for row in rows if row.pk in written and row.pk not in done.refused], written):
            figures["scheduled"] = figures.get("scheduled", 0) + count
        if grown.attributes:
            figures["attributes"] = len(grown.attributes)
        if made_categories:
            figures["categories"] = figures.get("categories", 0) + len(made_categories)
        if written:
            first = written[min(written)]
            first["categories"] = [*made_categories, *first.get("categories", ())]
            first["grown"] = [grown.attributes, grown.places, [[pk, codes] for pk, codes in grown.options.items()]]
        return Applied(figures=figures, refused=done.refused, written=written)

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        kept = super().undo(rows)
        self._cancel([row for row in rows if row.pk not in kept])
        for row in rows:
            if "grown" in row.written:
                attributes, places, options = row.written["grown"]
                growing.shrink(growing.Grown(attributes, places, dict(options)))
        undoing.remove_categories([pk for row in rows for pk in row.written.get("categories", ())])
        return kept

    def _places(self, needs: Iterable[Mapping[str, Any]], made: list[int]) -> dict[int, dict[str, bool]]:
        wanted: dict[str, dict[str, bool]] = defaultdict(dict)
        for need in needs:
            for code, axis in need["places"].items():
                wanted[need["path"]][code] = axis or wanted[need["path"]].get(code, False)
        if not wanted:
            return {}
        ids = categories.ensure(wanted, made)
        return {ids[path]: codes for path, codes in wanted.items()}

    def _schedule(self, rows: Sequence[TransferRow], written: Mapping[int, dict[str, Any]]) -> int:
        now = clock.now()
        changes: dict[datetime | None, list[prices.Change]] = defaultdict(list)
        for row in rows:
            # A new product with a price of now has its later ones with it.
            mine = row.data.get("later", ()) if not (written[row.pk]["made"] and row.data["prices"]) else ()
            for moment, amount in mine:
                start = datetime.fromisoformat(moment)
                change = prices.Change(written[row.pk]["pk"], Decimal(amount))
                changes[start if start > now else None].append(change)
            if "later" in row.data:
                moments = [moment for moment, _amount in row.data["later"]]
                written[row.pk] |= {"later": [self.price_list.code, moments], "scheduled": len(moments)}
        return sum(
            prices.set_many(self.price_list, changes[start], valid_from=start)
            for start in sorted(changes, key=lambda start: start or now)
        )

    def _cancel(self, rows: Sequence[TransferRow]) -> None:
        """Scheduled prices of products that stay are forgotten, as far as they have not begun."""
        for row in rows:
            if row.written.get("made") or "later" not in row.written:
                continue
            code, moments = row.written["later"]
            found = Price.objects.decided().filter(
                price_list__code=code, product=row.written["pk"], valid_from__in=moments, valid_from__gt=clock.now()
            )
            for price in found.order_by("-valid_from"):
                prices.cancel_scheduled(price)


def _attributes(needs: Iterable[Mapping[str, Any]]) -> list[growing.WantedAttribute]:
    found: dict[str, growing.WantedAttribute] = {}
    for need in needs:
        for one in need["attributes"]:
            options = {**(found[one["code"]].options if one["code"] in found else {}), **dict(one["options"])}
            found[one["code"]] = growing.WantedAttribute(one["code"], one["name"], one["type"], options)
    return list(found.values())
