import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.formats import date_format

from apps.crm.models import Address, Customer, LoyaltyProgram, PointTransaction
from apps.crm.services import customers, interactions, loyalty, purchases
from backoffice.kernel import clock
from backoffice.testing import screens as contract

from . import build

pytestmark = pytest.mark.django_db
VIEW = "crm.view_customer"


@pytest.fixture
def julia() -> Customer:
    customer = build.customer("Júlia Prado", document=build.CPF, phone="(41) 98840-2217", tags=["vip"])
    customers.add_address(customer, street="Rua das Acácias", number="210", city="Curitiba")
    return customer


def text(response: Any) -> str:
    return response.content.decode()


def htmx(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


def test_the_list_shows_whom_we_sell_to_with_masked_documents(as_user: Any, julia: Customer) -> None:
    build.customer("Bar do Zé", kind="company", document=build.CNPJ)

    page = text(as_user(VIEW).get(reverse("crm:customer_list")))

    assert "Júlia Prado" in page
    assert "Bar do Zé" in page
    assert "•••.982.•••-25" in page
    assert build.CPF not in page


def test_documents_are_whole_for_who_may_see_them(as_user: Any, julia: Customer) -> None:
    client = as_user(VIEW, "crm.view_document")

    assert build.CPF in text(client.get(reverse("crm:customer_list")))
    assert build.CPF in text(client.get(julia.get_absolute_url()))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=julia", ["Júlia Prado"]),
        ("?q=529.982", ["Júlia Prado"]),
        ("?q=98840-2217", ["Júlia Prado"]),
        ("?kind=company", ["Bar do Zé"]),
        ("?q=VIP", ["Júlia Prado"]),
        ("?seen=never", ["Bar do Zé"]),
        ("?seen=30", ["Júlia Prado"]),
        ("?seen=older", []),
        ("?seen=nonsense", ["Bar do Zé", "Júlia Prado"]),
        ("?points=some", ["Júlia Prado"]),
        ("?points=expiring", []),
        ("?view=companies", ["Bar do Zé"]),
        ("?view=lost", []),
        ("?sort=-spent", ["Júlia Prado", "Bar do Zé"]),
        ("?sort=points", ["Bar do Zé", "Júlia Prado"]),
    ],
)
def test_the_list_can_be_narrowed_and_sorted(as_user: Any, julia: Customer, query: str, found: list[str]) -> None:
    other = build.customer("Bar do Zé", kind="company")
    build.program(expiry_months=0)
    sale = interactions.note(other, summary="x")
    purchases.record(julia, origin=sale, at=clock.now(), channel_code="counter", amount=Decimal(20))
    loyalty.earn(julia, amount=Decimal(20), origin=sale, key="e")

    page = text(as_user(VIEW).get(reverse("crm:customer_list") + query, headers=htmx("table")))

    shown = re.findall(r"Júlia Prado|Bar do Zé", page)
    assert list(dict.fromkeys(shown)) == found


def test_an_export_needs_its_own_permission_and_masks_documents(as_user: Any, julia: Customer) -> None:
    address = reverse("crm:customer_list") + "?export=csv"
    assert as_user(VIEW).get(address).status_code == 403

    client = as_user(VIEW, "crm.export_customer", username="exporter")
    lines = b"".join(client.get(address)).decode()
    assert "Júlia Prado" in lines
    assert "•••.982.•••-25" in lines
    assert build.CPF not in lines


def test_a_customer_is_added_with_an_address(as_user: Any) -> None:
    client = as_user(VIEW, "crm.add_customer")
    data = {"kind": "individual", "name": "Ana", "document": build.CPF, "phone": "41 98840 2217", "tags": "a, b",
            "street": "Rua XV", "city": "Curitiba", "postal_code": "80000-123"}  # fmt: skip

    response = client.post(reverse("crm:customer_create"), data)

    customer = Customer.objects.get()
    assert response.status_code == 302
    assert (customer.document, customer.phone, customer.tags) == ("52998224725", "+5541988402217", ["a", "b"])
    assert customer.addresses.get().postal_code == "80000123"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("document", "111.111.111-11"),
        ("document", "123"),
        ("phone", "1"),
        ("name", ""),
        ("street", "Rua XV"),
        ("postal_code", "1"),
        ("email", "x"),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(as_user: Any, field: str, value: str) -> None:
    client = as_user(VIEW, "crm.add_customer")
    response = client.post(reverse("crm:customer_create"), {"kind": "individual", "name": "Ana", field: value})

    assert response.status_code == 422
    assert not Customer.objects.exists()


def test_a_twin_is_refused_with_the_name_of_the_other(as_user: Any, julia: Customer) -> None:
    client = as_user(VIEW, "crm.add_customer")
    response = client.post(reverse("crm:customer_create"), {"kind": "individual", "name": "X", "document": build.CPF})

    assert response.status_code == 422
    assert julia.code in text(response)


