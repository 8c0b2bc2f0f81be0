"""The demo bakery's stock happens in an order that a shelf can follow."""

import io
from collections import defaultdict
from decimal import Decimal

import pytest
from django.core.management import call_command

from apps.inventory.models import Location, Move


@pytest.mark.django_db
def test_nothing_is_taken_before_it_came() -> None:
    call_command("seed_demo", "--password=let-me-in-demo", verbosity=0, stdout=io.StringIO())
    counted = set(Location.objects.physical().values_list("pk", flat=True))
    there: dict[tuple[int, int], Decimal] = defaultdict(Decimal)
    moves = Move.objects.select_related("product", "operation").order_by("operation__occurred_at", "pk")
    for move in moves:
        for place, sign in ((move.source_id, -1), (move.destination_id, 1)):
            if place in counted:
                there[move.lot_id, place] += sign * move.quantity
                assert there[move.lot_id, place] >= 0, f"{move.product} {move.operation.occurred_at:%d %H:%M}"
    assert len(there) > 30
