from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from apps.inventory.errors import InsufficientStock
from apps.inventory.models import ExpectedArrival, Hold, StockBalance
from apps.inventory.selectors import availability
from apps.inventory.services import holds, verify
from apps.production.errors import BadPlan, NoRecipe, QuantityDiffers, ReasonMissing
from apps.production.models import WorkOrder
from apps.production.selectors import trace
from apps.production.services import recipes, steps, work_orders
from apps.production.services.work_orders import Output, Used
from apps.production.tests.build import Bakery, bakery, due, stocked
from backoffice.kernel import clock
from backoffice.kernel.errors import LedgerIsAppendOnly, NotAllowed, StaleRevision

pytestmark = pytest.mark.django_db
D = Decimal


def on_hand(product) -> Decimal:
    return availability.of([product])[product.pk].on_hand


def dough_order(shop: Bakery, quantity: str = "10", **more) -> WorkOrder:
    return work_orders.plan(shop.dough, quantity=D(quantity), due_at=due(), **more)


def running(shop: Bakery, quantity: str = "10") -> WorkOrder:
    order = work_orders.release(dough_order(shop, quantity))
    return work_orders.start(order, revision=order.revision)


def test_a_whole_life():
    shop = bakery()
    order = dough_order(shop)
    assert (order.number, order.status, order.planned_cost) == ("WO-0001", "planned", D("194.00"))
    assert ExpectedArrival.objects.get().quantity == D(10)

    work_orders.release(order, revision=1)
    assert {hold.product.name: hold.quantity for hold in Hold.objects.all()} == {"Flour": D(6), "Butter": D(4)}
    assert availability.of([shop.butter])[shop.butter.pk].available == D(6)

    work_orders.start(order, revision=2)
    work_orders.finish(order, revision=3, key="done")

    assert order.status == "done"
    assert (order.material_cost, order.operation_cost, order.output_value, order.variance) == (
        D("184.00"), D("10.00"), D("194.00"), D(0),
    )  # fmt: skip
    assert (on_hand(shop.flour), on_hand(shop.butter), on_hand(shop.dough)) == (D(44), D(6), D(10))
    lot = order.outputs.get().lot
    assert lot.unit_cost == D("19.400000")
    assert lot.expires_on == clock.today() + timedelta(days=2)
    assert {parent.product.name for parent in lot.parents.all()} == {"Flour", "Butter"}
    assert not ExpectedArrival.objects.exists()
    assert not Hold.objects.filter(status="active").exists()
    assert verify.differences() == []


def test_straight_from_released_starts_by_itself():
    shop = bakery()
    order = work_orders.release(dough_order(shop))
    work_orders.finish(order, revision=order.revision, key="k")
    assert (order.status, order.started_at is not None) == ("done", True)


def test_twice_with_one_key_is_once():
    shop = bakery()
    order = running(shop)
    work_orders.finish(order, revision=order.revision, key="k")
    again = work_orders.finish(WorkOrder.objects.get(), revision=1, key="k")
    assert again.status == "done"
    assert order.outputs.count() == 1
    with pytest.raises(NotAllowed):
        work_orders.finish(order, revision=order.revision, key="other")


def test_a_stale_revision_changes_nothing():
    shop = bakery()
    order = running(shop)
    with pytest.raises(StaleRevision):
        work_orders.finish(order, revision=1, key="k")
    assert on_hand(shop.dough) == 0


def test_insufficient_material_is_refused_with_the_shortage_and_leaves_no_trace():
    shop = bakery(butter="1")
    order = running(shop)
    with pytest.raises(InsufficientStock) as refused:
        work_orders.finish(order, revision=order.revision, key="k")
    assert shop.butter.sku in refused.value.message
    order.refresh_from_db()
    assert (order.status, order.outputs.count(), on_hand(shop.flour)) == ("in_progress", 0, D(50))


def test_a_short_release_waits_and_is_served_when_stock_arrives():
    shop = bakery(butter="1")
    work_orders.release(dough_order(shop))
    assert availability.of([shop.butter])[shop.butter.pk].promised == D(3)
    stocked(shop.butter, "9", shop.storage)
    assert availability.of([shop.butter])[shop.butter.pk].promised == 0


def test_outputs_come_in_loads_and_materials_go_in_proportion():
    shop = bakery()
    order = running(shop)
    work_orders.report_output(order, quantity=D(4), key="load-1")
    assert (on_hand(shop.dough), on_hand(shop.flour)) == (D(4), D("47.6"))
    assert ExpectedArrival.objects.get().quantity == D(6)
    again = work_orders.report_output(order, quantity=D(4), key="load-1")
    assert (again.quantity, on_hand(shop.dough)) == (D(4), D(4))

    work_orders.report_output(order, quantity=D(6), key="load-2")
    work_orders.finish(order, revision=order.revision, key="k")
    assert (on_hand(shop.dough), on_hand(shop.flour), on_hand(shop.butter)) == (D(10), D(44), D(6))
    assert (order.output_value, order.variance) == (D("194.00"), D(0))
    assert [row.value for row in order.outputs.order_by("pk")] == [D("77.60"), D("116.40")]


