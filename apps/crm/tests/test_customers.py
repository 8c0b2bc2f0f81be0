from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.crm import search
from apps.crm.errors import CustomerExists
from apps.crm.models import Address, Customer
from apps.crm.services import customers, interactions
from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError, StaleRevision

from . import build

pytestmark = pytest.mark.django_db


def test_a_customer_is_kept_normalised_and_gets_the_next_code() -> None:
    first = build.customer(" Júlia Prado ", document=build.CPF, phone="(41) 98840-2217", email=" Julia@Mail.Example ")
    second = build.customer("Bar do Zé", kind=Customer.Kind.COMPANY, document=build.CNPJ_WITH_LETTERS)

    assert (first.name, first.document, first.phone) == ("Júlia Prado", "52998224725", "+5541988402217")
    assert first.email == "julia@mail.example"
    assert (first.code, second.code) == ("CU-0001", "CU-0002")
    assert (first.document_name, second.document_name) == ("CPF", "CNPJ")


def test_a_document_belongs_to_one_customer_but_many_have_none() -> None:
    first = build.customer(document=build.CPF)
    build.customer("Without one")
    build.customer("Without one either")

    with pytest.raises(CustomerExists, match=first.code) as refused:
        build.customer("Twin", document="52998224725")
    assert refused.value.field == "document"
    with pytest.raises(IntegrityError), transaction.atomic():
        Customer.objects.create(code="X", name="Twin", document="52998224725")


def test_wrong_documents_and_telephones_never_reach_the_table() -> None:
    for wrong in ({"document": "111.111.111-11"}, {"phone": "123"}, {"email": "nobody"}, {"name": "  "}):
        with pytest.raises((ValidationError, DomainError)):
            build.customer(**{"name": "Somebody", **wrong})
    assert not Customer.objects.exists()


def test_nobody_is_born_tomorrow() -> None:
    with pytest.raises(ValidationError, match="still to come"):
        build.customer(birthday=clock.today() + timedelta(days=1))
    customer = build.customer(birthday=clock.today())
    with pytest.raises(ValidationError, match="still to come"):
        customers.update(customer, revision=customer.revision, birthday=clock.today() + timedelta(days=1))


def test_search_ignores_case_accents_and_separators() -> None:
    julia = build.customer("Júlia Prado", document=build.CPF, phone="(41) 98840-2217", tags=["Café da manhã"])
    build.customer("Bar do Zé")

    for text in ("café", "julia", "PRADO júl", "529.982.247-25", "52998224725", "98840-2217", julia.code):
        assert list(Customer.objects.matching(text)) == [julia], text
    assert not Customer.objects.matching("julia ze").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rado", True),
        ("9.982", True),
        ("2217", True),
        ("jú ado 72", True),
        ("da manhã", True),
        ("", True),
        ("rdo", False),
        ("pra xyz", False),
        ("zz prado", False),
        ('"', False),
        ('pra"do', True),  # its letters alone are there
        ("julia OR xyz", False),
        ("jul*", True),
        ("%do", True),
        ("p_a", False),
        ("'--", False),
        ("{a,b}", False),
    ],
)
def test_a_word_is_found_anywhere_in_a_customer(text: str, found: bool) -> None:
    julia = build.customer("Júlia Prado", document=build.CPF, phone="(41) 98840-2217", tags=["Café da manhã"])

    assert list(Customer.objects.matching(text)) == ([julia] if found else [])


def test_who_is_renamed_or_gone_is_found_no_more() -> None:
    julia = build.customer("Júlia Prado")
    customers.update(julia, revision=1, name="Júlia Lima")
    assert not Customer.objects.matching("prado").exists()
    assert Customer.objects.matching("lima").exists()

    Customer.objects.filter(pk=julia.pk).delete()
    assert not Customer.objects.matching("lima").exists()


def test_the_palette_finds_active_customers_by_name(user_with: Callable[..., Any]) -> None:
    for name in ("Prado B", "Prado A", "Prado C"):
        build.customer(name)
    Customer.objects.filter(name="Prado C").update(is_active=False)

    assert [hit.title for hit in search.customers("prado", user_with("crm.view_customer"))] == ["Prado A", "Prado B"]
    assert search.customers("prado", user_with(username="stranger")) == []


def test_an_edit_names_the_revision_it_saw() -> None:
    customer = build.customer()
    customers.update(customer, revision=1, name="Júlia Prado Lima", tags=["vip", " vip ", ""])

    with pytest.raises(StaleRevision):
        customers.update(customer, revision=1, name="Somebody else")
    customer.refresh_from_db()
    assert (customer.name, customer.tags, customer.revision) == ("Júlia Prado Lima", ["vip"], 2)
    assert list(Customer.objects.matching("lima")) == [customer]
    assert customer.history.count() == 2


def test_only_named_fields_can_be_changed() -> None:
    with pytest.raises(TypeError):
        customers.update(build.customer(), revision=1, code="CU-9999")


def test_there_is_one_default_address() -> None:
    customer = build.customer()
    home = customers.add_address(
        customer, street="Rua das Acácias", number="210", city="Curitiba", postal_code="80000-123"
    )
    shop = customers.add_address(customer, street="Rua XV", city="Curitiba", state="pr")
    assert [home.is_default, shop.is_default, home.postal_code, shop.state] == [True, False, "80000123", "PR"]

    customers.make_default(shop)
    assert list(Address.objects.filter(is_default=True)) == [shop]
    customers.remove_address(shop)
    assert list(Address.objects.filter(is_default=True)) == [home]
    with pytest.raises(IntegrityError), transaction.atomic():
        Address.objects.create(customer=customer, street="x", city="y", is_default=True)
    with pytest.raises(DomainError):
        customers.add_address(customer, street="x", city="y", postal_code="123")


def test_a_note_needs_words() -> None:
    customer = build.customer()
    interactions.note(customer, summary="Rings the side door")

    with pytest.raises(DomainError):
        interactions.note(customer, summary="  ")
    assert [entry.summary for entry in customer.interactions.all()] == ["Rings the side door"]
