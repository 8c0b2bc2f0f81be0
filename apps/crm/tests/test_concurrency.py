"""Points under load: what is true for one is true for many at once, on both databases."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from apps.crm.errors import NotEnoughPoints
from apps.crm.selectors.loyalty import differences
from apps.crm.services import loyalty
from backoffice.kernel.locks import retry_conflict

from . import build

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.race]


def test_a_hundred_redemptions_of_ten_from_fifty_are_five() -> None:
    customer = build.customer()
    build.program()
    loyalty.adjust(customer, points=50, reason="welcome")

    def redeem(number: int) -> bool:
        try:
            retry_conflict(loyalty.redeem)(customer, points=10, key=f"r-{number}")
        except NotEnoughPoints:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(redeem, range(100)))

    assert (outcomes.count(True), loyalty.balance(customer)) == (5, 0)
    assert differences() == []
    assert connection.is_usable()
