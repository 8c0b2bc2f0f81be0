from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection

from apps.inventory.models import Hold, HoldAllocation, Location, Move, StockBalance, StockOperation
from apps.inventory.services import holds, locations, verify
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.verify import differences
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def hold() -> Hold:
    bun, shop = make_product(), make_location()
    make_stock(bun, 5, shop, cost="2")
    return holds.place(origin=make_origin(), lines=[HoldLine(bun, D(2))], locations=[shop])[0]


def kinds() -> set[str]:
    return {difference.kind for difference in differences()}


def test_good_books_have_no_difference(hold):
    assert differences() == []


def test_a_changed_balance_is_found(hold):
    StockBalance.objects.update(quantity=D(6))
    assert [(found.kind, found.expected, found.found) for found in differences()] == [("balance", D(5), D(6))]


@pytest.mark.parametrize("bits", [0, 63])
def test_lots_are_read_in_parts_and_places_however_they_are_numbered(hold, monkeypatch, bits):
    monkeypatch.setattr(verify, "AT_ONCE", dict.fromkeys(verify.AT_ONCE, 1))
    monkeypatch.setattr(verify, "BITS", bits)
    shop = make_location(code="FAR")
    others = [make_stock(make_product(sku=f"P{number}"), 3, shop, cost="1").pk for number in range(3)]
    assert differences() == []
    StockBalance.objects.filter(lot_id__in=others[::2]).update(quantity=D(4))
    assert [found.about for found in differences()] == [("inventory.Lot", pk) for pk in others[::2]]


def test_a_changed_value_and_a_missing_balance_are_found(hold):
    StockBalance.objects.update(value=D(1))
    assert kinds() == {"value"}
    HoldAllocation.objects.all().delete()
    StockBalance.objects.all().delete()
    assert kinds() == {"value", "balance"}


def test_allocations_beyond_stock_beyond_the_hold_and_of_ended_holds_are_found(hold):
    HoldAllocation.objects.update(quantity=D(9))
    assert kinds() == {"held more than there is", "backed more than asked"}
    HoldAllocation.objects.update(quantity=D(2))
    Hold.objects.update(status="released", resolved_at=hold.created_at)
    assert kinds() == {"allocation of an ended hold"}


def test_lots_of_another_product_are_found(hold):
    other = make_product()
    Hold.objects.update(product=other)
    StockBalance.objects.update(product=other)
    assert kinds() == {"allocation of another product's lot", "balance of another product's lot"}


def test_differences_that_cancel_each_other_are_found(hold):
    """Two lots that changed places: every sum of a lot, of a place and of the product is as it was."""
    bun, places = make_product(), [make_location(), make_location()]
    lots = [make_stock(bun, 5, place, lot_code=place.code) for place in places]
    for lot, place in zip(lots, reversed(places), strict=True):
        StockBalance.objects.filter(lot=lot).update(location=place)
    assert [found.kind for found in differences()] == ["balance", "value"] * 4


def test_a_move_of_another_products_lot_is_found(hold):
    move = Move.objects.get()
    shop, kitchen = move.destination, make_location()
    Move.objects.bulk_create(
        Move(
            operation=move.operation,
            product=make_product(),
            lot=move.lot,
            source=source,
            destination=destination,
            quantity=D(1),
            unit_cost=D(2),
            value=D(2),
        )
        for source, destination in [(shop, kitchen), (kitchen, shop)]
    )
    assert [found.kind for found in differences()] == ["move of another product's lot"] * 2


def test_moves_to_where_no_balance_is_are_found(hold):
    StockBalance.objects.update(location=make_location())
    assert kinds() == {"balance", "value", "held more than there is"}


