"""The screens of cost corrections: saying it, seeing what follows, applying it, and who may."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.inventory.errors import BadCorrection
from apps.inventory.models import CostCorrection, Move, StockBalance, StockOperation
from apps.inventory.selectors import ledger
from apps.inventory.services import cost_corrections, purchasing, stock
from apps.inventory.services.stock import ReceiptLine
from apps.inventory.tests.factories import make_location, make_product, make_stock
from backoffice.outbox import runner
from backoffice.outbox.models import Directive

pytestmark = pytest.mark.django_db
D = Decimal
MAY = ("inventory.correct_cost", "inventory.view_costcorrection", "inventory.view_stockoperation")


@pytest.fixture
def receipt() -> StockOperation:
    lot = make_stock(make_product("Flour"), 50, make_location("Store"), cost="4", lot_code="F-1")
    return StockOperation.objects.get(moves__lot=lot)


def amount(receipt: StockOperation, value: str, field: str = "amount", **more: str) -> dict[str, str]:
    return {f"{field}_{receipt.moves.get().pk}": value, "reason": "The invoice came", **more}


def test_from_the_receipt_to_the_books(as_user, receipt):
    client = as_user(*MAY)
    page = client.get(receipt.get_absolute_url()).text
    url = reverse("inventory:cost_correct", args=[receipt.pk])
    assert url in page
    assert "200.00" in client.get(url).text

    answer = client.post(url, amount(receipt, "250.00"))

    correction = CostCorrection.objects.get()
    assert answer.headers["location"] == correction.get_absolute_url()
    shown = client.get(correction.get_absolute_url()).text
    assert "Nothing is posted yet" in shown
    assert "250.00" in shown
    assert "5.0000" in shown
    assert StockBalance.objects.get().value == D(200)
    client.post(reverse("inventory:correction_apply", args=[correction.pk]))
    assert "applied in the background" in client.get(correction.get_absolute_url()).text
    runner.drain()
    done = client.get(correction.get_absolute_url()).text
    assert "Nothing is posted yet" not in done
    assert "250.00" in done
    assert StockBalance.objects.get().value == D(250)
    assert correction.number in client.get(receipt.get_absolute_url()).text
    assert correction.number in client.get(reverse("inventory:correction_list")).text
    assert "The invoice came" in client.get(reverse("inventory:correction_history", args=[correction.pk])).text
    file = client.get(correction.get_absolute_url() + "?export=csv")
    assert ",200,250" in b"".join(file).decode()


def test_the_price_of_one_is_as_good_and_the_two_must_agree(as_user, receipt):
    client = as_user(*MAY)
    url = reverse("inventory:cost_correct", args=[receipt.pk])
    move = receipt.moves.get()
    both = amount(receipt, "250", **{f"price_{move.pk}": "4.5"})
    assert "Fill in one of the two" in client.post(url, both).text
    assert "at least one line" in client.post(url, {"reason": "x"}).text
    assert client.post(url, amount(receipt, "-1")).status_code == 422
    assert client.post(url, {**amount(receipt, "250"), "reason": ""}).status_code == 422
    assert "nothing would change" in client.post(url, amount(receipt, "200")).text
    assert not CostCorrection.objects.exists()

    client.post(url, amount(receipt, "5", "price"))

    assert CostCorrection.objects.get().lines.get().after == D(250)


def test_twice_the_same_form_is_one_draft_and_another_is_told_of_it(as_user, receipt):
    client = as_user(*MAY)
    url = reverse("inventory:cost_correct", args=[receipt.pk])
    for _time in range(2):
        client.post(url, amount(receipt, "250", _key="one"))
    other = client.post(url, amount(receipt, "260", _key="two"))

    assert CostCorrection.objects.count() == 1
    assert other.status_code == 409
    assert "is being corrected already" in other.text
    assert CostCorrection.objects.get().get_absolute_url() in other.text


def test_while_one_is_being_applied_it_is_not_asked_to_apply_it(as_user, receipt):
    client = as_user(*MAY)
    cost_corrections.apply(cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(250)}, reason="Invoice"))
    other = client.post(reverse("inventory:cost_correct", args=[receipt.pk]), amount(receipt, "260"))
    assert other.status_code == 409
    assert "is being applied. Correct it again once that is done." in other.text
    runner.drain()
    assert client.post(reverse("inventory:cost_correct", args=[receipt.pk]), amount(receipt, "260")).status_code == 302


def test_only_who_may(as_user, receipt):
    client = as_user("inventory.view_stockoperation", "inventory.view_lot")
    url = reverse("inventory:cost_correct", args=[receipt.pk])
    assert url not in client.get(receipt.get_absolute_url()).text
    assert client.post(url, amount(receipt, "250")).status_code == 403
    move = receipt.moves.get()
    correction = cost_corrections.draft(receipt, values={move.pk: D(250)}, reason="Invoice")
    assert client.get(correction.get_absolute_url()).status_code == 403
    assert client.post(reverse("inventory:correction_apply", args=[correction.pk])).status_code == 403
    assert client.get(reverse("inventory:lot_cost", args=[move.lot_id])).status_code == 403


def test_from_the_lot_and_a_lot_that_was_made_says_where_to_go(as_user, receipt):
    client = as_user(*MAY, "inventory.view_lot")
    lot = receipt.moves.get().lot
    answer = client.get(reverse("inventory:lot_cost", args=[lot.pk]))
    assert answer.headers["location"].startswith(reverse("inventory:cost_correct", args=[receipt.pk]))
    stock.reverse(receipt, reason="Wrong lorry")
    assert "It was not received" in client.get(reverse("inventory:lot_cost", args=[lot.pk])).text


def test_a_receipt_that_was_corrected_by_another_goes_back_to_be_looked_at(as_user, receipt):
    client = as_user(*MAY)
    move = receipt.moves.get()
    correction = cost_corrections.draft(receipt, values={move.pk: D(250)}, reason="Invoice")
    cost_corrections.apply(correction)
    stock.reverse(receipt, reason="Wrong lorry")
    runner.drain()

    page = client.get(correction.get_absolute_url()).text

    assert "was taken back by" in page
    correction.refresh_from_db()
    assert correction.status == "draft"


def test_money_that_goes_there_and_back_has_no_total(as_user, receipt):
    """100 more came and 80 of it went on to customers: the posting was said to be worth 180."""
    lot = receipt.moves.get().lot
    stock.waste(lot=lot, location=receipt.moves.get().destination, quantity=D(40), reason="Mould")
    correction = cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(300)}, reason="Invoice")
    cost_corrections.apply(correction)
    runner.drain()
    correction.refresh_from_db()
    client = as_user(*MAY)
    for page in (
        client.get(correction.operation.get_absolute_url()).text,
        client.get(reverse("inventory:operation_sheet", args=[correction.operation.pk])).text,
        client.get(reverse("inventory:operation_list")).text,
        b"".join(client.get(reverse("inventory:operation_list") + "?export=csv")).decode(),
    ):
        assert "180.00" not in page
        assert ",180," not in page
        assert correction.operation.number in page


def test_a_job_that_was_given_up_says_so(as_user, receipt):
    client = as_user(*MAY)
    correction = cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(250)}, reason="Invoice")
    cost_corrections.apply(correction)
    Directive.objects.update(status="dead")

    assert "The job was given up" in client.get(correction.get_absolute_url()).text


@pytest.mark.parametrize("status", ["dead", "cancelled", "queued"])
def test_one_whose_job_ended_can_be_discarded_and_the_receipt_corrected_anew(as_user, receipt, status):
    """It stayed "being applied" for ever, and the receipt could never be corrected again."""
    client = as_user(*MAY)
    correction = cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(250)}, reason="Invoice")
    cost_corrections.apply(correction)
    Directive.objects.update(status=status)
    discard = reverse("inventory:correction_discard", args=[correction.pk])
    assert discard in client.get(correction.get_absolute_url()).text

    assert client.post(discard).status_code == 302

    correction.refresh_from_db()
    assert correction.status == "discarded"
    Directive.objects.update(status="queued")
    runner.drain()
    assert StockBalance.objects.get().value == D(200)
    client.post(reverse("inventory:cost_correct", args=[receipt.pk]), amount(receipt, "251"))
    client.post(reverse("inventory:correction_apply", args=[CostCorrection.objects.latest("pk").pk]))
    runner.drain()
    assert StockBalance.objects.get().value == D(251)


@pytest.mark.parametrize("field", ["amount", "price"])
@pytest.mark.parametrize("typed", ["7891234567890", "99999999999999"])
def test_a_code_that_was_scanned_into_the_field_is_no_cost(as_user, receipt, field, typed):
    """A price of fourteen digits was a fault of the server, and one of thirteen was in the books."""
    client = as_user(*MAY)
    answer = client.post(reverse("inventory:cost_correct", args=[receipt.pk]), amount(receipt, typed, field))
    assert answer.status_code == 422
    assert "Was a code scanned into the field?" in answer.text
    assert not CostCorrection.objects.exists()
    with pytest.raises(BadCorrection, match="less than"):
        cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(10) ** 9}, reason="Invoice")


def test_the_price_of_a_purchase_is_that_of_its_pack(as_user):
    place, flour = make_location("Store"), make_product("Flour")
    from apps.catalog.models import ProductUnit
    from apps.inventory.models import Supplier

    bag = ProductUnit.objects.create(product=flour, name="Bag", numerator=25, denominator=1)
    supplier = Supplier.objects.create(code="M", name="Mill")
    order = purchasing.draft(supplier, location=place)
    purchasing.set_line(order, product=flour, quantity=D(2), pack=bag, price=D(90))
    purchasing.send(order)
    operation = purchasing.receive(
        order, location=place, lines=[ReceiptLine(flour, D(2), pack=bag, pack_cost=D(90), lot_code="F-1")]
    )
    client = as_user(*MAY, "inventory.view_purchaseorder")
    page = client.get(order.get_absolute_url()).text
    url = reverse("inventory:cost_correct", args=[operation.pk])
    assert url in page
    assert "Bag" in client.get(url).text

    client.post(url, amount(operation, "92", "price"))
    correction = CostCorrection.objects.get()
    client.post(reverse("inventory:correction_apply", args=[correction.pk]))
    runner.drain()

    assert StockBalance.objects.get().value == D(184)
    page = client.get(order.get_absolute_url()).text
    assert "92.00" in page
    assert "+2.00" in page


def test_a_file_speaks_the_language_of_who_asked_for_it(as_user, receipt):
    """Lines that are written while the file is sent were in the language of the house."""
    client = as_user(*MAY, "inventory.view_lot", language="pt-br")
    correction = cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(250)}, reason="Invoice")
    file = b"".join(client.get(correction.get_absolute_url() + "?export=csv")).decode()
    assert "custo unitário" in file
    assert "recebimento" in file
    assert "unit cost" not in file
    lots = b"".join(client.get(reverse("inventory:lot_list") + "?export=csv")).decode()
    assert "F-1" in lots


def test_the_pages_ask_as_often_for_many_rows_as_for_few(as_owner, django_assert_max_num_queries, receipt):
    correction = cost_corrections.draft(receipt, values={receipt.moves.get().pk: D(250)}, reason="Invoice")
    as_owner.get(correction.get_absolute_url())
    cost_corrections.apply(correction)
    runner.drain()
    as_owner.get(correction.get_absolute_url())
    with django_assert_max_num_queries(24):
        as_owner.get(correction.get_absolute_url())


def test_a_correction_moves_value_only_so_the_stock_card_keeps_silent(receipt):
    move = receipt.moves.get()
    before = [line.move for line in ledger.card(move.product).lines]

    correction = cost_corrections.draft(receipt, values={move.pk: D(250)}, reason="Invoice")
    cost_corrections.apply(correction)
    runner.drain()

    correction.refresh_from_db()
    assert correction.status == "applied"
    assert Move.objects.filter(product=move.product).count() > len(before)
    assert [line.move for line in ledger.card(move.product).lines] == before
