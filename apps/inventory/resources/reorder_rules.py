"""Minimums and targets from a file, found by SKU."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.models import ReorderRule
from apps.inventory.services import stock_locks
from backoffice.kernel import audit
from backoffice.kernel.quantity import format_quantity
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Importer, Row, RowResult
from backoffice.transfers.models import TransferRow


class ReorderImporter(Importer):
    """One row a product; the general rule, for all places together."""

    key = "reorder_rules"
    permission = "inventory.change_reorderrule"
    title = gettext_lazy("Import minimums and targets")
    help = gettext_lazy("One row a product, found by its SKU. Without a target it is filled up to the minimum.")
    thing = gettext_lazy("Product")
    columns = (
        Column("sku", gettext_lazy("SKU"), required=True, aliases=("code", "código"), example="MA-FL65"),
        Column("minimum", gettext_lazy("Minimum"), required=True, aliases=("mínimo",), example="100"),
        Column("target", gettext_lazy("Target"), aliases=("alvo", "fill up to"), example="250"),
    )
    figure_labels = {"rules": gettext_lazy("rules written")}
    done_url = "inventory:purchase_suggestions"

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        codes = {row.text("sku") for row in rows}
        products = {
            product.sku.casefold(): product
            for product in Product.objects.stocked()
            .filter(sku__in=codes | {code.upper() for code in codes})
            .select_related("unit")
        }
        rules = {
            rule.product_id: rule
            for rule in ReorderRule.objects.filter(product__in=list(products.values()), location=None)
        }
        for row in rows:
            try:
                product = products.get(row.required("sku").casefold())
                if product is None:
                    raise BadCell("sku", _("No product with stock has this SKU."), _("Import the products first."))
                row.required("minimum")
                minimum = row.decimal("minimum", places=6, minimum=0) or Decimal(0)
                target = row.decimal("target", places=6, minimum=0)
                target = minimum if target is None else target
                if target < minimum:
                    raise BadCell("target", _("The target is at least the minimum."))
            except BadCell as bad:
                yield row.refuse(bad)
                continue
            data = {"product": product.pk, "minimum": str(minimum), "target": str(target)}
            rule, unit = rules.get(product.pk), product.unit.code
            if rule is None:
                yield row.new(label=product.name, meta=product.sku, data=data)
                continue
            changes = [
                Change(name, label, format_quantity(before, unit), format_quantity(after, unit))
                for name, label, before, after in (
                    ("minimum", gettext_lazy("Minimum"), rule.minimum, minimum),
                    ("target", gettext_lazy("Target"), rule.target, target),
                )
                if before != after
            ]
            if changes:
                yield row.changed(changes, label=product.name, meta=product.sku, data=data)
            else:
                yield row.unchanged(label=product.name, meta=product.sku)

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        wanted = {row.data["product"]: (Decimal(row.data["minimum"]), Decimal(row.data["target"])) for row in rows}
        stock_locks.lock_products(wanted)
        there = {rule.product_id: rule for rule in ReorderRule.objects.filter(product_id__in=wanted, location=None)}
        new = [
            ReorderRule(product_id=pk, location=None, minimum=minimum, target=target)
            for pk, (minimum, target) in wanted.items()
            if pk not in there
        ]
        for pk, rule in there.items():
            rule.minimum, rule.target = wanted[pk]
            rule.revision += 1
        audit.bulk_create(new)
        audit.bulk_update(list(there.values()), ["minimum", "target", "revision"])
        return Applied(figures={"rules": len(wanted)})
