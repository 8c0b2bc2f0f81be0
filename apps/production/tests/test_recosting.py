"""What a receipt cost is corrected after its stock was used: everything made of it follows."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import Sum

from apps.catalog.tests.factories import make_product
from apps.inventory.errors import BadCorrection, ReasonMissing
from apps.inventory.models import CostChange, CostCorrection, Location, Lot, Move, StockBalance, StockOperation
from apps.inventory.selectors import valuation
from apps.inventory.services import cost_corrections, counting, periods, rearranging, stock, verify
from apps.inventory.tests.factories import make_location
from apps.production.services import work_orders
from apps.production.services.work_orders import Output
from apps.production.tests.build import bakery, due, stocked
from backoffice.kernel import clock
from backoffice.kernel.errors import LedgerIsAppendOnly, NotAllowed, StaleRevision
from backoffice.outbox import runner

pytestmark = pytest.mark.django_db
D = Decimal


def receipt_of(lot: Lot) -> StockOperation:
    return StockOperation.objects.get(kind="receipt", moves__lot=lot)


def correct(lot: Lot, value: str, **more) -> CostCorrection:
    """Say what the receipt of a lot really cost, apply it, and let the job run."""
    receipt = receipt_of(lot)
    move = receipt.moves.get(lot=lot)
    correction = cost_corrections.draft(receipt, values={move.pk: D(value)}, reason="The invoice came", **more)
    cost_corrections.apply(correction, revision=correction.revision)
    runner.drain()
    correction.refresh_from_db()
    return correction


def worth(lot: Lot) -> Decimal:
    return StockBalance.objects.filter(lot=lot).aggregate(total=Sum("value"))["total"] or D(0)


def conserved() -> None:
    """Nothing is made and nothing lost: what came from outside is what went outside and what is here."""
    physical = Location.objects.physical()
    came = Move.objects.exclude(source__in=physical).aggregate(total=Sum("value"))["total"] or D(0)
    went = Move.objects.exclude(destination__in=physical).aggregate(total=Sum("value"))["total"] or D(0)
    here = StockBalance.objects.aggregate(total=Sum("value"))["total"] or D(0)
    assert came == went + here
    assert verify.differences() == []


def made(shop, quantity: str = "10"):
    order = work_orders.plan(shop.dough, quantity=D(quantity), due_at=due())
    work_orders.release(order, revision=order.revision)
    work_orders.start(order, revision=order.revision)
    return work_orders.finish(order, revision=order.revision, key="done")


def test_what_was_made_of_it_follows():
    shop = bakery()
    flour = Lot.objects.get(product=shop.flour)
    dough = made(shop)  # takes 6 of 50 kg of flour, at 4.00
    croissants = work_orders.plan(shop.croissant, quantity=D(50), due_at=due())
    work_orders.release(croissants)
    work_orders.start(croissants)
    work_orders.finish(croissants, key="c")
    before = croissants.output_value

    done = correct(flour, "250.00")  # 5.00 a kg, not 4.00

    assert done.status == "applied"
    flour.refresh_from_db()
    assert (flour.unit_cost, worth(flour)) == (D(5), D(220))
    dough.refresh_from_db()
    assert (dough.material_cost, dough.output_value, dough.variance) == (D(190), D(200), D(0))
    assert dough.materials.get(component=shop.flour).value == D(30)
    lot = dough.outputs.get().lot
    assert (lot.unit_cost, worth(lot)) == (D(20), D(100))
    croissants.refresh_from_db()
    assert croissants.output_value == before + D(3)  # half of the dough, half of the six
    assert croissants.variance == 0
    assert dough.outputs.get().value == D(194)  # reports stay as they were written
    conserved()
    changes = {one.document: (one.cost_before, one.cost_after) for one in done.document_changes.all()}
    assert changes[dough] == (D(194), D(200))


def test_several_reports_share_it_by_the_rules_of_the_reports():
    shop = bakery()
    flour = Lot.objects.get(product=shop.flour)
    order = work_orders.plan(shop.dough, quantity=D(10), due_at=due())
    work_orders.release(order, revision=order.revision)
    work_orders.report(order, outputs=[Output(D(3)), Output(D("0.5"), "second")], key="one")
    work_orders.report(order, outputs=[Output(D(1), "waste", "Dropped")], key="two")
    work_orders.report(order, outputs=[Output(D(2), "second")], key="three")
    work_orders.report(order, outputs=[Output(D(2))], key="four")
    work_orders.abort(order, revision=order.revision, reason="The oven broke")

    correct(flour, "333.33")

    order.refresh_from_db()
    in_lots = sum(Move.objects.filter(operation__kind="output").values_list("value", flat=True), D(0))
    in_lots += sum((one.after - one.before for one in CostChange.objects.filter(move__operation__kind="output")), D(0))
    assert order.output_value == in_lots
    assert order.material_cost + order.operation_cost == order.output_value + order.variance
    assert order.material_cost == sum((row.value for row in order.materials.all()), D(0))
    conserved()


def test_transfers_splits_waste_and_counts_follow_and_a_lot_that_is_gone_is_worth_nothing():
    storage, shop_ = make_location("Store"), make_location("Shop", kind="sale")
    jam = make_product("Jam")
    lot = stocked(jam, "10", storage, cost="3.33")
    stock.transfer(lot=lot, quantity=D(4), source=storage, destination=shop_)
    part = rearranging.split(lot=lot, location=storage, quantity=D(3), reason="Another shelf")
    stock.waste(lot=lot, location=shop_, quantity=D(1), reason="Broken")
    stock.adjust(lot=lot, location=shop_, counted=D(4), reason="It was there all the time")
    gone = stocked(jam, "3", storage, cost="1.00")
    stock.waste(lot=gone, location=storage, quantity=D(3), reason="Mould")

    done = correct(lot, "40.00")

    assert done.problem == ""
    part.refresh_from_db()
    assert (part.unit_cost, worth(part)) == (D(4), D(12))
    lot.refresh_from_db()
    assert (lot.unit_cost, worth(lot)) == (D(4), D(28))
    conserved()

    correct(gone, "9.99")
    assert worth(gone) == 0
    assert not StockBalance.objects.filter(quantity=0).exists()
    conserved()


def test_a_crumb_that_was_split_off_costs_by_the_kilogram_what_the_sack_costs():
    """Its unit cost was worked out of its whole cents, and what a count found of it was worth that."""
    storage = make_location()
    flour = stocked(make_product("Flour", unit="kg"), "10", storage, cost="3.33")
    crumb = rearranging.split(lot=flour, location=storage, quantity=D("0.088"), reason="Sample")
    stock.adjust(lot=crumb, location=storage, counted=D("5.088"), reason="It was more")

    correct(flour, "111.10")

    crumb.refresh_from_db()
    assert crumb.unit_cost == D("11.11")
    assert worth(crumb) == D("0.98") + D("55.55")
    conserved()


def test_a_merged_lot_costs_the_average_of_what_was_there_when_it_was_merged():
    storage = make_location()
    jam = make_product("Jam")
    cheap, dear = stocked(jam, "10", storage, cost="2.00"), stocked(jam, "10", storage, cost="4.00")
    stock.waste(lot=dear, location=storage, quantity=D(5), reason="Fell")
    rearranging.merge(lot=cheap, into=dear, location=storage, reason="Tidy")  # 20.00 and 20.00 for 15
    stock.waste(lot=dear, location=storage, quantity=D(15), reason="Mould")

    correct(cheap, "60.00")

    dear.refresh_from_db()
    assert dear.unit_cost == D("5.333333")  # 20.00 and 60.00 for 15
    conserved()


def test_the_days_before_stay_as_they_were_and_a_closed_period_is_no_obstacle():
    storage = make_location()
    line = stock.ReceiptLine(make_product("Jam"), D(10), unit_cost=D(3))
    receipt = stock.receive(storage, [line], occurred_at=clock.now() - timedelta(days=40))
    lot = receipt.moves.get().lot
    day = clock.local(receipt_of(lot).occurred_at).date()
    periods.close(day)

    correct(lot, "50.00")

    assert valuation.at(day).total == D(30)
    assert valuation.at(clock.today()).total == D(50)
    assert clock.local(CostCorrection.objects.get().operation.occurred_at).date() == clock.today()


def test_what_was_begun_before_a_day_was_closed_ends_today():
    """A count, work, a delivery to take back and a cost to correct are no reason to open the book again."""
    yesterday = clock.today() - timedelta(days=1)
    with clock.fixed(clock.at(yesterday, 12)):
        shop = bakery()
        flour, butter = Lot.objects.get(product=shop.flour), Lot.objects.get(product=shop.butter)
        wrong = receipt_of(stocked(shop.flour, "7", shop.storage))
        order = work_orders.plan(shop.dough, quantity=D(10), due_at=due())
        work_orders.release(order)
        work_orders.start(order)
        count = counting.start(location=shop.storage)
        counting.record(count.lines.get(lot=butter), quantity=D(9))
        move = receipt_of(flour).moves.get()
        correction = cost_corrections.draft(receipt_of(flour), values={move.pk: D(250)}, reason="Invoice")
        cost_corrections.apply(correction)
        then = valuation.at(yesterday)
    periods.close(yesterday)

    stock.reverse(wrong, reason="Wrong lorry")
    work_orders.finish(order, key="done")
    counting.post(count)
    runner.drain()

    correction.refresh_from_db()
    assert correction.status == "applied"
    assert valuation.at(yesterday).total == then.total
    since = StockOperation.objects.filter(occurred_at__gte=clock.day_bounds(yesterday)[1])
    assert set(since.values_list("kind", flat=True)) == {"reversal", "consumption", "output", "count", "correction"}
    conserved()


def test_it_is_looked_at_before_it_is_applied():
    storage = make_location()
    lot = stocked(make_product("Jam"), "10", storage, cost="3.00")
    receipt = receipt_of(lot)
    move = receipt.moves.get()

    correction = cost_corrections.draft(receipt, values={move.pk: D(35)}, reason="Freight")
    plan = cost_corrections.preview(correction)

    assert [(change.before, change.after) for change in plan.moves] == [(D(30), D(35))]
    assert worth(lot) == D(30)
    assert not CostChange.objects.exists()
    cost_corrections.discard(correction, revision=correction.revision)
    with pytest.raises(NotAllowed):
        cost_corrections.apply(correction, revision=correction.revision)


def test_what_is_refused():
    storage = make_location()
    lot = stocked(make_product("Jam"), "10", storage, cost="3.00")
    receipt = receipt_of(lot)
    move = receipt.moves.get()

    with pytest.raises(ReasonMissing):
        cost_corrections.draft(receipt, values={move.pk: D(35)}, reason=" ")
    with pytest.raises(BadCorrection, match="nothing would change"):
        cost_corrections.draft(receipt, values={move.pk: D(30)}, reason="Invoice")
    with pytest.raises(BadCorrection, match="below zero"):
        cost_corrections.draft(receipt, values={move.pk: D(-1)}, reason="Invoice")
    with pytest.raises(BadCorrection, match="do not belong"):
        cost_corrections.draft(receipt, values={move.pk + 99: D(1)}, reason="Invoice")
    first = cost_corrections.draft(receipt, values={move.pk: D(35)}, reason="Invoice")
    with pytest.raises(BadCorrection, match=first.number):
        cost_corrections.draft(receipt, values={move.pk: D(36)}, reason="Invoice")
    with pytest.raises(StaleRevision):
        cost_corrections.apply(first, revision=99)
    undone = stock.reverse(receipt, reason="Wrong lorry")
    with pytest.raises(BadCorrection, match=undone.number):
        cost_corrections.apply(first, revision=first.revision)
    cost_corrections.discard(first, revision=first.revision)
    with pytest.raises(BadCorrection, match="taken back"):
        cost_corrections.draft(receipt, values={move.pk: D(35)}, reason="Invoice")
    with pytest.raises(BadCorrection, match="no receipt"):
        cost_corrections.draft(undone, values={}, reason="Invoice")


def test_twice_is_once_and_a_second_correction_starts_from_the_first():
    storage = make_location()
    lot = stocked(make_product("Jam"), "10", storage, cost="3.00")
    receipt = receipt_of(lot)
    move = receipt.moves.get()
    one = cost_corrections.draft(receipt, values={move.pk: D(35)}, reason="Invoice", key="k")
    assert cost_corrections.draft(receipt, values={move.pk: D(35)}, reason="Invoice", key="k") == one
    cost_corrections.apply(one)
    runner.drain()
    directive = one.operation or CostCorrection.objects.get().operation
    assert directive is not None
    again = correct(lot, "36.00")

    assert again.lines.get().before == D(35)
    assert worth(lot) == D(36)
    assert StockOperation.objects.filter(kind="correction").count() == 2
    conserved()


def test_a_correction_is_not_reversed_but_a_corrected_receipt_goes_back_at_its_corrected_cost():
    storage = make_location()
    milk = make_product("Milk", lot_tracked=False)
    for _time in range(2):
        stock.receive(storage, [stock.ReceiptLine(milk, D(10), unit_cost=D(4))])
    lot = Lot.objects.get(product=milk)
    assert lot.is_silent
    first = StockOperation.objects.filter(kind="receipt").order_by("pk").first()
    correction = cost_corrections.draft(first, values={first.moves.get().pk: D(50)}, reason="Invoice")
    cost_corrections.apply(correction)
    runner.drain()
    correction.refresh_from_db()

    with pytest.raises(Exception, match="moved no stock"):
        stock.reverse(correction.operation, reason="No")
    stock.reverse(first, reason="Back")

    assert worth(lot) == D(40)
    conserved()
    stock.receive(storage, [stock.ReceiptLine(milk, D(1), unit_cost=D(4))])  # the old cost, a lot of its own
    assert Lot.objects.filter(product=milk).count() == 2


def test_the_ledger_is_written_once():
    storage = make_location()
    lot = stocked(make_product("Jam"), "10", storage, cost="3.00")
    correct(lot, "31.00")

    with pytest.raises(LedgerIsAppendOnly):
        CostChange.objects.update(after=D(1))
    moved = Move.objects.get(operation__kind="correction")
    assert (moved.quantity, moved.value) == (D(0), D(1))


def test_two_lines_of_one_lot_that_change_places_post_nothing_and_are_written_down():
    storage = make_location()
    jam = make_product("Jam")
    lines = [stock.ReceiptLine(jam, D(5), unit_cost=D(3), lot_code="A") for _time in range(2)]
    receipt = stock.receive(storage, lines)
    first, second = receipt.moves.order_by("pk")
    correction = cost_corrections.draft(receipt, values={first.pk: D(20), second.pk: D(10)}, reason="Swapped")
    cost_corrections.apply(correction)
    runner.drain()

    correction.refresh_from_db()
    assert (correction.status, correction.operation) == ("applied", None)
    assert correction.changes.count() == 2
    conserved()
