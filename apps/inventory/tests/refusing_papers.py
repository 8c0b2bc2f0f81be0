"""How refusals come about that are about lots, holds, counts, places, rules, periods and costs; see `refusing`."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.inventory.models import CostCorrection, StockOperation
from apps.inventory.services import (
    cost_corrections,
    counting,
    holds,
    locations,
    lots,
    periods,
    policy,
    rearranging,
    stock,
)
from apps.inventory.tests.factories import make_stock
from apps.inventory.tests.refusing import House
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

D = Decimal


def split_more_than_there_is(house: House) -> str:
    return house.post("inventory:lot_split", stock="A1", quantity="11", reason="shelf")


def release_a_hold_that_ended(house: House) -> str:
    holds.release(house.hold, reason="x")
    return house.post("inventory:hold_release", house.hold.pk, reason="again")


def reallocate_a_hold_that_ended(house: House) -> str:
    holds.release(house.hold, reason="x")
    return house.post("inventory:hold_reallocate", house.hold.pk, stock="", priority="0")


def reallocate_to_a_blocked_lot(house: House) -> str:
    other = make_stock(house.bun, 9, house.shop, lot_code="B1", expires_on=clock.today())
    with acting(house.olga):
        lots.block(other, reason="Smell")
    return house.post("inventory:hold_reallocate", house.hold.pk, stock="B1", priority="0")


def reallocate_to_a_lot_that_has_expired(house: House) -> str:
    make_stock(house.bun, 9, house.shop, lot_code="B1", expires_on=clock.today())
    house.lot.expires_on = clock.today() - timedelta(days=1)
    house.lot.save(update_fields=["expires_on"])
    return house.post("inventory:hold_reallocate", house.hold.pk, stock="A1", priority="0")


def reallocate_to_a_lot_that_expires_before(house: House) -> str:
    house.hold.needed_on = clock.today() + timedelta(days=2)
    house.hold.save(update_fields=["needed_on"])
    return house.post("inventory:hold_reallocate", house.hold.pk, stock="A1", priority="0")


def post_a_count_that_was_overtaken(house: House) -> str:
    count = counting.start(location=house.shop)
    counting.record(count.lines.get(), quantity=D(2))
    stock.waste(lot=house.lot, location=house.shop, quantity=D(9), reason="x", override_holds=True)
    return house.post("inventory:count_post", count.pk)


def change_the_rules_that_another_changed(house: House) -> str:
    with acting(house.olga):
        policy.update(count_tolerance=D(10))
    rest = {"expiry_days": "3", "lot_pattern": policy.current().lot_pattern}
    data = {"count_tolerance": "20", "revision": "1", **rest}
    return house.post("inventory:policy_edit", **data)


def split_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:lot_split", stock="A1", quantity="0.2", reason="shelf")


def split_what_is_held(house: House) -> str:
    return house.post("inventory:lot_split", stock="A1", quantity="5", reason="shelf")


def split_under_a_code_that_is_taken(house: House) -> str:
    return house.post("inventory:lot_split", stock="A1", quantity="1", code="A1", reason="shelf")


def merge_what_is_held(house: House) -> str:
    make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today())
    return house.post("inventory:lot_merge", stock="A1", into="C1", reason="tidy")


def merge_into_what_lasts_longer(house: House) -> str:
    make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today() + timedelta(days=3))
    return house.post("inventory:lot_merge", stock="A1", into="C1", reason="tidy")


def merge_with_a_blocked_lot(house: House) -> str:
    other = make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today())
    with acting(house.olga):
        lots.block(other, reason="Smell")
    return house.post("inventory:lot_merge", stock="A1", into="C1", reason="tidy")


def merge_with_a_lot_of_another_grade(house: House) -> str:
    other = make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today())
    rearranging.mark_down(other, percent=0, grade="second", reason="dented")
    return house.post("inventory:lot_merge", stock="A1", into="C1", reason="tidy")


def merge_with_a_lot_that_is_marked_down(house: House) -> str:
    other = make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today())
    rearranging.mark_down(other, percent=20, reason="old")
    return house.post("inventory:lot_merge", stock="A1", into="C1", reason="tidy")


def counted(house: House, quantity: str = "7", **more: Any) -> tuple[Any, str]:
    """What the line of a count answers to a figure."""
    count = counting.start(location=house.shop)
    line = count.lines.get()
    if more.pop("olga", False):
        with acting(house.olga):
            counting.record(line, quantity=D(4))
    return count, house.post("inventory:count_record", line.pk, quantity=quantity, revision="1", **more)


def count_between_two_steps(house: House) -> str:
    return counted(house, "7.5")[1]


def count_what_another_counted(house: House) -> str:
    return counted(house, olga=True)[1]


def count_in_a_count_that_is_posted(house: House) -> str:
    count = counting.start(location=house.shop)
    line = count.lines.get()
    with acting(house.olga):
        counting.post(count)
    return house.post("inventory:count_record", line.pk, quantity="7", revision="1")


def post_a_count_twice(house: House) -> str:
    count = counting.start(location=house.shop)
    with acting(house.olga):
        counting.post(count)
    return house.post("inventory:count_post", count.pk)


def close_a_place_with_stock(house: House) -> str:
    return house.post("inventory:location_close", house.shop.pk)


def change_a_place_that_another_changed(house: House) -> str:
    was = house.cellar.revision
    with acting(house.olga):
        locations.update(house.cellar, code=house.cellar.code, name="Deep cellar", kind="storage", parent=None)
    data = {"code": house.cellar.code, "name": "Cold cellar", "kind": house.cellar.kind, "parent": "", "revision": was}
    return house.post("inventory:location_edit", house.cellar.pk, **data)


def close_days_that_are_closed(house: House) -> str:
    day = clock.today() - timedelta(days=5)
    with acting(house.olga):
        periods.close(day)
    return house.post("inventory:period_close", closed_through=day.isoformat(), revision="2")


def block_what_is_blocked(house: House) -> str:
    with acting(house.olga):
        lots.block(house.lot, reason="Smell")
    return house.post("inventory:lot_block", house.lot.pk, reason="Glass", status="blocked")


def open_days_that_another_closed_meanwhile(house: House) -> str:
    seen = clock.today() - timedelta(days=9)
    with acting(house.olga):
        periods.close(seen)
        periods.close(seen + timedelta(days=3))
    return house.post("inventory:period_reopen", closed_through="", reason="late", seen=seen.isoformat())


def drafted(house: House) -> CostCorrection:
    """Olga found the invoice: the ten buns cost twenty, not ten."""
    receipt = StockOperation.objects.get(kind="receipt")
    with acting(house.olga):
        return cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(20)}, reason="invoice")


def correct_what_another_corrects(house: House) -> str:
    receipt = drafted(house).receipt
    line = {f"amount_{receipt.moves.get().pk}": "30"}
    return house.post("inventory:cost_correct", receipt.pk, reason="invoice", **line)


def apply_what_was_corrected_meanwhile(house: House) -> str:
    correction = drafted(house)
    correction.lines.update(before=D(9))
    return house.post("inventory:correction_apply", correction.pk)


def apply_what_was_taken_back_meanwhile(house: House) -> str:
    correction = drafted(house)
    holds.release(house.hold, reason="x")
    stock.reverse(correction.receipt, reason="Wrong lorry")
    return house.post("inventory:correction_apply", correction.pk)
