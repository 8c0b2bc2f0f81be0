"""Suppliers and their prices from a file: one row for each product of a supplier."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.models import Supplier, SupplierItem
from backoffice.kernel import money
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Importer, Row, RowResult
from backoffice.transfers.models import TransferRow


class SupplierImporter(Importer):
    """A supplier is found by its code, an item by supplier and SKU; what is there and differs is changed."""

    key = "suppliers"
    permission = "inventory.change_supplier"
    title = gettext_lazy("Import suppliers and prices")
    help = gettext_lazy(
        "One row for each product that a supplier sells. Unknown suppliers are made; "
        "a row without a SKU makes only the supplier."
    )
    thing = gettext_lazy("Supplier")
    columns = (
        Column("supplier", gettext_lazy("Supplier code"), required=True, aliases=("fornecedor",), example="MILL"),
        Column("name", gettext_lazy("Name"), aliases=("nome",), example="Moinho Serra"),
        Column("email", gettext_lazy("E-mail"), example="pedidos@exemplo.com.br"),
        Column("lead_days", gettext_lazy("Days to deliver"), aliases=("prazo",), example="2"),
        Column("sku", gettext_lazy("SKU"), example="MA-FL65"),
        Column("pack", gettext_lazy("Pack"), aliases=("embalagem",), example="Sack 25 kg"),
        Column("price", gettext_lazy("Price of one"), aliases=("preço",), example="97.50"),
        Column("code", gettext_lazy("Their code"), aliases=("código deles",), example="F-65-25"),
        Column("minimum", gettext_lazy("Least quantity"), aliases=("mínimo",), example="4"),
    )
    figure_labels = {"suppliers": gettext_lazy("suppliers written"), "items": gettext_lazy("prices written")}
    done_url = "inventory:supplier_list"

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.seen: dict[tuple[str, str], int] = {}
        self.names: dict[str, str] = {}

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        codes = {row.text("sku") for row in rows}
        products = {
            product.sku.casefold(): product
            for product in Product.objects.stocked()
            .filter(sku__in=codes | {code.upper() for code in codes})
            .select_related("unit")
            .prefetch_related("packs")
        }
        suppliers = {supplier.code.casefold(): supplier for supplier in Supplier.objects.all()}
        items = {
            (item.supplier.code.casefold(), item.product_id): item
            for item in SupplierItem.objects.filter(product__in=list(products.values())).select_related(
                "supplier", "product__unit", "pack"
            )
        }
        for row in rows:
            try:
                data = self._read(row, products, suppliers)
            except BadCell as bad:
                yield row.refuse(bad)
                continue
            supplier = suppliers.get(data["supplier"].casefold())
            product = products.get(row.text("sku").casefold()) if data["product"] else None
            item = items.get((data["supplier"].casefold(), product.pk)) if product else None
            label = data["name"] or (supplier.name if supplier else data["supplier"])
            meta = product.name if product else data["supplier"]
            changes = [*_supplier_changes(supplier, data), *_item_changes(item, data)]
            if supplier is None or (product is not None and item is None):
                yield row.new(label=label, meta=meta, data=data)
            elif changes:
                yield row.changed(changes, label=label, meta=meta, data=data)
            else:
                yield row.unchanged(label=label, meta=meta)

    def _read(self, row: Row, products: dict[str, Product], suppliers: dict[str, Supplier]) -> dict[str, Any]:
        code = row.required("supplier")
        if len(code) > 20:
            raise BadCell("supplier", _("A code has at most %(count)s characters.") % {"count": 20})
        known = code.casefold() in suppliers or code.casefold() in self.names
        name = row.text("name")[:120]
        if not known and not name:
            raise BadCell("name", _("A new supplier needs a name."))
        if name:
            self.names.setdefault(code.casefold(), name)
        email = row.text("email")
        if email:
            try:
                validate_email(email)
            except ValidationError:
                raise BadCell("email", _("This is not an e-mail address.")) from None
        days = row.integer("lead_days", minimum=0)
        if days is not None and days > 365:
            raise BadCell("lead_days", _("At most a year."))
        data: dict[str, Any] = {
            "supplier": code, "name": name, "email": email, "lead_days": days, "product": None, "pack": None,
            "price": "", "code": row.text("code")[:40], "minimum": "", "pack_name": row.text("pack")[:40],
        }  # fmt: skip
        sku = row.text("sku")
        if (line := self.seen.get((code.casefold(), sku.casefold()))) is not None:
            raise BadCell("sku", _("The same supplier and product stand on line %(line)s already.") % {"line": line})
        self.seen[code.casefold(), sku.casefold()] = row.line
        if not sku:
            return data
        product = products.get(sku.casefold())
        if product is None:
            raise BadCell("sku", _("No product with stock has this SKU."), _("Import the products first."))
        data["product"], data["pack"] = product.pk, self._pack(row, product)
        row.required("price")
        data["price"] = str(row.decimal("price", places=4, minimum=0))
        minimum = row.decimal("minimum", places=6)
        if minimum is not None and minimum <= 0:
            raise BadCell("minimum", _("The least quantity is above zero."))
        data["minimum"] = str(minimum) if minimum is not None else ""
        return data

    def _pack(self, row: Row, product: Product) -> int | None:
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
        return packs[name.casefold()].pk

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        suppliers = {
            supplier.code.casefold(): supplier for supplier in Supplier.objects.select_for_update().order_by("pk")
        }
        touched: set[str] = set()
        items = 0
        for row in rows:
            data, code = row.data, row.data["supplier"].casefold()
            supplier = suppliers.get(code) or Supplier(code=data["supplier"], name=data["name"] or data["supplier"])
            given = {name: data[name] for name in ("name", "email", "lead_days") if data[name] not in ("", None)}
            if supplier.pk is None or any(getattr(supplier, name) != value for name, value in given.items()):
                for name, value in given.items():
                    setattr(supplier, name, value)
                supplier.revision += 1 if supplier.pk else 0
                supplier.save()
                touched.add(code)
            suppliers[code] = supplier
            items += self._item(supplier, data)
        return Applied(figures={"suppliers": len(touched), "items": items})

    def _item(self, supplier: Supplier, data: dict[str, Any]) -> int:
        if not data["product"]:
            return 0
        item = SupplierItem.objects.filter(supplier=supplier, product_id=data["product"]).first()
        fresh = item or SupplierItem(supplier=supplier, product_id=data["product"])
        fresh.pack_id, fresh.price = data["pack"], Decimal(data["price"])
        if data["code"]:
            fresh.code = data["code"]
        if data["minimum"]:
            fresh.minimum = Decimal(data["minimum"])
        fresh.revision += 1 if item else 0
        fresh.save()
        return 1


def _supplier_changes(supplier: Supplier | None, data: dict[str, Any]) -> list[Change]:
    if supplier is None:
        return []
    fields = (
        ("name", gettext_lazy("Name")), ("email", gettext_lazy("E-mail")),
        ("lead_days", gettext_lazy("Days to deliver")),
    )  # fmt: skip
    return [
        Change(name, label, str(getattr(supplier, name)), str(data[name]))
        for name, label in fields
        if data[name] not in ("", None) and getattr(supplier, name) != data[name]
    ]


def _item_changes(item: SupplierItem | None, data: dict[str, Any]) -> list[Change]:
    if item is None or not data["product"]:
        return []
    found = []
    if item.price != Decimal(data["price"]):
        after = money.format_amount(Decimal(data["price"]), 4)
        found.append(Change("price", gettext_lazy("Price of one"), money.format_amount(item.price, 4), after))
    if item.pack_id != data["pack"]:
        found.append(Change("pack", gettext_lazy("Pack"), item.unit_name, data["pack_name"] or item.product.unit.code))
    if data["code"] and item.code != data["code"]:
        found.append(Change("code", gettext_lazy("Their code"), item.code, data["code"]))
    if data["minimum"] and item.minimum != Decimal(data["minimum"]):
        found.append(Change("minimum", gettext_lazy("Least quantity"), str(item.minimum.normalize()), data["minimum"]))
    return found
