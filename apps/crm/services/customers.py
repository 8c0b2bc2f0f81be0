"""Customers and their addresses: written down, changed, switched off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.catalog.models import PriceList
from apps.crm.errors import CustomerExists
from apps.crm.models import Address, Customer, documents, phones
from backoffice.kernel import numbering, state
from backoffice.kernel.errors import DomainError
from backoffice.kernel.locks import lock

FIELDS = (
    "kind",
    "name",
    "trade_name",
    "document",
    "email",
    "phone",
    "birthday",
    "tags",
    "price_list",
    "notes",
    "is_active",
)
ADDRESS_FIELDS = (
    "label",
    "street",
    "number",
    "complement",
    "neighbourhood",
    "city",
    "state",
    "postal_code",
    "is_default",
)


@transaction.atomic
def create(
    *,
    name: str,
    kind: str = Customer.Kind.INDIVIDUAL,
    trade_name: str = "",
    document: str = "",
    email: str = "",
    phone: str = "",
    birthday: date | None = None,
    tags: Iterable[str] = (),
    price_list: PriceList | None = None,
    notes: str = "",
    is_active: bool = True,
    code: str = "",
) -> Customer:
    """Write down a new customer; without a code the next "CU-…" is given.

    Raises CustomerExists when somebody else has the document, ValidationError when a field is wrong.
    """
    customer = Customer(
        code=code or f"CU-{numbering.next_value('customer'):04d}",
        kind=kind,
        name=name.strip(),
        trade_name=trade_name.strip(),
        document=documents.normalise(document),
        email=email.strip().lower(),
        phone=phones.normalise(phone),
        birthday=birthday,
        tags=clean_tags(tags),
        price_list=price_list,
        notes=notes,
        is_active=is_active,
    )
    _refuse_twin(customer)
    customer.search_text = customer.searchable()
    customer.full_clean(validate_constraints=False)
    customer.save()
    return customer


@transaction.atomic
def update(customer: Customer, *, revision: int, **changes: Any) -> Customer:
    """Change fields named in FIELDS. Raises StaleRevision when somebody was faster, CustomerExists for a twin."""
    _only(changes, FIELDS)
    customer = lock(customer)
    state.check_revision(customer, revision)
    for name, value in changes.items():
        setattr(customer, name, value)
    customer.name = customer.name.strip()
    customer.document = documents.normalise(customer.document)
    customer.phone = phones.normalise(customer.phone)
    customer.email = customer.email.strip().lower()
    customer.tags = clean_tags(customer.tags)
    customer.search_text = customer.searchable()
    _refuse_twin(customer)
    customer.full_clean(validate_constraints=False)
    return state.save_revised(customer, revision=revision)


@transaction.atomic
def add_tag(customer: Customer, *, tag: str) -> Customer:
    """Put a tag on a customer; a tag that is there already changes nothing."""
    customer = lock(customer)
    if tag in customer.tags:
        return customer
    return update(customer, revision=customer.revision, tags=[*customer.tags, tag])


@transaction.atomic
def deactivate(customer: Customer) -> Customer:
    """Hide a customer from search and from new sales; nothing is deleted."""
    customer = lock(customer)
    if not customer.is_active:
        return customer
    return update(customer, revision=customer.revision, is_active=False)


@transaction.atomic
def add_address(
    customer: Customer,
    *,
    street: str,
    city: str,
    number: str = "",
    complement: str = "",
    neighbourhood: str = "",
    state: str = "",
    postal_code: str = "",
    label: str = "",
    is_default: bool = False,
) -> Address:
    """Write down where a customer can be found. The first address becomes the default."""
    customer = lock(customer)
    first = not customer.addresses.exists()
    address = Address(
        customer=customer,
        label=label,
        street=street,
        number=number,
        complement=complement,
        neighbourhood=neighbourhood,
        city=city,
        state=state.upper(),
        postal_code=normalise_postal_code(postal_code),
        is_default=first,
    )
    address.full_clean(validate_constraints=False)
    address.save()
    return make_default(address) if is_default and not first else address


@transaction.atomic
def update_address(address: Address, **changes: Any) -> Address:
    """Change an address. Making it the default takes that from the others; a default cannot simply be unset."""
    _only(changes, ADDRESS_FIELDS)
    wants_default = bool(changes.pop("is_default", address.is_default))
    lock(address.customer)
    for name, value in changes.items():
        setattr(address, name, value)
    address.state = address.state.upper()
    address.postal_code = normalise_postal_code(address.postal_code)
    address.full_clean(validate_constraints=False)
    address.save()
    if wants_default and not address.is_default:
        return make_default(address)
    return address


@transaction.atomic
def make_default(address: Address) -> Address:
    """Let this be the customer's default address, and no other."""
    lock(address.customer)
    for other in Address.objects.filter(customer_id=address.customer_id, is_default=True).exclude(pk=address.pk):
        other.is_default = False
        other.save(update_fields=["is_default", "updated_at"])
    address.is_default = True
    address.save(update_fields=["is_default", "updated_at"])
    return address


@transaction.atomic
def remove_address(address: Address) -> None:
    """Forget an address. When it was the default, the oldest of the others takes its place."""
    lock(address.customer)
    customer_id, was_default = address.customer_id, address.is_default
    address.delete()
    if was_default and (heir := Address.objects.filter(customer_id=customer_id).order_by("pk").first()):
        make_default(heir)


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags without blanks and doubles, in the order given."""
    return list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


def normalise_postal_code(text: str) -> str:
    """A CEP is eight digits; raises DomainError otherwise. "" stays ""."""
    digits = "".join(character for character in text if character.isdigit())
    if text.strip() and len(digits) != 8:
        raise DomainError(_("A postal code (CEP) has eight digits."), field="postal_code")
    return digits


def _refuse_twin(customer: Customer) -> None:
    twin = Customer.objects.with_document(customer.document).exclude(pk=customer.pk).first()
    if twin is not None:
        raise CustomerExists(code=twin.code, name=twin.name)


def _only(changes: Mapping[str, Any], allowed: Iterable[str]) -> None:
    unknown = set(changes) - set(allowed)
    if unknown:
        raise TypeError(f"not a field that may be changed here: {', '.join(sorted(unknown))}")