def test_normal_loss_stays_in_the_good_ones_and_second_grade_bears_half():
    shop = bakery()
    stocked(shop.dough, "5", shop.storage, cost="19.40")
    order = work_orders.release(work_orders.plan(shop.croissant, quantity=D(50), due_at=due()))
    outputs = [Output(D(46)), Output(D(2), "second"), Output(D(2), "waste", "burnt")]
    work_orders.finish(order, revision=order.revision, key="k", outputs=outputs)
    rows = {row.grade: row for row in order.outputs.all()}
    total = order.material_cost + order.operation_cost
    assert rows["waste"].value == 0
    assert rows["first"].value + rows["second"].value == total
    assert rows["second"].value == (total / 47).quantize(D("0.01"))
    assert (rows["second"].lot.grade, rows["first"].lot.grade, rows["waste"].lot) == ("second", "first", None)


def test_waste_after_the_last_good_ones_is_variance():
    shop = bakery()
    order = running(shop)
    work_orders.report_output(order, quantity=D(9), key="a")
    work_orders.report_output(order, quantity=D(1), grade="waste", reason="dropped", key="b")
    work_orders.finish(order, revision=order.revision, key="k")
    assert order.variance == D("19.40")
    assert order.material_cost + order.operation_cost == order.output_value + order.variance


def test_waste_needs_a_reason():
    shop = bakery()
    with pytest.raises(ReasonMissing):
        work_orders.report_output(running(shop), quantity=D(1), grade="waste", key="a")


def test_far_from_the_plan_asks_first_and_then_takes_what_was_started():
    shop = bakery()
    order = running(shop)
    with pytest.raises(QuantityDiffers):
        work_orders.finish(order, revision=order.revision, key="k", outputs=[Output(D(5))])
    work_orders.finish(order, revision=order.revision, key="k", outputs=[Output(D(5))], confirmed=True)
    assert (on_hand(shop.dough), on_hand(shop.flour)) == (D(5), D(47))
    assert not Hold.objects.filter(status="active").exists()


def test_a_little_less_than_planned_used_everything():
    shop = bakery()
    order = running(shop)
    work_orders.finish(order, revision=order.revision, key="k", outputs=[Output(D("9.5"))])
    assert on_hand(shop.flour) == D(44)
    assert order.outputs.get().value == D("194.00")


def test_more_than_planned_takes_more():
    shop = bakery()
    order = running(shop)
    work_orders.finish(order, revision=order.revision, key="k", outputs=[Output(D(11))])
    assert on_hand(shop.flour) == D("43.4")


def test_the_baker_may_say_what_was_used_and_of_which_lot():
    shop = bakery()
    newer = stocked(shop.butter, "10", shop.storage, cost="50.00", days=60)
    order = running(shop)
    work_orders.finish(order, revision=order.revision, key="k", used=[Used(shop.butter, D("4.5"), newer)])
    material = order.materials.get(component=shop.butter)
    assert (material.planned, material.consumed, material.value) == (D(4), D("4.5"), D("225.00"))
    assert [part.lot for part in trace.taken(order)[shop.butter.pk]] == [newer]


def test_first_expired_goes_first():
    shop = bakery(flour="0")
    late = stocked(shop.flour, "5", shop.storage, days=20)
    soon = stocked(shop.flour, "5", shop.storage, days=5)
    order = running(shop)
    work_orders.finish(order, revision=order.revision, key="k")
    assert [(part.lot, part.quantity) for part in trace.taken(order)[shop.flour.pk]] == [(soon, D(5)), (late, D(1))]


def test_waiting_orders_are_served_by_what_was_made():
    shop = bakery()
    held = holds.place(
        origin=shop.croissant, lines=[holds.HoldLine(shop.dough, D(3))], locations=[shop.storage], partial=True
    )[0]
    order = running(shop)
    work_orders.finish(order, revision=order.revision, key="k")
    assert held.allocations.get().quantity == D(3)


def test_cancelling_frees_the_materials():
    shop = bakery()
    order = work_orders.release(dough_order(shop))
    work_orders.cancel(order, revision=order.revision, reason="no butter")
    assert (order.status, Hold.objects.filter(status="active").count(), ExpectedArrival.objects.count()) == (
        "cancelled",
        0,
        0,
    )
    with pytest.raises(NotAllowed):
        work_orders.start(order)


