"""Suppliers and their prices from a file: one row for each product of a supplier."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Prefetch, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import Supplier, SupplierItem
from backoffice.kernel import audit
from backoffice.kernel.quantity import bare
from backoffice.transfers import trail
from backoffice.transfers.importer import Applied, BadCell, Column, Fact, Importer, Row, RowResult, all_wrong
from backoffice.transfers.models import TransferRow

from . import goods
from . import supplier_fields as fields

Key = tuple[int, int, int | None]
"""Supplier, product, pack."""
Items = defaultdict[tuple[str, int], dict[int | None, SupplierItem]]
"""What a supplier sells of a product, by pack."""

# How many characters fit.
LONGEST = {"name": 120, "phone": 40, "document": 20, "note": 200, "code": 40}


class SupplierImporter(Importer):
    """A supplier is found by its code, an item by supplier, SKU and pack; what is there and differs is changed."""

    key = "suppliers"
    permission = "inventory.import_supplier"
    export_permission = "inventory.view_supplier"
    title = gettext_lazy("Import suppliers and prices")
    help = gettext_lazy(
        "One row for each product that a supplier sells. Unknown suppliers are made; "
        "a row without a SKU makes only the supplier. A blank cell leaves what is there, “-” clears it."
    )
    thing = gettext_lazy("Supplier")
    columns = (
        Column("supplier", gettext_lazy("Supplier code"), required=True, aliases=("fornecedor",), example="MILL"),
        Column("name", gettext_lazy("Name"), aliases=("nome",), example="Moinho Serra"),
        Column("email", gettext_lazy("E-mail"), example="pedidos@exemplo.com.br"),
        Column("phone", gettext_lazy("Phone"), aliases=("telefone",), example="+55 11 5555-0100"),
        Column("document", gettext_lazy("Document"), aliases=("cnpj", "cpf")),
        Column("lead_days", gettext_lazy("Days to deliver"), aliases=("prazo",), example="2"),
        Column("minimum_order", gettext_lazy("Least order"), aliases=("pedido mínimo",), example="300"),
        Column("note", gettext_lazy("Note"), aliases=("observação",)),
        Column("sku", gettext_lazy("SKU"), example="MA-FL65"),
        Column(
            "pack",
            gettext_lazy("Pack"),
            aliases=("embalagem",),
            example="Sack 25 kg",
            help=gettext_lazy("Blank: the product's own unit"),
        ),
        Column("price", gettext_lazy("Price of one"), aliases=("preço",), example="97.50"),
        Column("code", gettext_lazy("Their code"), aliases=("código deles",), example="F-65-25"),
        Column("minimum", gettext_lazy("Least quantity"), aliases=("mínimo",), example="4"),
        Column("item_days", gettext_lazy("Days for this product"), aliases=("prazo do item",)),
        Column("first", gettext_lazy("Bought here first"), aliases=("preferido",), example="yes"),
    )
    undoable = True
    figure_labels = {"suppliers": gettext_lazy("suppliers written"), "items": gettext_lazy("prices written")}
    done_url = "inventory:supplier_list"

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.seen: dict[tuple[str, str, int | None], int] = {}
        self.names: dict[str, str] = {}
        self.taken: set[str] = set()  # suppliers that this very import has written

    # --- reading

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        products = goods.named(rows, packs=True)
        suppliers = {supplier.code.casefold(): supplier for supplier in Supplier.objects.all()}
        items: Items = defaultdict(dict)
        found = SupplierItem.objects.filter(product__in=list(products.values())).order_by("pk")
        for one in found.select_related("supplier", "product__unit", "pack"):
            items[one.supplier.code.casefold(), one.product_id][one.pack_id] = one
        for row in rows:
            try:
                data = self._read(row, products, suppliers, items)
            except BadCell as bad:
                yield row.refuse(all_wrong(row, bad, ALONE))
                continue
            supplier = suppliers.get(data["supplier"].casefold())
            product = products.get(row.text("sku").casefold()) if data["product"] else None
            item = items[data["supplier"].casefold(), product.pk].get(data["pack"]) if product else None
            data["seen"] = [supplier.revision if supplier else 0, item.revision if item else 0]
            label = data["name"] or (supplier.name if supplier else data["supplier"])
            meta = product.name if product else data["supplier"]
            different = [
                *fields.changes(supplier, data, fields.OF_SUPPLIER),
                *(fields.changes(item, data, fields.OF_ITEM) if product else ()),
            ]
            if supplier is None or (product is not None and item is None):
                yield row.new(label=label, meta=meta, data=data)
            elif different:
                yield row.changed(different, label=label, meta=meta, data=data)
            else:
                yield row.unchanged(label=label, meta=meta)

    def _read(
        self, row: Row, products: dict[str, Product], suppliers: dict[str, Supplier], items: Items
    ) -> dict[str, Any]:
        code = row.required("supplier")
        if len(code) > 20:
            raise BadCell("supplier", _("A code has at most %(count)s characters.") % {"count": 20})
        if (there := suppliers.get(code.casefold())) is not None:
            code = there.code
        known = there is not None or code.casefold() in self.names
        name = _short(row, "name")
        if not known and not name:
            raise BadCell("name", _("A new supplier needs a name."))
        if name:
            self.names.setdefault(code.casefold(), name)
        elif there is None:  # said further up, on a row that may be refused or left out
            name = self.names[code.casefold()]
        data: dict[str, Any] = {
            "supplier": code, "name": name, "email": _email(row), "phone": _short(row, "phone"),
            "document": _short(row, "document"), "lead_days": _days(row, "lead_days"), "note": _short(row, "note"),
            "minimum_order": _text(_least_order(row)), "product": None,
            "cleared": [column for column in fields.CLEARED if row.text(column) == fields.CLEAR],
        }  # fmt: skip
        data |= {column: fields.CLEARED[column] for column in data["cleared"]}
        sku = row.text("sku")
        product = goods.of(row, products) if sku else None
        pack = self._pack(row, product, items[code.casefold(), product.pk]) if product else None
        this = (code.casefold(), sku.casefold(), pack.pk if pack else None)
        if (line := self.seen.get(this)) is not None:
            raise BadCell(
                "sku", _("The same supplier, product and pack stand on line %(line)s already.") % {"line": line}
            )
        self.seen[this] = row.line
        if product is None:
            return data
        row.required("price")
        return data | {
            "product": product.pk, "pack": pack.pk if pack else None, "pack_name": pack.name if pack else "",
            "price": _text(goods.money(row, "price", places=4)), "code": _short(row, "code"),
            "minimum": _text(_minimum(row)), "item_days": _days(row, "item_days"), "first": row.flag("first"),
        } | {column: fields.CLEARED[column] for column in data["cleared"]}  # fmt: skip

    def _pack(self, row: Row, product: Product, sold: Mapping[int | None, SupplierItem]) -> ProductUnit | None:
        """The pack that the row names. A file without this column says nothing of packs: it means the one there is."""
        if not row.has("pack") and sold:
            if len(sold) > 1:
                names = ", ".join(item.unit_name for item in sold.values())
                text = _("%(product)s is sold in %(names)s. Say in a column “pack” which is meant.")
                raise BadCell("sku", text % {"product": product.name, "names": names})
            return next(iter(sold.values())).pack
        name = row.text("pack")
        if not name or name.casefold() == product.unit.code.casefold():
            return None
        packs = {pack.name.casefold(): pack for pack in product.packs.all()}
        if name.casefold() not in packs:
            names = ", ".join([product.unit.code, *(pack.name for pack in packs.values())])
            raise BadCell(
                "pack",
                _("%(product)s has no pack “%(pack)s”. There are: %(names)s.")
                % {"product": product.name, "pack": name, "names": names},
            )
        return packs[name.casefold()]

    def facts(self, rows: Sequence[TransferRow]) -> Mapping[int, Sequence[Fact]]:
        """What the file says of the supplier and of what it sells."""
        return {
            row.pk: [*fields.facts(row.data, fields.OF_SUPPLIER), *fields.facts(row.data, fields.OF_ITEM)]
            for row in rows
        }

    # --- writing

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        refused = self._overtaken(rows)
        rows = [row for row in rows if row.pk not in refused]
        said: dict[str, dict[str, Any]] = {}
        for row in rows:  # what a later row says of the supplier stands; what it leaves blank does not
            given = {
                name: row.data[column]
                for name, column, _label in fields.OF_SUPPLIER
                if fields.is_said(row.data, column)
            }
            said.setdefault(row.data["supplier"].casefold(), {"code": row.data["supplier"]}).update(given)
        suppliers, of_suppliers = _write_suppliers(said)
        self.taken.update(said)
        of_items = _write_items(suppliers, [row.data for row in rows if row.data["product"]])
        figures = {"suppliers": len(of_suppliers), "items": len(of_items)}
        written = {}
        for row in rows:  # the first row that names a supplier answers for it
            code = row.data["supplier"].casefold()
            its = (suppliers[code].pk, row.data["product"], row.data.get("pack"))
            marks = [of_suppliers.pop(code, None), of_items.get(its)]
            written[row.pk] = trail.written(mark for mark in marks if mark is not None)
        return Applied(figures=figures, refused=refused, written=written)

    def _overtaken(self, rows: Sequence[TransferRow]) -> dict[int, str]:
        """Rows that would write over what somebody changed since the preview, with a sentence. Locks the suppliers."""
        suppliers = {one.code.casefold(): one for one in _lock(row.data["supplier"] for row in rows)}
        products = {row.data["product"] for row in rows if row.data["product"]}
        found = SupplierItem.objects.filter(supplier__in=suppliers.values(), product__in=products)
        items = {(item.supplier_id, item.product_id, item.pack_id): item for item in found}
        refused: dict[int, str] = {}
        for row in rows:
            code = row.data["supplier"].casefold()
            supplier = suppliers.get(code)
            if supplier is None or "seen" not in row.data:
                continue
            item = items.get((supplier.pk, row.data["product"], row.data.get("pack")))
            of_supplier, of_item = row.data["seen"]
            if (
                code not in self.taken
                and supplier.revision != of_supplier
                and fields.changes(supplier, row.data, fields.OF_SUPPLIER)
            ):
                refused[row.pk] = _("Somebody changed this supplier since the preview.")
            elif item is not None and item.revision != of_item and fields.changes(item, row.data, fields.OF_ITEM):
                refused[row.pk] = _("Somebody changed this price since the preview.")
        return refused

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """What was changed since, or is in use."""
        return trail.obstacles(self.run, rows)

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Remove what was made, put back what was changed."""
        return trail.undo(self.run, rows)

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Every supplier in use with every product that it sells; one that sells nothing yet has a row of its own."""
        return [column.name for column in cls.columns], _exported()


def _email(row: Row) -> str:
    email = row.text("email")
    if email not in ("", fields.CLEAR):
        try:
            validate_email(email)
        except ValidationError:
            raise BadCell("email", _("This is not an e-mail address.")) from None
    return email


def _least_order(row: Row) -> Decimal | None:
    return None if row.text("minimum_order") == fields.CLEAR else goods.money(row, "minimum_order", places=2)


def _minimum(row: Row) -> Decimal | None:
    minimum = goods.amount(row, "minimum")
    if minimum is not None and minimum <= 0:
        raise BadCell("minimum", _("The least quantity is above zero."))
    return minimum


def _short(row: Row, column: str) -> str:
    return row.short(column, LONGEST[column])


# Cells that can be read by themselves, to tell all that are wrong in a row.
ALONE: Mapping[str, Callable[[Row], object]] = {
    "supplier": lambda row: row.required("supplier"),
    **{column: partial(_short, column=column) for column in LONGEST},
    "email": _email,
    "lead_days": lambda row: _days(row, "lead_days"),
    "minimum_order": _least_order,
    "price": lambda row: goods.money(row, "price", places=4),
    "minimum": _minimum,
    "item_days": lambda row: _days(row, "item_days"),
    "first": lambda row: row.flag("first"),
}


def _lock(codes: Iterable[str]) -> Iterable[Supplier]:
    folded = [Lower(Value(code)) for code in set(codes)]
    found = Supplier.objects.annotate(folded=Lower("code")).filter(folded__in=folded)
    return found.select_for_update().order_by("pk")


def _write_suppliers(
    said: Mapping[str, Mapping[str, Any]],
) -> tuple[dict[str, Supplier], dict[str, trail.Mark]]:
    """The suppliers by folded code, made or brought to what was said, and the marks of what that wrote."""
    there = {one.code.casefold(): one for one in _lock(str(given["code"]) for given in said.values())}
    new, changed = [], []
    names = [name for name, _column, _label in fields.OF_SUPPLIER]
    marks: dict[str, trail.Mark] = {}
    for folded, given in said.items():
        supplier = there.get(folded) or Supplier(name=str(given["code"]))
        before = trail.look(supplier, names)
        different = fields.take_over(supplier, given)
        if folded not in there:
            new.append(supplier)
        elif different:
            supplier.revision += 1
            changed.append(supplier)
            marks[folded] = trail.Mark.of_changed(supplier, before)
        there[folded] = supplier
    audit.bulk_create(new)
    audit.bulk_update(changed, [*names, "revision", "updated_at"])
    marks |= {supplier.code.casefold(): trail.Mark.of_made(supplier, names) for supplier in new}
    return there, marks


def _write_items(suppliers: Mapping[str, Supplier], lines: Sequence[Mapping[str, Any]]) -> dict[Key, trail.Mark]:
    """Make the items, or bring them to what was said. The marks of what that wrote, by supplier, product and pack."""
    there = {
        (item.supplier_id, item.product_id, item.pack_id): item
        for item in SupplierItem.objects.filter(
            supplier__in=[supplier.pk for supplier in suppliers.values()],
            product__in={line["product"] for line in lines},
        )
    }
    new: list[SupplierItem] = []
    changed: list[SupplierItem] = []
    columns = [name for name, _column, _label in fields.OF_ITEM]
    marks: dict[Key, trail.Mark] = {}
    for line in lines:
        supplier = suppliers[line["supplier"].casefold()]
        key = (supplier.pk, line["product"], line["pack"])
        item = there.get(key)
        fresh = item or SupplierItem(supplier=supplier, product_id=line["product"], pack_id=line["pack"])
        before = trail.look(fresh, columns)
        given = {name: line.get(column) for name, column, _label in fields.OF_ITEM if fields.is_said(line, column)}
        if fields.take_over(fresh, given) and item is not None:
            item.revision += 1
            changed.append(item)
            marks[key] = trail.Mark.of_changed(item, before)
        elif item is None:
            new.append(fresh)
            there[key] = fresh
    audit.bulk_create(new)
    names = [name for name in columns if name != "pack_id"]
    audit.bulk_update(changed, [*names, "revision", "updated_at"])
    return marks | {
        (item.supplier_id, item.product_id, item.pack_id): trail.Mark.of_made(item, columns) for item in new
    }


def _days(row: Row, column: str) -> int | None:
    if column in fields.CLEARED and row.text(column) == fields.CLEAR:
        return None
    days = row.integer(column, minimum=0)
    if days is not None and days > 365:
        raise BadCell(column, _("At most a year."))
    return days


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else str(amount)


def _exported() -> Iterator[Sequence[Any]]:
    suppliers = Supplier.objects.filter(is_active=True).order_by("code")
    items = SupplierItem.objects.select_related("product__unit", "pack").order_by("product__sku", "pk")
    for supplier in suppliers.prefetch_related(Prefetch("items", items)).iterator(chunk_size=200):
        of_supplier = (
            supplier.code, supplier.name, supplier.email, supplier.phone, supplier.document, supplier.lead_days,
            supplier.minimum_order, supplier.note,
        )  # fmt: skip
        sold = list(supplier.items.all())
        for item in sold:
            yield (
                *of_supplier, item.product.sku, item.pack.name if item.pack else "", bare(item.price),
                item.code, bare(item.minimum), item.lead_days, "yes" if item.is_preferred else "no",
            )  # fmt: skip
        if not sold:
            yield (*of_supplier, *[None] * 7)
