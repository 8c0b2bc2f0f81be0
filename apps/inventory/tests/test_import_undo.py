"""Imports of opening stock, suppliers and minimums are taken back, as long as nothing was built on them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile

from apps.catalog.models import Product
from apps.inventory.models import Location, ReorderRule, StockBalance, StockOperation, Supplier, SupplierItem
from apps.inventory.resources.opening import OpeningImporter
from apps.inventory.resources.reorder_rules import ReorderImporter
from apps.inventory.resources.suppliers import SupplierImporter
from apps.inventory.services import stock
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_product
from backoffice.kernel.errors import DomainError
from backoffice.outbox import runner
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs, undoing

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture(autouse=True)
def house(settings: Any, tmp_path: Any, db: None) -> Location:
    settings.MEDIA_ROOT = tmp_path / "media"
    for sku in ("FLR", "BAG", "SALT"):
        make_product(sku.title(), sku=sku, lot_tracked=False)
    return make_location("Dry store", code="DRY")


def imported(importer: Any, *lines: str) -> TransferRun:
    file = ContentFile("\n".join(lines).encode(), name="file.csv")
    run = runs.start(importer, file=file, decimal_style="dot")
    runner.drain()
    runs.apply(run)
    runner.drain()
    run.refresh_from_db()
    assert (run.status, run.refused) == ("done", 0), (run.error, list(run.rows.values_list("reason", flat=True)))
    return run


def undone(run: TransferRun, **more: Any) -> TransferRun:
    undoing.undo(run, reason="wrong file", **more)
    runner.drain()
    run.refresh_from_db()
    assert run.status == "undone", run.error
    return run


# --- minimums -----------------------------------------------------------------------------------------------------
RULES = ("sku;minimum;target", "FLR;10;50", "BAG;5;")


def test_minimums_are_as_before() -> None:
    flour = Product.objects.get(sku="FLR")
    rule = ReorderRule.objects.create(product=flour, minimum=D(3), target=D("7.5"))
    run = imported(ReorderImporter, *RULES)
    assert ReorderRule.objects.count() == 2
    undone(run)
    rule.refresh_from_db()
    assert (rule.minimum, rule.target, rule.revision, ReorderRule.objects.count()) == (3, D("7.5"), 3, 1)
    assert ReorderRule.history.filter(history_type="-").count() == 1
    assert "wrong file" in rule.history.latest().history_change_reason
    assert imported(ReorderImporter, *RULES).applied == 2


def test_a_minimum_that_somebody_changed_stays() -> None:
    run = imported(ReorderImporter, *RULES)
    rule = ReorderRule.objects.get(product__sku="FLR")
    rule.minimum = D(11)
    rule.save()
    with pytest.raises(DomainError):
        undoing.undo(run, reason="oops")
    run = undone(run, keep=True)
    assert (run.undone, run.kept, ReorderRule.objects.get().minimum) == (1, 1, 11)
    assert run.rows.get(state="kept").reason == "Somebody changed it since."


# --- suppliers ----------------------------------------------------------------------------------------------------
SUPPLIERS = (
    "supplier;name;lead_days;sku;price", "MILL;Mill;3;FLR;9.5", "mill;;4;BAG;2", "OLD;New name;;SALT;3",
    "ALONE;Alone;;;",
)  # fmt: skip


def test_suppliers_and_items_are_as_before() -> None:
    old = Supplier.objects.create(code="OLD", name="Old", lead_days=9)
    item = SupplierItem.objects.create(supplier=old, product=Product.objects.get(sku="SALT"), price=D("2.7550"))
    run = imported(SupplierImporter, *SUPPLIERS)
    assert (Supplier.objects.count(), SupplierItem.objects.count()) == (3, 3)
    assert Supplier.objects.get(code="MILL").lead_days == 4
    undone(run)
    item.refresh_from_db()
    old.refresh_from_db()
    assert (list(Supplier.objects.all()), list(SupplierItem.objects.all())) == ([old], [item])
    assert (old.name, old.lead_days, item.price) == ("Old", 9, D("2.7550"))
    assert imported(SupplierImporter, *SUPPLIERS).applied == 4


def test_a_supplier_that_sells_something_else_by_now_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SupplierImporter, "apply_size", 1)
    run = imported(SupplierImporter, *SUPPLIERS[:3])
    SupplierItem.objects.create(
        supplier=Supplier.objects.get(), product=Product.objects.get(sku="SALT"), price=D(1)
    )  # fmt: skip
    ahead = undoing.prospect(run)
    assert [row.line for row, _why in ahead.obstacles] == [2]
    run = undone(run, keep=True)
    assert (run.undone, run.kept) == (1, 1)
    assert set(SupplierItem.objects.values_list("product__sku", flat=True)) == {"FLR", "SALT"}
    assert Supplier.objects.get().lead_days == 3, "the second row said 4, and is undone"


# --- opening stock ------------------------------------------------------------------------------------------------
STOCK = ("sku;location;quantity;unit_cost", "FLR;DRY;12;4", "BAG;DRY;300;0.1", "SALT;DRY;1;2")


@pytest.mark.parametrize("size", [2, 500])
def test_opening_stock_is_reversed_and_can_be_opened_again(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpeningImporter, "apply_size", size)
    for _round in range(2):
        run = imported(OpeningImporter, *STOCK)
        assert run.applied == 3
        assert sum(row.quantity for row in StockBalance.objects.all()) == 313
        run = undone(run)
        assert (run.undone, run.kept) == (3, 0)
        assert not StockBalance.objects.filter(quantity__gt=0).exists()
        assert differences() == []
    last = StockOperation.objects.latest("pk")
    assert last.kind == "reversal"
    assert "wrong file" in last.reason


def test_stock_that_was_used_keeps_what_was_booked_with_it(house: Location, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OpeningImporter, "apply_size", 2)
    run = imported(OpeningImporter, *STOCK)
    lot = StockBalance.objects.get(product__sku="BAG").lot
    stock.waste(lot=lot, location=house, quantity=D(1), reason="torn")
    ahead = undoing.prospect(run)
    assert [(row.line, "Bag" in why) for row, why in ahead.obstacles] == [(2, True), (3, True)]
    run = undone(run, keep=True)
    assert (run.undone, run.kept) == (1, 2)
    assert set(StockBalance.objects.filter(quantity__gt=0).values_list("product__sku", flat=True)) == {"FLR", "BAG"}
    assert differences() == []


def test_an_opening_that_somebody_reversed_has_nothing_to_take_back() -> None:
    run = imported(OpeningImporter, *STOCK)
    stock.reverse(StockOperation.objects.get(), reason="mistake")
    assert undoing.prospect(run).possible == 0


# --- what is wrong ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("importer", "lines", "columns"),
    [
        (ReorderImporter, ("sku;minimum;target;location", "NO;x;-1;attic"), ["sku", "minimum", "target", "location"]),
        (
            SupplierImporter,
            ("supplier;name;email;lead_days;sku;price;first", "M;M;nobody;999;FLR;x;maybe"),
            ["email", "lead_days", "price", "first"],
        ),
        (
            OpeningImporter,
            ("sku;location;quantity;expires_on;unit_cost", "NO;attic;0;31/31/2026;x"),
            ["sku", "location", "quantity", "expires_on", "unit_cost"],
        ),
    ],
)
def test_every_wrong_cell_of_a_row_is_told(importer: Any, lines: tuple[str, ...], columns: list[str]) -> None:
    run = runs.start(importer, file=ContentFile("\n".join(lines).encode(), name="file.csv"), decimal_style="dot")
    runner.drain()
    assert [column for column, _why, _hint in run.rows.get().data["wrong"]] == columns