def test_aborting_posts_what_was_thrown_away():
    shop = bakery()
    order = running(shop)
    with pytest.raises(ReasonMissing):
        work_orders.abort(order, revision=order.revision, reason=" ")
    work_orders.abort(order, revision=order.revision, reason="mixer broke", used=[Used(shop.flour, D(6))])
    assert (order.status, on_hand(shop.flour), on_hand(shop.butter)) == ("aborted", D(44), D(10))
    assert (order.variance, order.material_cost) == (D("24.00"), D("24.00"))
    assert order.history.first().history_change_reason == "mixer broke"


def test_pausing_and_resuming():
    shop = bakery()
    order = running(shop)
    work_orders.pause(order, revision=order.revision)
    assert order.status == "paused"
    work_orders.resume(order, revision=order.revision)
    assert (order.status, order.paused_at) == ("in_progress", None)


def test_planning_needs_a_recipe_and_a_quantity_of_the_unit():
    shop = bakery()
    with pytest.raises(NoRecipe):
        work_orders.plan(shop.flour, quantity=D(1), due_at=due())
    with pytest.raises(BadPlan):
        work_orders.plan(shop.croissant, quantity=D("1.5"), due_at=due())
    with pytest.raises(BadPlan):
        work_orders.plan(shop.croissant, quantity=D(0), due_at=due())


def test_planning_twice_with_one_key_is_once():
    shop = bakery()
    when = due()
    first = work_orders.plan(shop.dough, quantity=D(1), due_at=when, key="k")
    assert work_orders.plan(shop.dough, quantity=D(1), due_at=when, key="k") == first


def test_a_later_version_does_not_change_the_order():
    shop = bakery()
    order = dough_order(shop)
    second = recipes.new_version(shop.dough_recipe)
    recipes.save(second, revision=1, lines=[recipes.LineSpec(shop.flour, D(10))])
    recipes.activate(second)
    assert order.materials.count() == 2
    assert work_orders.plan(shop.dough, quantity=D(10), due_at=due()).materials.count() == 1


def test_changing_while_planned_copies_again_and_later_only_the_notes():
    shop = bakery()
    order = dough_order(shop)
    work_orders.change(order, revision=1, quantity=D(20), notes="big one")
    assert order.materials.get(component=shop.flour).planned == D(12)
    assert ExpectedArrival.objects.get().quantity == D(20)
    work_orders.release(order, revision=order.revision)
    with pytest.raises(BadPlan):
        work_orders.change(order, revision=order.revision, quantity=D(30))
    work_orders.change(order, revision=order.revision, notes="bigger")
    assert order.notes == "bigger"


def test_steps_keep_the_servers_time_and_their_order():
    shop = bakery()
    stocked(shop.dough, "5", shop.storage)
    order = work_orders.release(work_orders.plan(shop.croissant, quantity=D(10), due_at=due()))
    shape, bake = order.steps.order_by("position")
    with pytest.raises(BadPlan):
        steps.start(bake)
    shape = steps.start(shape)
    order.refresh_from_db()
    assert order.status == "in_progress"
    shape = steps.finish(shape)
    assert steps.finish(shape).finished_at == shape.finished_at
    assert steps.start(bake).started_at is not None
    assert bake.planned_end == order.due_at


def test_outputs_are_written_once():
    shop = bakery()
    order = running(shop)
    row = work_orders.report_output(order, quantity=D(1), key="a")
    row.quantity = D(2)
    with pytest.raises(LedgerIsAppendOnly):
        row.save()


@settings(
    max_examples=8,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(
    loads=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(["first", "second", "waste"])), min_size=1, max_size=4
    ),
    loss=st.integers(0, 30),
    cost=st.integers(1, 9999),
)
def test_not_a_cent_is_lost_whatever_comes_out(db, loads, loss, cost):
    shop = bakery(flour="0", butter="0", loss=str(loss))
    stocked(shop.butter, "100", shop.storage, cost=str(D(cost) / 100))
    stocked(shop.dough, "100", shop.storage, cost=str(D(cost) / 7).split(".")[0] + ".37")
    # The examples share one database: without saying so, the usual places would be those of the first.
    order = work_orders.plan(shop.croissant, quantity=D(60), due_at=due(), source=shop.storage, destination=shop.shop)
    order = work_orders.release(order)
    for index, (quantity, grade) in enumerate(loads):
        work_orders.report_output(order, quantity=D(quantity), grade=grade, reason="r", key=f"l{index}")
    work_orders.finish(order, revision=order.revision, key="k", confirmed=True)

    inputs = sum((move.value for move in trace.moves_in(order)), D(0))
    outputs = sum((row.value for row in order.outputs.all()), D(0))
    in_stock = sum((row.value for row in StockBalance.objects.filter(product=shop.croissant)), D(0))
    assert inputs == order.material_cost
    assert inputs + order.operation_cost == outputs + order.variance
    assert outputs == in_stock
    assert order.variance >= 0
    assert verify.differences() == []
