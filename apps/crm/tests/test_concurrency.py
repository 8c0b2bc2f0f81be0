"""Points under load: what is true for one is true for four processes at once, on both databases."""

import pytest

from apps.crm.models import Customer
from apps.crm.selectors.loyalty import differences
from apps.crm.services import loyalty
from backoffice.kernel.locks import retry_conflict
from backoffice.testing.crowd import Crowd

from . import build

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def redeem(customer: int, number: int) -> None:
    retry_conflict(loyalty.redeem)(Customer.objects.get(pk=customer), points=10, key=f"r-{number}")


def test_a_hundred_redemptions_of_ten_from_fifty_are_five(crowd: Crowd) -> None:
    customer = build.customer()
    build.program()
    loyalty.adjust(customer, points=50, reason="welcome")

    outcome = crowd.do(f"{redeem.__module__}:redeem", [(customer.pk, number) for number in range(100)])

    assert outcome.names == {"done": 5, "NotEnoughPoints": 95}
    assert loyalty.balance(customer) == 0
    assert differences() == []
