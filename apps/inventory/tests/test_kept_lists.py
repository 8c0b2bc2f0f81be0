"""Lists and the stock card whose statements are kept show what the plain ones did."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory.models import Hold
from apps.inventory.selectors import availability
from apps.inventory.services import holds
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_origin, make_product, make_stock
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def promised(shop):
    """An order that holds two products, of one more than there is; and one that let go."""
    buns, cakes = make_product("Bun"), make_product("Cake")
    for product in (buns, cakes):
        make_stock(product, 10, shop, cost="2")
    gone = make_origin("order-1")
    holds.place(origin=gone, lines=[HoldLine(buns, D(3))], locations=[shop])
    holds.release_for(gone, reason="gone")
    order = make_origin("order-2")
    holds.place(origin=order, lines=[HoldLine(buns, D(4)), HoldLine(cakes, D(14))], locations=[shop], partial=True)
    return buns, cakes


def test_each_tab_of_the_holds_shows_its_own(sign_in, promised):
    client, url = sign_in("view_hold"), reverse("inventory:hold_list")

    def found(view: str) -> list[tuple[str, Decimal]]:
        answer = client.get(url, {"view": view} if view else {})
        return [(row.product.name, row.missing) for row in answer.context["page"].rows]

    assert sorted(found("")) == [("Bun", D(0)), ("Cake", D(4))]
    assert found("waiting") == [("Cake", D(4))]
    assert [name for name, _missing in found("ended")] == ["Bun"]


def test_a_hold_that_ended_has_a_menu_without_verbs_and_no_box_to_tick(sign_in, promised):
    """The menu was not found; and of what was ticked nothing could be released."""
    client, url = sign_in("view_hold", "release_hold"), reverse("inventory:hold_list")
    ended = Hold.objects.exclude(status="active").get()

    page = client.get(url, {"menu": ended.pk})
    menu = client.get(url, {"menu": ended.pk}, headers={"HX-Request": "true", "HX-Target": "row-menu"})
    assert [answer.status_code for answer in (page, menu)] == [200, 200]
    for answer in (page, menu):
        assert "Nothing can be done here now." in answer.content.decode()
        assert reverse("inventory:hold_release", args=[ended.pk]) not in answer.content.decode()

    assert "name=ids" not in client.get(url, {"view": "ended"}).content.decode()
    assert "name=ids" in client.get(url).content.decode()


def test_a_hold_says_since_when_it_holds(sign_in, promised):
    """It said "made", which in other languages is what bakers do."""
    hold = Hold.objects.filter(status="active").first()
    text = sign_in("view_hold").get(reverse("inventory:hold_detail", args=[hold.pk])).content.decode()
    assert "<dt>Held since</dt>" in text
    assert "<dt>Made</dt>" not in text


def test_why_is_the_same_with_kept_statements_and_with_those_for_a_place(promised, shop):
    for product in promised:
        kept = availability.why(product)
        plain = availability.why(product, locations=[shop], on=clock.today())

        assert kept.numbers == plain.numbers
        assert [line.balance for line in kept.lots] == [line.balance for line in plain.lots]
        assert [(hold.hold, hold.asked, hold.backed) for hold in kept.holds] == [
            (hold.hold, hold.asked, hold.backed) for hold in plain.holds
        ]
        assert kept.holds[0].hold.origin == Hold.objects.get(product=product, status="active").origin


@pytest.mark.parametrize(
    ("permission", "verbs"), [("waste_stock", {"waste"}), ("adjust_stock", {"adjust", "return", "split", "merge"})]
)
def test_the_menu_of_a_lot_has_what_this_person_may_do(sign_in, promised, permission, verbs):
    client = sign_in("view_stockbalance", permission)

    text = client.get(reverse("inventory:product_card", args=[promised[0].pk])).content.decode()

    names = {
        "transfer": "transfer", "waste": "waste", "adjust": "adjust", "return": "return_to_supplier",
        "split": "lot_split", "merge": "lot_merge",
    }  # fmt: skip
    shown = {verb for verb, name in names.items() if f'hx-get="{reverse(f"inventory:{name}")}?stock=' in text}
    assert shown == verbs