def test_stock_where_there_is_none_and_value_of_nothing_are_found(hold):
    HoldAllocation.objects.all().delete()
    balance = StockBalance.objects.get()
    sku, lot = hold.product.sku, ("inventory.Lot", balance.lot_id)
    supplier = locations.virtual(Location.Kind.SUPPLIER)
    StockBalance.objects.create(product=hold.product, lot=balance.lot, location=supplier, quantity=D(3), value=D(0))
    StockBalance.objects.filter(pk=balance.pk).update(quantity=D(0), value=D(7))
    found = [one for one in differences() if one.kind not in ("balance", "value") and one.about == lot]
    where = f"{sku} · {balance.location.code}"
    assert {(one.kind, one.subject, one.expected, one.found) for one in found} == {
        ("balance in a place that holds none", f"lot {balance.lot_id} · {sku} · {supplier.code}", 0, 3),
        ("value without stock", f"lot {balance.lot_id} · {where}", 0, 7),
    }


def test_the_command_ends_with_one_when_it_finds_something(hold, settings, capsys):
    from backoffice import composition

    assert "apps.inventory.services.verify.differences" in composition.LEDGER_CHECKS
    call_command("verify_ledgers")
    assert "agree" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_stockbalance SET quantity = quantity + 1000000")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_ledgers")
    assert ended.value.code == 1
    assert "balance" in capsys.readouterr().out


def test_a_hold_whose_document_is_gone_is_found_and_named(hold):
    Hold.objects.update(origin_id=987654)
    (found,) = differences()
    assert (found.kind, found.about) == ("hold of a document that is gone", ("inventory.Hold", hold.pk))
    assert (found.expected, found.found) == (0, 2), "987,654 is what should be, it said"
    assert found.subject == f"hold {hold.pk} · {hold.product.sku} · user 987654"
    Hold.objects.update(status="released", resolved_at=hold.created_at)
    HoldAllocation.objects.all().delete()
    assert differences() == [], "an ended hold binds nothing"


def test_what_is_kept_for_a_hold_that_is_gone_is_found(hold):
    lot = Move.objects.get().lot
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM inventory_hold")
        (found,) = differences()
        # What refers to it goes too, before the end of the test looks at all references.
        cursor.execute("DELETE FROM inventory_holdallocation")
        cursor.execute("DELETE FROM inventory_hold_locations")
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = DEFAULT")
    assert (found.kind, found.expected, found.found) == ("allocation of a hold that is gone", 0, 2)
    assert found.about == ("inventory.Lot", lot.pk)


def test_a_reversal_that_takes_back_less_is_found(hold):
    operation = Move.objects.get().operation
    back = StockOperation.objects.create(kind="reversal", occurred_at=operation.occurred_at, reverses=operation)
    assert {found.kind: (found.expected, found.found) for found in differences()} == {
        "operation without moves": ("≥ 1", "0"),
        "reversal that does not take all of it back": (5, 0),
    }
    assert {found.about for found in differences()} == {("inventory.StockOperation", back.pk)}


def test_what_is_found_is_said_in_figures_and_names_not_in_keys(hold):
    """“Should be –, is now 57”: 57 was the key of a row."""
    product, other = hold.product, make_product(sku="4711")
    lot = Move.objects.get().lot
    Hold.objects.update(product=other)
    StockBalance.objects.update(product=other)
    found = {one.kind: (one.subject, one.expected, one.found) for one in differences()}
    where = StockBalance.objects.get().location.code
    assert found == {
        "allocation of another product's lot": (f"hold {hold.pk} · 4711", "SKU 4711", f"SKU {product.sku}"),
        "balance of another product's lot": (
            f"lot {lot.pk} · {product.sku} · {where}",
            f"SKU {product.sku}",
            "SKU 4711",
        ),
    }
    Hold.objects.update(product=product, status="fulfilled", fulfilled=D(1), resolved_at=hold.created_at)
    StockBalance.objects.update(product=product, quantity=D(4))
    assert {one.kind: (one.subject, one.expected, one.found) for one in differences()} == {
        "balance": (f"lot {lot.pk} · {product.sku} · {where}", 5, 4),
        "allocation of an ended hold": (f"hold {hold.pk} · {product.sku} · {where}", 0, 2),
        "backed more than asked": (f"hold {hold.pk} · {product.sku}", 1, 2),
        "fulfilled hold that was not served": (f"hold {hold.pk} · {product.sku}", 2, 1),
    }