def test_an_edit_without_the_permission_keeps_the_document_unseen(as_user: Any, julia: Customer) -> None:
    client = as_user(VIEW, "crm.change_customer")
    address = reverse("crm:customer_edit", args=[julia.pk])
    page = text(client.get(address))
    assert "529" not in page

    data = {"kind": "individual", "name": "Júlia Lima", "is_active": "on", "revision": 1, "document": ""}
    assert client.post(address, data).status_code == 302
    julia.refresh_from_db()
    assert (julia.name, julia.document) == ("Júlia Lima", "52998224725")
    assert client.post(address, {**data, "name": "Somebody"}).status_code == 409


def test_the_page_tells_spend_time_line_and_points(as_user: Any, julia: Customer) -> None:
    build.program()
    sale = interactions.note(build.customer("Other"), summary="x")
    item = (build.product().pk, Decimal(2), Decimal("19.00"))
    purchases.record(julia, origin=sale, at=clock.now(), channel_code="counter", amount=Decimal("19.00"), items=[item])
    loyalty.earn(julia, amount=Decimal("19.00"), origin=sale, key="e")
    interactions.note(julia, summary="Rings the side door")

    page = text(as_user(VIEW).get(julia.get_absolute_url() + "?show="))

    for words in ("Rings the side door", "Croissant", "+19", "19.00", "Rua das Acácias", "•••.982.•••-25", "vip"):
        assert words in page, words
    assert "Add note" not in page


def test_who_bought_before_the_card_was_written_is_a_customer_since_then(as_user: Any, julia: Customer) -> None:
    client = as_user(VIEW)
    today = date_format(clock.local(julia.created_at), "SHORT_DATE_FORMAT")
    assert f"customer since {today}" in text(client.get(julia.get_absolute_url()))

    sale = interactions.note(build.customer("Other"), summary="x")
    item = (build.product().pk, Decimal(2), Decimal("19.00"))
    before = clock.now() - timedelta(days=40)
    purchases.record(julia, origin=sale, at=before, channel_code="counter", amount=Decimal("19.00"), items=[item])

    first = date_format(clock.local(before), "SHORT_DATE_FORMAT")
    assert f"customer since {first}" in text(client.get(julia.get_absolute_url()))


def test_the_time_line_can_be_narrowed_and_is_part_of_the_page(as_user: Any, julia: Customer) -> None:
    for number in range(35):
        interactions.note(julia, summary=f"Note {number}")
    client = as_user(VIEW)
    address = reverse("crm:customer_timeline", args=[julia.pk])

    fragment = text(client.get(address, headers=htmx("crm-timeline")))
    assert "<html" not in fragment
    assert "Show older" in fragment
    assert "Note 0<" not in text(client.get(address))
    assert "Note 0" in text(client.get(address + "?lines=60"))
    assert "Note 34" not in text(client.get(address + "?show=points"))
    assert client.get(address + "?show=nonsense&lines=x").status_code == 200


def test_a_note_is_written_by_who_may(as_user: Any, julia: Customer) -> None:
    address = reverse("crm:customer_note", args=[julia.pk])
    assert as_user(VIEW).post(address, {"summary": "x"}).status_code == 403

    client = as_user(VIEW, "crm.add_interaction", username="ana")
    assert client.get(address).status_code == 405
    assert client.post(address, {"summary": "Prefers it dark"}).status_code == 302
    note = julia.interactions.get()
    assert (note.summary, str(note.by)) == ("Prefers it dark", "Ana")
    assert client.post(address, {"summary": " "}).status_code == 409


def test_points_are_corrected_with_a_reason(as_user: Any, julia: Customer) -> None:
    build.program()
    address = reverse("crm:points_adjust", args=[julia.pk])
    assert as_user(VIEW).get(address).status_code == 403
    client = as_user(VIEW, "crm.adjust_points", username="ana")

    assert client.post(address, {"points": "10"}).status_code == 422
    assert client.post(address, {"points": "10", "reason": "forgotten"}).status_code == 302
    assert client.post(address, {"points": "-11", "reason": "too many"}).status_code == 409
    assert "forgotten" in text(client.get(reverse("crm:customer_timeline", args=[julia.pk])))
    assert "10" in text(client.get(reverse("crm:customer_points", args=[julia.pk])))


def test_a_correction_that_is_sent_twice_counts_once(as_user: Any, julia: Customer) -> None:
    build.program()
    address = reverse("crm:points_adjust", args=[julia.pk])
    client = as_user(VIEW, "crm.adjust_points")
    key = re.search(r'name="_key" value="(\w+)"', text(client.get(address)))
    assert key

    for _again in range(2):
        client.post(address, {"points": "10", "reason": "forgotten", "_key": key[1]})

    assert PointTransaction.objects.count() == 1


