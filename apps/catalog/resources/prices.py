"""Prices of any lists as a file: one row a price, with its tier, its pack and the day from which it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Price, PriceList, Product, ProductUnit
from apps.catalog.services import prices
from backoffice.kernel import clock
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Importer, Row, RowResult, all_wrong

from . import price_undoing
from .columns import plain_number, plain_price, say_number
from .reading import read_price

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow

Key = tuple[int, int, int | None, Decimal]  # list, product, pack, quantity

COLUMNS: tuple[Column, ...] = (
    Column("list", gettext_lazy("Price list"), required=True, aliases=("price list", "lista"), example="counter",
           help=gettext_lazy("The code of the list")),
    Column("sku", gettext_lazy("SKU"), required=True, aliases=("code", "código"), example="PA-0012"),
    Column("pack", gettext_lazy("Pack"), aliases=("unit", "embalagem"), example="box of 6",
           help=gettext_lazy("Blank: the product's own unit")),
    Column("from_quantity", gettext_lazy("From quantity"), example="24", help=gettext_lazy("Blank: any quantity")),
    Column("price", gettext_lazy("Price"), aliases=("preço", "amount"), example="9.90"),
    Column("valid_from", gettext_lazy("Valid from"), example="2026-12-01", help=gettext_lazy("Blank: from now on")),
)  # fmt: skip


class PriceImporter(Importer):
    """Natural key list, SKU, pack and quantity; a blank price leaves what is there, "-" takes it away."""

    key = "prices"
    permission = "catalog.change_price"
    export_permission = "catalog.view_price"
    title = gettext_lazy("Import prices")
    help = gettext_lazy(
        "One row a price. A price with a later day is scheduled; a day that is over counts as now. A blank price "
        "leaves what is there, “-” takes it away. The file that a price list exports can be imported as it is."
    )
    thing = gettext_lazy("Product")
    columns = COLUMNS
    done_url = "catalog:price_grid"
    undoable = True
    figure_labels = {"prices": gettext_lazy("prices set")}

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.lists = {row.code.lower(): row for row in PriceList.objects.filter(is_active=True)}
        self.seen: dict[tuple[Key, str], int] = {}
        self.now = clock.now()
        self.changing: set[Key] = set()  # a later row of one of these is judged after what the file changes before it

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        skus = {row.text("sku").lower() for row in rows}
        products = {
            product.sku.lower(): product
            for product in Product.objects.annotate(folded=Lower("sku")).filter(folded__in=skus)
        }
        ids = [product.pk for product in products.values()]
        packs = {(pack.product_id, pack.name.lower()): pack for pack in ProductUnit.objects.filter(product__in=ids)}
        windows: dict[Key, list[Price]] = defaultdict(list)
        wanted = Q(valid_to=None) | Q(valid_to__gt=self.now)
        for price in Price.objects.filter(wanted, product__in=ids).order_by("valid_from"):
            windows[price.price_list_id, price.product_id, price.unit_id, price.min_quantity].append(price)
        for row in rows:
            try:
                yield self._judge(row, products, packs, windows)
            except BadCell as bad:
                alone = {
                    "list": self._list, "sku": lambda row: _product(row, products), "from_quantity": _least,
                    "price": lambda row: row.text("price") and read_price(row, "price"), "valid_from": self._start,
                }  # fmt: skip
                yield row.refuse(all_wrong(row, bad, alone))

    def _list(self, row: Row) -> PriceList:
        price_list = self.lists.get(row.required("list").lower())
        if price_list is None:
            codes = ", ".join(sorted(self.lists))
            raise BadCell("list", _("There is no price list “%(code)s”.") % {"code": row.text("list")}, codes)
        return price_list

    def _judge(
        self,
        row: Row,
        products: Mapping[str, Product],
        packs: Mapping[tuple[int, str], ProductUnit],
        windows: Mapping[Key, list[Price]],
    ) -> RowResult:
        price_list, product = self._list(row), _product(row, products)
        pack = packs.get((product.pk, row.text("pack").lower()))
        if row.text("pack") and pack is None:
            raise BadCell("pack", _("%(product)s has no such pack.") % {"product": product})
        least = _least(row)
        start = self._start(row)
        key: Key = (price_list.pk, product.pk, pack.pk if pack else None, least)
        moment = start.isoformat() if start else ""
        if (twin := self.seen.setdefault((key, moment), row.line)) != row.line:
            raise BadCell("sku", _("Line %(line)d says something about this price already.") % {"line": twin})
        size = " ".join(filter(None, [plain_number(least) if least else "", pack.name if pack else ""]))
        said = {"label": product.name, "meta": " · ".join(filter(None, [product.sku, price_list.name, size]))}
        if not row.text("price"):
            return row.unchanged(**said)
        text = read_price(row, "price")
        after = None if text is None else Decimal(text)
        held = _holding(windows.get(key, ()), start or self.now)
        same = (held.amount if held else None) == after or (after is None and held is not None and held.is_derived)
        if same and key not in self.changing:
            return row.unchanged(**said)
        self.changing.add(key)
        data = {
            "list": price_list.code, "product": product.pk, "unit": key[2], "least": plain_number(least),
            "amount": text, "start": moment, "before": None if held is None else str(held.amount),
        }  # fmt: skip
        before = None if held is None else plain_price(held.amount)
        change = Change("price", _("Price"), say_number(before, row.style), say_number(text, row.style))
        return row.changed([change], data=data, **said)

    def _start(self, row: Row) -> datetime | None:
        day = row.date("valid_from")
        if day is None or day < clock.local(self.now).date():
            return None
        moment = _time(row)
        start = clock.at(day, moment.hour, moment.minute) + timedelta(
            seconds=moment.second, microseconds=moment.microsecond
        )
        return start if start > self.now else None

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        groups: dict[tuple[str, str], list[TransferRow]] = defaultdict(list)
        for row in rows:
            groups[row.data["list"].lower(), row.data["start"]].append(row)
        refused: dict[int, str] = {}
        # All are judged before any is set: lists that follow change with the first of them.
        wanted = []
        written: dict[int, dict[str, Any]] = {}
        for (code, moment), members in sorted(groups.items(), key=lambda pair: (self._depth(pair[0][0]), pair[0])):
            price_list = self.lists.get(code)
            if price_list is None:
                refused |= {row.pk: _("The price list was closed since the preview.") for row in members}
                continue
            start = datetime.fromisoformat(moment) if moment else None
            if start is not None and start <= clock.now():
                start = None
            changes = self._changes(price_list, members, refused, later=bool(moment))
            wanted.append((price_list, start, changes))
            good = [row for row in members if row.pk not in refused]
            written |= price_undoing.remember(price_list, start, good, changes)
        why = str(self.options.get("reason", ""))
        done = sum(
            prices.set_many(price_list, changes, valid_from=start, reason=why) for price_list, start, changes in wanted
        )
        return Applied(figures={"prices": done} if done else {}, refused=refused, written=written)

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Prices that somebody set anew since."""
        return price_undoing.obstacles(rows)

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Former prices begin anew; what has not begun is forgotten."""
        return price_undoing.undo(rows)

    def _changes(
        self, price_list: PriceList, rows: Sequence[TransferRow], refused: dict[int, str], *, later: bool
    ) -> list[prices.Change]:
        """What the rows ask for; those that no longer fit go into `refused`. Two queries."""
        products = [row.data["product"] for row in rows]
        there = set(Product.objects.filter(pk__in=products).values_list("pk", flat=True))
        held = {
            (price.product_id, price.unit_id, price.min_quantity): str(price.amount)
            for price in Price.objects.at(clock.now()).filter(price_list=price_list, product__in=products)
        }
        changes = []
        for row in rows:
            data = row.data
            least = Decimal(data["least"])
            if data["product"] not in there:
                refused[row.pk] = _("The product was removed since the preview.")
            elif not later and held.get((data["product"], data["unit"], least)) != data["before"]:
                refused[row.pk] = _("Somebody changed this price since the preview.")
            else:
                amount = None if data["amount"] is None else Decimal(data["amount"])
                changes.append(prices.Change(data["product"], amount, least, data["unit"]))
        return changes

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """All active lists."""
        lists = PriceList.objects.filter(is_active=True).order_by("-is_default", "code")
        return [column.name for column in COLUMNS], lines(lists)

    def _depth(self, code: str) -> int:
        """Lists after those they follow: what is set by hand in a list comes after what it takes from its base."""
        by_id = {row.pk: row for row in self.lists.values()}
        depth, one = 0, self.lists.get(code)
        while one is not None and one.base_id is not None:
            depth, one = depth + 1, by_id.get(one.base_id)
        return depth


def _product(row: Row, products: Mapping[str, Product]) -> Product:
    product = products.get(row.required("sku").lower())
    if product is None:
        raise BadCell("sku", _("There is no product %(skus)s.") % {"skus": row.text("sku")})
    return product


def _least(row: Row) -> Decimal:
    return row.decimal("from_quantity", places=6, minimum=0) or Decimal(0)


def _time(row: Row) -> time:
    """The time that follows the day in the cell; the day's beginning where there is none."""
    text = row.text("valid_from")[10:].strip(" T")
    try:
        return time.fromisoformat(text) if text else time()
    except ValueError:
        raise BadCell("valid_from", _("This is not a time of day."), _("Write 09:58 or 09:58:11.")) from None


