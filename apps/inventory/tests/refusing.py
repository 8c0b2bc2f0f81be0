"""How refusals of the stock room's screens come about: each function does it, and returns what the screen answers."""

from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

from django.test import Client
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory.models import Lot, StockBalance, StockOperation
from apps.inventory.services import holds, locations, lots, periods, stock
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.kernel import clock
from backoffice.kernel.audit import acting

D = Decimal


UNTYPED = ("do", "lines", "revision", "expected", "seen")


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

    def post(self, name: str, pk: int | None = None, /, **data: Any) -> str:
        """What the screen answers when it refuses."""
        before = self.there()
        self.typed = [str(text) for name, text in data.items() if name not in UNTYPED and not name.endswith("-product")]
        answer = self.client.post(reverse(name, args=[] if pk is None else [pk]), data)
        assert answer.status_code in (409, 422), (answer.status_code, answer.headers)
        assert self.there() == before
        return unescape(answer.text).replace("\N{NO-BREAK SPACE}", " ")

    @staticmethod
    def there() -> list[Any]:
        return list(StockBalance.objects.order_by("pk").values_list("lot", "location", "quantity", "value"))


def transfer_more_than_is_free(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="5", destination=house.cellar.code)


def waste_what_is_held(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="5", reason="Spoiled")


def waste_for_no_reason_of_the_house(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="1", reason="Mice")


def waste_more_than_there_is(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="11", reason="Spoiled")


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


def waste_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:waste", stock="A1", quantity="0.2", reason="Spoiled")


def transfer_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="0.2", destination=house.cellar.code)


def receive_under_a_blocked_lot(house: House) -> str:
    with acting(house.olga):
        lots.block(house.lot, reason="Smell")
    line = {
        "line-0-product": house.bun.pk, "line-0-quantity": "3", "line-0-cost": "1", "line-0-lot_code": "A1",
        "line-0-expires_on": clock.today().isoformat(),
    }  # fmt: skip
    return house.post("inventory:receive", do="post", lines="1", location=house.shop.code, **line)


def adjust_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:adjust", stock="A1", counted="9.8", reason="counted")


def adjust_to_what_the_book_says(house: House) -> str:
    return house.post("inventory:adjust", stock="A1", counted="10", reason="counted")


def adjust_below_zero(house: House) -> str:
    return house.post("inventory:adjust", stock="A1", counted="-1", reason="counted")


def send_back_what_rounds_to_nothing(house: House) -> str:
    return house.post("inventory:return_to_supplier", stock="A1", quantity="0.2", reason="bad")


def transfer_to_a_place_that_was_closed(house: House) -> str:
    with acting(house.olga):
        locations.close(house.cellar)
    return house.post("inventory:transfer", stock="A1", quantity="3", destination=house.cellar.code)


def transfer_to_where_it_is(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="3", destination=house.shop.code)


def transfer_what_is_used_up(house: House) -> str:
    holds.release(house.hold, reason="x")
    with acting(house.olga):
        stock.waste(lot=house.lot, location=house.shop, quantity=D(10), reason="fell")
    return house.post("inventory:transfer", stock="A1", quantity="3", destination=house.cellar.code)


def transfer_what_lies_elsewhere(house: House) -> str:
    return house.post(
        "inventory:transfer", stock="A1", at=house.cellar.code, quantity="1", destination=house.cellar.code
    )


def transfer_what_may_be_two_things(house: House) -> str:
    make_stock(make_product("Cake", sku="A1"), 2, house.shop, lot_code="C1")
    return house.post("inventory:transfer", stock="a1", quantity="1", destination=house.cellar.code)


def transfer_what_nobody_has(house: House) -> str:
    return house.post("inventory:transfer", stock="NOBODY", quantity="1", destination=house.cellar.code)


def transfer_to_nowhere(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="1", destination="NOWHERE")


def transfer_in_a_unit_of_something_else(house: House) -> str:
    ProductUnit.objects.create(product=house.bun, name="Tray", numerator=12, denominator=1)
    return house.post("inventory:transfer", stock="A1", quantity="2 cx", destination=house.cellar.code)


def adjust_when_the_book_went_on(house: House) -> str:
    row = StockBalance.objects.get()
    with acting(house.olga):
        stock.waste(lot=house.lot, location=house.shop, quantity=D(1), reason="fell")
    seen = f"{row.lot_id}:{row.location_id}:{row.quantity}"
    return house.post("inventory:adjust", stock="A1", counted="9.5", reason="counted", expected=seen)


