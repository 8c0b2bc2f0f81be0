"""What the home page says of sales."""

import pytest

from apps.orders.tests.build import D
from apps.orders.views.home import compared


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
