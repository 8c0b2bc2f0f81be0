"""What the home page says of sales."""

import pytest
from django.urls import reverse

from apps.orders.models import Order
from apps.orders.tests.build import D, croissant, order
from apps.orders.views.home import compared, figures
from backoffice.kernel import clock


@pytest.mark.parametrize(
    ("percent", "words"),
    [
        ("0", "+0.0 %"),
        ("12.54", "+12.5 %"),
        ("-8", "−8.0 %"),
        ("299.9", "+299.9 %"),
        ("300", "× 4.0"),
        ("2098.8", "× 22.0"),
    ],
)
def test_a_change_is_said_in_words_that_are_read_at_a_glance(percent, words):
    assert compared(D(percent)) == words


@pytest.mark.django_db
def test_late_orders_are_some_of_those_that_are_open_whatever_their_state(as_user, user_with):
    """Five late "of four in preparation" made no sense: what is not accepted yet can be late too."""
    for status in (Order.Status.NEW, Order.Status.READY, Order.Status.PREPARING):
        made = order((croissant(name=f"For {status}"), 1))
        Order.objects.filter(pk=made.pk).update(status=status, needed_at=clock.now().replace(year=2020))
    new, late = figures(user_with())

    assert (new.value, late.value, late.note) == (1, 3, "of 3 open")
    page = as_user("orders.view_order").get(reverse("orders:order_list") + "?view=late")
    assert "1–3 of 3" in page.content.decode()