def _holding(rows: Sequence[Price], moment: datetime) -> Price | None:
    return next(
        (row for row in rows if row.valid_from <= moment and (row.valid_to is None or row.valid_to > moment)), None
    )


def lines(price_lists: Iterable[PriceList]) -> Iterator[list[Any]]:
    """What holds in the lists now and what is scheduled, in the columns that the import reads back."""
    now = clock.now()
    rows = (
        Price.objects.filter(Q(valid_to=None) | Q(valid_to__gt=now), price_list__in=list(price_lists))
        .select_related("price_list", "product", "unit")
        .defer(*(f"product__{name}" for name in Product.DETAILS))
        .order_by("price_list", "product__sku", "unit__name", "min_quantity", "valid_from")
    )
    for row in rows.iterator(chunk_size=2000):
        yield [
            row.price_list.code, row.product.sku, row.unit.name if row.unit else "",
            Decimal(plain_number(row.min_quantity)) if row.min_quantity else None, Decimal(plain_price(row.amount)),
            _moment(row.valid_from, now),
        ]  # fmt: skip


def _moment(moment: datetime, now: datetime) -> str:
    """The day, with the time where it is not the day's beginning: to the minute, and whole when it is to come, because
    the price before it holds until then."""
    local = clock.local(moment)
    if local.time() == time():
        return local.date().isoformat()
    whole = moment > now and (local.second or local.microsecond)
    return local.replace(tzinfo=None).isoformat(" ", "auto" if whole else "minutes")
