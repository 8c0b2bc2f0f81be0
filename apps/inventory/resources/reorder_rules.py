"""Minimums and targets from a file, found by SKU, for all places together or for one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product
from apps.inventory.models import Location, ReorderRule
from apps.inventory.services import stock_locks
from backoffice.kernel import audit
from backoffice.kernel.quantity import bare, format_quantity
from backoffice.transfers import trail
from backoffice.transfers.importer import Applied, BadCell, Change, Column, Fact, Importer, Row, RowResult, all_wrong
from backoffice.transfers.models import TransferRow

from . import goods
from .places import Places

FIELDS = ("minimum", "target")
Key = tuple[int, int | None]
"""A product, and the place that the rule is for."""


class ReorderImporter(Importer):
    """One row a product, or a product and a place."""

    key = "reorder_rules"
    permission = "inventory.change_reorderrule"
    export_permission = "inventory.view_stockbalance"
    title = gettext_lazy("Import minimums and targets")
    help = gettext_lazy("One row a product, found by its SKU. Without a target it is filled up to the minimum.")
    thing = gettext_lazy("Product")
    columns = (
        Column("sku", gettext_lazy("SKU"), required=True, aliases=("code", "código"), example="MA-FL65"),
        Column("minimum", gettext_lazy("Minimum"), required=True, aliases=("mínimo",), example="100"),
        Column("target", gettext_lazy("Target"), aliases=("alvo", "fill up to"), example="250"),
        Column("location", gettext_lazy("Place"), aliases=("local",), example="SHOP",
               help=gettext_lazy("blank: all places together")),
    )  # fmt: skip
    undoable = True
    figure_labels = {"rules": gettext_lazy("rules written")}
    done_url = "inventory:purchase_suggestions"

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.seen: dict[Key, int] = {}
        self.places = Places()

    def check(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        products = goods.named(rows)
        rules = {
            (rule.product_id, rule.location_id): rule
            for rule in ReorderRule.objects.filter(product__in=list(products.values()))
        }
        for row in rows:
            try:
                product, place, minimum, target = self._read(row, products)
            except BadCell as bad:
                alone = {
                    "sku": lambda row: goods.of(row, products),
                    "minimum": _minimum,
                    "target": lambda row: goods.amount(row, "target"),
                    "location": lambda row: self._place(row.text("location")),
                }
                yield row.refuse(all_wrong(row, bad, alone))
                continue
            where = place.pk if place else None
            rule, unit = rules.get((product.pk, where)), product.unit.code
            if target is None:  # a file without this column says nothing of it
                target = max(rule.target, minimum) if rule else minimum
            data = {
                "product": product.pk, "location": where, "minimum": str(minimum), "target": str(target),
                "revision": rule.revision if rule else 0,
            }  # fmt: skip
            meta = f"{product.sku} · {place.name}" if place else product.sku
            as_it_is = rule is not None and (rule.minimum, rule.target) == (minimum, target)
            if place is not None and not place.is_active and not as_it_is:
                yield row.refuse(_rests(place), column="location", label=product.name)
                continue
            if rule is None:
                yield row.new(label=product.name, meta=meta, data=data)
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
                yield row.changed(changes, label=product.name, meta=meta, data=data)
            else:
                yield row.unchanged(label=product.name, meta=meta)

    def _read(self, row: Row, products: dict[str, Product]) -> tuple[Product, Location | None, Decimal, Decimal | None]:
        product = goods.of(row, products)
        place = self._place(row.text("location"))
        minimum = _minimum(row)
        target = goods.amount(row, "target")
        target = minimum if target is None and row.has("target") else target
        if target is not None and target < minimum:
            raise BadCell("target", _("The target is at least the minimum."))
        line = self.seen.setdefault((product.pk, place.pk if place else None), row.line)
        if line != row.line:
            raise BadCell("sku", _("The same product stands on line %(line)s already.") % {"line": line})
        return product, place, minimum, target

    def _place(self, text: str) -> Location | None:
        return self.places.find(text) if text else None

    def facts(self, rows: Sequence[TransferRow]) -> Mapping[int, Sequence[Fact]]:
        """The two figures of each rule."""
        found = Product.objects.filter(pk__in=[row.data["product"] for row in rows])
        units = dict(found.values_list("pk", "unit__code"))
        return {
            row.pk: [
                Fact(label, format_quantity(Decimal(row.data[name]), units.get(row.data["product"], "")))
                for name, label in (("minimum", _("Minimum")), ("target", _("Target")))
            ]
            for row in rows
        }

    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        products = {row.data["product"] for row in rows}
        stock_locks.lock_products(products)
        there = {
            (rule.product_id, rule.location_id): rule for rule in ReorderRule.objects.filter(product_id__in=products)
        }
        places = Location.objects.in_bulk({row.data["location"] for row in rows if row.data.get("location")})
        wanted: dict[Key, tuple[Decimal, Decimal]] = {}
        refused: dict[int, str] = {}
        for row in rows:
            key = _key(row)
            found = there.get(key)
            if key[1] is not None and not places[key[1]].is_active:
                refused[row.pk] = _rests(places[key[1]])
            elif found is not None and found.revision != row.data.get("revision", found.revision):
                refused[row.pk] = _("Somebody changed this rule since the preview.")
            else:
                wanted[key] = Decimal(row.data["minimum"]), Decimal(row.data["target"])
        changed = []
        marks: dict[Key, trail.Mark] = {}
        for key in wanted.keys() & there.keys():
            rule = there[key]
            before = trail.look(rule, FIELDS)
            rule.minimum, rule.target = wanted[key]
            rule.revision += 1
            changed.append(rule)
            marks[key] = trail.Mark.of_changed(rule, before)
        made = audit.bulk_create(
            [
                ReorderRule(product_id=product_id, location_id=place, minimum=minimum, target=target)
                for (product_id, place), (minimum, target) in wanted.items()
                if (product_id, place) not in there
            ]
        )
        marks |= {(rule.product_id, rule.location_id): trail.Mark.of_made(rule, FIELDS) for rule in made}
        audit.bulk_update(changed, ["minimum", "target", "revision", "updated_at"])
        written = {row.pk: trail.written([marks[_key(row)]]) for row in rows if row.pk not in refused}
        return Applied(figures={"rules": len(wanted)}, refused=refused, written=written)

    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """What was changed since, or is in use."""
        return trail.obstacles(self.run, rows)

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Remove what was made, put back what was changed."""
        return trail.undo(self.run, rows)

    @classmethod
    def export(cls) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
        """Every rule there is."""
        rules = ReorderRule.objects.select_related("product", "location").order_by("product__sku", "pk")
        return [column.name for column in cls.columns], (
            (
                rule.product.sku,
                bare(rule.minimum),
                bare(rule.target),
                rule.location.code if rule.location else "",
            )
            for rule in rules.iterator(chunk_size=2000)
        )


def _rests(place: Location) -> str:
    """Why a rule of a closed place is not made or changed."""
    return _("%(place)s is closed, and its minimums rest. Open it again to set them.") % {"place": place.name}


def _key(row: TransferRow) -> Key:
    return row.data["product"], row.data.get("location")


def _minimum(row: Row) -> Decimal:
    row.required("minimum")
    return goods.amount(row, "minimum") or Decimal(0)