def test_addresses_come_and_go(as_user: Any, julia: Customer) -> None:
    client = as_user(VIEW, "crm.change_customer")
    new = client.post(reverse("crm:address_create", args=[julia.pk]), {"street": "Rua XV", "city": "Curitiba"})
    assert new.status_code == 302
    second = Address.objects.get(street="Rua XV")

    edited = {"street": "Rua XV", "number": "7", "city": "Curitiba"}
    assert client.post(reverse("crm:address_edit", args=[second.pk]), edited).status_code == 302
    assert client.post(reverse("crm:address_default", args=[second.pk])).status_code == 302
    second.refresh_from_db()
    assert (second.number, second.is_default) == ("7", True)
    assert client.post(reverse("crm:address_remove", args=[second.pk])).status_code == 302
    assert Address.objects.get().is_default


def test_the_program_is_shown_tried_and_changed(as_user: Any) -> None:
    client = as_user("crm.view_loyaltyprogram", "crm.add_loyaltyprogram", "crm.change_loyaltyprogram")
    page = reverse("crm:program")
    assert "no program" in text(client.get(page))
    data = {"code": "club", "name": "Club", "points_per_currency": "2", "minimum_amount": "5", "redeem_value": "0.05",
            "expiry_months": "6", "is_active": "on"}  # fmt: skip
    assert client.post(reverse("crm:program_create"), data).status_code == 302
    assert client.post(reverse("crm:program_create"), {**data, "code": "other"}).status_code == 422

    assert "<b>60</b>" in text(client.get(page + "?amount=30", headers=htmx("crm-simulator")))
    assert client.get(page + "?amount=nonsense").status_code == 200
    program = LoyaltyProgram.objects.get()
    edit = reverse("crm:program_edit", args=[program.pk])
    assert client.post(edit, {**data, "name": "Guild", "revision": 1}).status_code == 302
    assert "Guild" in text(client.get(reverse("crm:program_history", args=[program.pk])))


def test_the_history_does_not_tell_the_document(as_user: Any, julia: Customer) -> None:
    customers.update(julia, revision=1, name="Júlia Lima")

    page = text(as_user(VIEW).get(reverse("crm:customer_history", args=[julia.pk])))

    assert "Júlia Lima" in page
    assert "Rua das Acácias" in page
    assert "52998224725" not in page


def test_the_page_asks_the_same_number_of_queries_however_much_there_is(as_user: Any, julia: Customer) -> None:
    build.program()
    other = build.customer("Other")
    client = as_user(VIEW)
    counts = []
    for number in range(4):
        sale = interactions.note(other, summary="x")
        item = (build.product(f"P-{number}", f"Product {number}").pk, Decimal(1), Decimal(9))
        purchases.record(julia, origin=sale, at=clock.now(), channel_code="counter", amount=Decimal(9), items=[item])
        loyalty.earn(julia, amount=Decimal(9), origin=sale, key=f"e-{number}")
        interactions.note(julia, summary=f"Note {number}")
        customers.add_address(julia, street=f"Street {number}", city="Curitiba")
        with CaptureQueriesContext(connection) as queries:
            client.get(julia.get_absolute_url())
        counts.append(len(queries))

    assert counts[1] == counts[3], counts
    assert counts[3] <= 25


def test_fragments_are_parts_of_their_pages(as_owner: Any, julia: Customer) -> None:
    build.program()
    pages = {
        reverse("crm:customer_list"): ["table"],
        julia.get_absolute_url(): ["crm-figures", "crm-addresses"],
        reverse("crm:customer_timeline", args=[julia.pk]): ["crm-timeline"],
        reverse("crm:customer_points", args=[julia.pk]): ["crm-statement"],
        reverse("crm:program"): ["crm-simulator"],
    }
    for page, targets in pages.items():
        for target in targets:
            contract.assert_fragment_is_part_of_page(as_owner, page, target)


def test_the_list_asks_the_same_number_of_queries_for_one_row_and_for_many(as_user: Any) -> None:
    def add(count: int) -> None:
        for _number in range(count):
            customer = build.customer(f"Customer {Customer.objects.count()}")
            sale = interactions.note(customer, summary="x")
            purchases.record(customer, origin=sale, at=clock.now(), channel_code="counter", amount=Decimal(9))

    contract.assert_same_queries(as_user(VIEW), reverse("crm:customer_list"), add)


def test_many_customers_are_tagged_or_deactivated_at_once(as_user: Any, julia: Customer) -> None:
    other = build.customer("Bar do Zé")
    client = as_user(VIEW, "crm.change_customer")
    address = reverse("crm:customer_list")

    tag = {"action": "tag", "scope": "all", "confirm": "1", "tag": "xmas"}
    assert client.post(address, tag).status_code == 302
    assert client.post(address, {"action": "deactivate", "ids": [other.pk], "confirm": "1"}).status_code == 302

    assert sorted(Customer.objects.values_list("name", "is_active")) == [("Bar do Zé", False), ("Júlia Prado", True)]
    assert [sorted(customer.tags) for customer in Customer.objects.order_by("name")] == [["xmas"], ["vip", "xmas"]]
