from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.crm.models import Customer, Purchase
from apps.crm.selectors import customers as figures
from apps.crm.selectors import timeline
from apps.crm.services import interactions, loyalty, purchases

from . import build

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def bought(customer: object, day: int, amount: str, origin: object | None = None, **fields: object) -> Purchase:
    return purchases.record(
        customer,  # type: ignore[arg-type]
        origin=origin or build.origin(),  # type: ignore[arg-type]
        at=datetime(2026, 11, day, 12, tzinfo=UTC),
        channel_code="counter",
        amount=Decimal(amount),
        **fields,  # type: ignore[arg-type]
    )


def test_a_purchase_is_written_once_and_taken_back_once() -> None:
    customer, sale = build.customer(), build.origin()
    bought(customer, 1, "10.00", origin=sale)
    bought(customer, 1, "10.00", origin=sale)
    assert figures.summary(customer, today=TODAY).orders == 1

    purchases.reverse(sale)
    purchases.reverse(sale)
    summary = figures.summary(customer, today=TODAY)
    assert (summary.orders, summary.spent, summary.last_at) == (0, 0, None)


def test_the_summary_counts_spend_average_and_favourites() -> None:
    customer = build.customer()
    croissant, bread = build.product(), build.product("PA-2", "Bread")
    one, two = Decimal(1), Decimal(2)
    bought(customer, 1, "20.00", items=[(croissant.pk, two, Decimal(15)), (bread.pk, one, Decimal(5))])
    bought(customer, 11, "10.01", items=[(croissant.pk, one, Decimal("10.01"))])
    bought(customer, 21, "0.02", items=[(bread.pk, Decimal(9), Decimal("0.02"))])
    bought(build.customer("Somebody else"), 22, "999.00", items=[(bread.pk, Decimal(90), Decimal(999))])

    summary = figures.summary(customer, today=TODAY)

    assert (summary.orders, summary.orders_in_year, summary.spent) == (3, 3, Decimal("30.03"))
    assert (summary.average, summary.every_days) == (Decimal("10.01"), 10)
    assert [(favourite.product.name, favourite.purchases) for favourite in summary.favourites] == [
        ("Bread", 2),
        ("Croissant", 2),
    ]


def test_a_list_of_customers_with_figures_is_one_query(django_assert_num_queries: object) -> None:
    people = [build.customer(f"Customer {number}") for number in range(3)]
    bought(people[0], 1, "20.00")
    bought(people[0], 2, "0.50")
    build.program()
    loyalty.adjust(people[1], points=7, reason="welcome")

    with django_assert_num_queries(1):  # type: ignore[operator]
        rows = list(figures.with_figures(Customer.objects.exclude(code="ORIGIN").order_by("pk")))

    assert [(row.orders_count, row.spent, row.points) for row in rows] == [  # type: ignore[attr-defined]
        (2, Decimal("20.50"), 0),
        (0, Decimal(0), 7),
        (0, Decimal(0), 0),
    ]
    assert [row.last_at and row.last_at.day for row in rows] == [2, None, None]  # type: ignore[attr-defined]


def test_the_time_line_merges_notes_purchases_and_points_newest_first() -> None:
    customer, sale = build.customer(), build.origin()
    build.program()
    bought(customer, 1, "20.00", origin=sale, items=[(build.product().pk, Decimal(1), Decimal(20))])
    interactions.note(customer, summary="Rings the side door", at=datetime(2026, 11, 2, 12, tzinfo=UTC))
    loyalty.earn(customer, amount=Decimal(20), origin=sale, key="e")

    line = timeline.of(customer)

    assert sorted(entry.kind for entry in line.entries) == ["note", "points", "purchase"]
    assert [entry.at for entry in line.entries] == sorted((entry.at for entry in line.entries), reverse=True)
    assert {entry.lead for entry in line.entries if entry.kind == "points"} == {"+20"}
    assert timeline.of(customer, limit=2).more
    assert [entry.kind for entry in timeline.of(customer, kind="notes").entries] == ["note"]


def test_what_sellers_write_about_an_order_gives_way_to_its_purchase() -> None:
    customer, sale, other = build.customer(), build.origin(), build.origin("open")
    interactions.note(customer, summary="Order 1", kind="order", origin=sale)
    interactions.note(customer, summary="Order 2", kind="order", origin=other)
    assert [entry.text for entry in timeline.of(customer).entries] == ["Order 2", "Order 1"]

    bought(customer, 1, "20.00", origin=sale)

    assert [entry.text for entry in timeline.of(customer).entries] == ["Order 2", "Bought"]
