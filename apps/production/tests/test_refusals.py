"""Every refusal of an operation screen says what, where, how much, who, and what to do.

One row a refusal: how it comes about, and what its sentence must name. Where nobody is to blame (a quantity that rounds
to nothing), it names what there is to choose instead.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory.errors import BadQuantity, ClosedPeriod, PlaceClosed
from apps.inventory.models import Lot, StockBalance, StockOperation
from apps.inventory.services import counting, holds, locations, lots, periods, rearranging, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.services.stock import ConsumeLine, ReceiptLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from apps.production.services import work_orders
from apps.production.services.work_orders import Used
from apps.production.tests.build import bakery, due
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

pytestmark = pytest.mark.django_db
D = Decimal


class House:
    """A shop with ten buns in a lot, six of them kept for Ana; Olga keeps the stock."""

    def __init__(self, olga: Any, client: Client) -> None:
        self.olga, self.client = olga, client
        self.shop, self.cellar = make_location("Shop", kind="sale"), make_location("Cellar")
        self.bun = make_product("Bun", sku="BUN")
        self.lot: Lot = make_stock(self.bun, 10, self.shop, lot_code="A1", expires_on=clock.today())
        self.ana = make_origin("Ana")
        [self.hold] = holds.place(
            origin=self.ana, lines=[HoldLine(self.bun, D(6), needed_on=clock.today())], locations=[self.shop]
        )

    def post(self, name: str, pk: int | None = None, **data: Any) -> str:
        """What the screen answers when it refuses."""
        answer = self.client.post(reverse(name, args=[] if pk is None else [pk]), data)
        assert answer.status_code in (409, 422), (answer.status_code, answer.headers)
        return unescape(answer.text).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def house(as_owner, django_user_model) -> House:
    olga = django_user_model.objects.create(username="olga", name="Olga")
    return House(olga, as_owner)


def transfer_more_than_is_free(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="5", destination=house.cellar.pk)


def waste_what_is_held(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="5", reason="fell")


def waste_more_than_there_is(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="11", reason="fell")


def adjust_below_what_is_held(house: House) -> str:
    return house.post("inventory:adjust", stock="A1", counted="5", reason="counted")


def send_back_what_is_held(house: House) -> str:
    return house.post("inventory:return_to_supplier", stock="A1", quantity="5", reason="bad")


def reverse_what_is_held(house: House) -> str:
    receipt = StockOperation.objects.get(kind="receipt")
    return house.post("inventory:operation_reverse", receipt.pk, reason="wrong")


def reverse_twice(house: House) -> str:
    operation = stock.waste(lot=house.lot, location=house.shop, quantity=D(1), reason="x")
    with acting(house.olga):
        stock.reverse(operation, reason="x")
    return house.post("inventory:operation_reverse", operation.pk, reason="wrong")


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


def reallocate_to_a_lot_that_expires_before(house: House) -> str:
    house.hold.needed_on = clock.today() + timedelta(days=2)
    house.hold.save(update_fields=["needed_on"])
    return house.post("inventory:hold_reallocate", house.hold.pk, stock="A1", priority="0")


def waste_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="0.2", reason="crumbs")


def transfer_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="0.2", destination=house.cellar.pk)


def receive_under_a_blocked_lot(house: House) -> str:
    with acting(house.olga):
        lots.block(house.lot, reason="Smell")
    line = {
        "line-0-product": house.bun.pk, "line-0-quantity": "3", "line-0-cost": "1", "line-0-lot_code": "A1",
        "line-0-expires_on": clock.today().isoformat(),
    }  # fmt: skip
    return house.post("inventory:receive", do="post", lines="1", location=house.shop.pk, **line)


def post_a_count_that_was_overtaken(house: House) -> str:
    count = counting.start(location=house.shop)
    counting.record(count.lines.get(), quantity=D(2))
    stock.waste(lot=house.lot, location=house.shop, quantity=D(9), reason="x", override_holds=True)
    return house.post("inventory:count_post", count.pk)


def change_the_rules_that_another_changed(house: House) -> str:
    from apps.inventory.services import policy

    with acting(house.olga):
        policy.update(count_tolerance=D(10))
    rest = {"expiry_days": "3", "lot_pattern": policy.current().lot_pattern}
    data = {"count_tolerance": "20", "revision": "1", **rest}
    return house.post("inventory:policy_edit", **data)


SCREENS: list[tuple[Callable[[House], str], list[str]]] = [
    (transfer_more_than_is_free, ["BUN, lot A1, at Shop", "10 on hand", "6 held", "4 available", "5 un asked", "Ana",
                                  "Take 4"]),
    (waste_what_is_held, ["BUN, lot A1, at Shop", "6 held", "5 un asked", "Held by Ana (6 un)", "It is really gone"]),
    (waste_more_than_there_is, ["BUN, lot A1, at Shop", "10 on hand", "11 un asked", "Ana", "Take 4"]),
    (adjust_below_what_is_held, ["BUN, lot A1, at Shop", "6 held", "Held by Ana (6 un)", "It is really gone"]),
    (send_back_what_is_held, ["BUN, lot A1, at Shop", "4 available", "5 un asked", "Ana", "Take 4"]),
    (reverse_what_is_held, ["BUN, lot A1, at Shop", "4 available", "10 un asked", "Ana"]),
    (reverse_twice, ["was reversed before, by Olga in S-", "nothing left to reverse"]),
    (split_more_than_there_is, ["BUN, lot A1, at Shop", "10 on hand", "11 un asked"]),
    (release_a_hold_that_ended, ["6 un of Bun for Ana", "released since", "look at what is held"]),
    (reallocate_a_hold_that_ended, ["6 un of Bun for Ana", "released since", "look at what is held"]),
    (reallocate_to_a_blocked_lot, ["Lot B1 of Bun is blocked since", "by Olga", "9 un at Shop", "6 un asked",
                                   "Take another lot"]),
    (reallocate_to_a_lot_that_expires_before, ["Lot A1 of Bun is good until", "10 un at Shop",
                                               "6 un asked", "Take another lot"]),
    (waste_what_rounds_to_nothing, ["Bun", "0.2 un rounds to nothing", "steps of 1 un", "Enter at least"]),
    (transfer_what_rounds_to_nothing, ["Bun", "0.2 un rounds to nothing", "steps of 1 un", "Enter at least"]),
    (receive_under_a_blocked_lot, ["Lot A1 of Bun is blocked since", "by Olga", "another lot code"]),
    (post_a_count_that_was_overtaken, ["BUN, lot A1 at Shop", "2 un counted", "10 un", "only 1 un is left",
                                       "Count that line again"]),
    (change_the_rules_that_another_changed, ["Olga"]),
]  # fmt: skip


@pytest.mark.parametrize(("happens", "said"), SCREENS, ids=[row[0].__name__ for row in SCREENS])
def test_a_screen_refuses_in_full(house, happens, said):
    before = list(StockBalance.objects.order_by("pk").values_list("lot", "location", "quantity"))
    answer = happens(house)
    assert [part for part in said if part not in answer] == []
    if "count" not in happens.__name__ and "twice" not in happens.__name__ and "reallocate" not in happens.__name__:
        assert list(StockBalance.objects.order_by("pk").values_list("lot", "location", "quantity")) == before


def text_of(error: Any) -> str:
    return str(error.value.message).replace("\N{NO-BREAK SPACE}", " ")


def test_a_closed_period_says_what_where_how_much_and_by_whom(house):
    day = clock.now() - timedelta(days=5)
    with acting(house.olga):
        periods.close(clock.local(day).date())
    with pytest.raises(ClosedPeriod) as refused:
        stock.receive(house.shop, [ReceiptLine(house.bun, D(12), unit_cost=D(1))], occurred_at=day)
    said = text_of(refused)
    for part in ("12 un of Bun", "Suppliers → Shop", "by Olga", "Post it today, and say why"):
        assert part in said


def test_a_closed_place_says_which_since_when_by_whom_and_what_should_have_come(house):
    with acting(house.olga):
        locations.close(house.cellar)
    with pytest.raises(PlaceClosed) as refused:
        stock.transfer(lot=house.lot, quantity=D(3), source=house.shop, destination=house.cellar)
    said = text_of(refused)
    for part in ("Cellar is closed since", "by Olga", "3 un of Bun", "Choose another place, or open it again"):
        assert part in said
    assert refused.value.remedies[0].url == house.cellar.get_absolute_url()
    answer = house.post("inventory:transfer", stock="A1", quantity="3", destination=house.cellar.pk)
    assert "Select a valid choice" in answer  # a closed place is not offered


def test_a_wrong_unit_says_which_there_are(house):
    bag = ProductUnit.objects.create(product=make_product("Flour"), name="Bag", numerator=25, denominator=1)
    ProductUnit.objects.create(product=house.bun, name="Tray", numerator=12, denominator=1)
    with pytest.raises(BadQuantity) as refused:
        stock.receive(house.shop, [ReceiptLine(house.bun, D(2), pack=bag)])
    said = text_of(refused)
    for part in ("2 Bag", "no pack of Bun", "un, Tray", "choose one"):
        assert part in said


def test_what_is_used_up_and_rounds_to_nothing_says_the_step(house):
    with pytest.raises(BadQuantity) as refused:
        stock.consume(origin=make_origin(), lines=[ConsumeLine(house.bun, D("0.2"), house.shop)])
    for part in ("Bun: 0.2 un rounds to nothing", "at least 1 un", "another unit"):
        assert part in text_of(refused)


def test_a_merge_of_lots_that_do_not_belong_together_says_why(house):
    other = make_stock(house.bun, 2, house.shop, lot_code="C1", expires_on=clock.today() + timedelta(days=3))
    with pytest.raises(Exception, match="C1 lasts longer than A1"):
        rearranging.merge(lot=house.lot, into=other, location=house.shop, reason="tidy")


# --- work orders ---------------------------------------------------------------------------------------------------


def running(client: Client) -> tuple[Any, Any]:
    shop = bakery()
    order = work_orders.plan(shop.dough, quantity=D(10), due_at=due())
    return shop, work_orders.start(work_orders.release(order))


def finish(client: Client, order: Any, **data: Any) -> str:
    answer = client.post(
        reverse("production:work_order_finish", args=[order.pk]), {"first": "10", "revision": order.revision, **data}
    )
    assert answer.status_code in (409, 422)
    return unescape(answer.text).replace("\N{NO-BREAK SPACE}", " ")


def test_work_that_is_short_says_what_where_and_how_much(as_owner):
    shop, order = running(as_owner)
    for row in StockBalance.objects.filter(product=shop.butter):
        stock.waste(lot=row.lot, location=row.location, quantity=D(8), reason="fell", override_holds=True)
    answer = finish(as_owner, order)
    for part in (shop.butter.sku, "at Storage", "2 on hand", "2 available", "4 kg asked", "Take 2"):
        assert part in answer


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("block", ["is blocked since", "by Olga", "10 kg at Storage", "1 kg asked", "Take another lot"]),
        ("expire", ["is good until", "10 kg at Storage", "1 kg asked", "Take another lot"]),
    ],
)
def test_a_lot_of_work_that_is_out_of_use_says_why(as_owner, django_user_model, how, said):
    shop, order = running(as_owner)
    lot = Lot.objects.get(product=shop.butter)
    if how == "block":
        with acting(django_user_model.objects.create(username="olga", name="Olga")):
            lots.block(lot, reason="Smell")
    else:
        lot.expires_on = clock.today() - timedelta(days=1)
        lot.save(update_fields=["expires_on"])
    lot.refresh_from_db()
    with pytest.raises(Exception, match="Lot") as refused:
        work_orders.finish(order, key="k", used=[Used(shop.butter, D(1), lot)])
    for part in said:
        assert part in text_of(refused)


def test_work_that_another_changed_says_who(as_owner, django_user_model):
    _shop, order = running(as_owner)
    with acting(django_user_model.objects.create(username="olga", name="Olga")):
        work_orders.pause(order)
    answer = finish(as_owner, order, revision=order.revision - 1)
    for part in (order.number, "was changed by Olga in the meantime", "look at it again"):
        assert part in answer