def send_back_what_was_made_here(house: House) -> str:
    stock.produce(
        origin=house.ana, product=house.bun, quantity=D(2), location=house.shop, total_cost=D(1), lot_code="M1",
        produced_on=clock.today(), expires_on=None,
    )  # fmt: skip
    return house.post("inventory:return_to_supplier", stock="M1", quantity="1", reason="bad")


def layered(house: House) -> None:
    """Salt without lots, bought at two prices: two layers in the book, one heap on the shelf; Ana keeps some."""
    salt = make_product("Salt", sku="SALT", lot_tracked=False)
    for cost in ("1", "2"):
        make_stock(salt, 5, house.shop, cost=cost)
    holds.place(origin=house.ana, lines=[HoldLine(salt, D(3))], locations=[house.shop])


def transfer_more_than_all_layers_have(house: House) -> str:
    layered(house)
    return house.post("inventory:transfer", stock="SALT", quantity="8", destination=house.cellar.code)


def waste_what_is_held_of_all_layers(house: House) -> str:
    layered(house)
    return house.post("inventory:waste", stock="SALT", quantity="8", reason="Spoiled")


def transfer_a_place(house: House) -> str:
    return house.post("inventory:transfer", stock=house.shop.code, quantity="3", destination=house.cellar.code)


def transfer_to_a_product(house: House) -> str:
    return house.post("inventory:transfer", stock="A1", quantity="3", destination="BUN")


def reverse_into_a_place_that_was_closed(house: House) -> str:
    lot = make_stock(house.bun, 3, house.cellar, lot_code="K1", expires_on=clock.today())
    moved = stock.transfer(lot=lot, quantity=D(3), source=house.cellar, destination=house.shop)
    with acting(house.olga):
        locations.close(house.cellar)
    return house.post("inventory:operation_reverse", moved.pk, reason="wrong")


def reverse_what_was_sold(house: House) -> str:
    lot = make_stock(house.bun, 3, house.shop, lot_code="K1", expires_on=clock.today())
    stock.waste(lot=lot, location=house.shop, quantity=D(2), reason="fell")
    receipt = StockOperation.objects.filter(kind="receipt").latest("pk")
    return house.post("inventory:operation_reverse", receipt.pk, reason="wrong")


def receive(house: House, **more: Any) -> str:
    """Three buns come, unless something else is said."""
    said = {"quantity": "3", "cost": "1", "lot_code": "N1", "expires_on": clock.today().isoformat(), **more}
    place = said.pop("location", house.shop.code)
    line = {f"line-0-{name}": value for name, value in said.items()}
    return house.post(
        "inventory:receive", do="post", lines="1", location=place, **{"line-0-product": house.bun.pk}, **line
    )


def receive_at_a_place_that_was_closed(house: House) -> str:
    with acting(house.olga):
        locations.close(house.cellar)
    return receive(house, location=house.cellar.code)


def receive_what_rounds_to_nothing(house: House) -> str:
    return receive(house, quantity="0.2")


def receive_in_words(house: House) -> str:
    return receive(house, quantity="2 cx")


def receive_nothing(house: House) -> str:
    return receive(house, quantity="0")


def receive_a_pack_of_something_else(house: House) -> str:
    bag = ProductUnit.objects.create(product=make_product("Flour"), name="Bag", numerator=25, denominator=1)
    ProductUnit.objects.create(product=house.bun, name="Tray", numerator=12, denominator=1)
    return receive(house, pack=bag.pk)


def receive_a_pack_that_is_gone(house: House) -> str:
    return receive(house, pack="999999")


def receive_what_has_expired(house: House) -> str:
    return receive(house, expires_on=(clock.today() - timedelta(days=2)).isoformat())


def receive_under_a_lot_of_another_day(house: House) -> str:
    return receive(house, lot_code="A1", expires_on=(clock.today() + timedelta(days=2)).isoformat())


def receive_without_expiry(house: House) -> str:
    house.bun.shelf_life_days, house.bun.lot_tracked = 4, True
    house.bun.save(update_fields=["shelf_life_days", "lot_tracked"])
    return receive(house, expires_on="")


def receive_into_a_closed_period(house: House) -> str:
    day = clock.today() - timedelta(days=3)
    with acting(house.olga):
        periods.close(day)
    line = {"line-0-product": house.bun.pk, "line-0-quantity": "3", "line-0-cost": "1"}
    head = {"location": house.shop.code, "came_on": day.isoformat()}
    return house.post("inventory:receive", do="post", lines="1", **head, **line)


def transfer_what_lies_in_two_places(house: House) -> str:
    stock.transfer(lot=house.lot, quantity=D(1), source=house.shop, destination=house.cellar)
    return house.post("inventory:transfer", stock="A1", quantity="1", destination="Cellar")
