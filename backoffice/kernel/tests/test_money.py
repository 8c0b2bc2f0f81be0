from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.kernel import money

cents = st.integers(-10_000_000, 10_000_000).map(lambda n: Decimal(n).scaleb(-2))
weights = st.lists(st.decimals(0, 10_000, places=6), min_size=1, max_size=12)


@given(cents, weights)
def test_shares_sum_to_the_total_and_stay_within_a_cent_of_fair(total, parts):
    shares = money.split(total, parts)

    assert sum(shares) == total
    whole = sum(parts) or Decimal(len(parts))
    for share, part in zip(shares, parts if any(parts) else [Decimal(1)] * len(parts), strict=True):
        assert abs(share - total * part / whole) < Decimal("0.010001")


def test_the_larger_remainder_gets_the_cent():
    assert money.split(Decimal("0.10"), [Decimal(1), Decimal(1), Decimal(4)]) == [
        Decimal("0.02"),
        Decimal("0.02"),
        Decimal("0.06"),
    ]


@pytest.mark.parametrize("parts", [[], [Decimal(-1)]])
def test_nothing_to_share_between_is_an_error(parts):
    with pytest.raises(ValueError):
        money.split(Decimal("1.00"), parts)


@pytest.mark.parametrize(("amount", "rounded"), [("0.005", "0.01"), ("-0.005", "-0.01"), ("1.004", "1.00")])
def test_half_a_cent_goes_away_from_zero(amount, rounded):
    assert money.round_money(Decimal(amount)) == Decimal(rounded)


def test_money_is_written_as_the_language_does(settings):
    from django.utils import translation

    with translation.override("pt-br"):
        assert money.format_money(Decimal("1234.5")) == "R$\N{NO-BREAK SPACE}1.234,50"
    with translation.override("en"):
        assert money.format_money(Decimal("-1234.5")) == "R$\N{NO-BREAK SPACE}\N{MINUS SIGN}1,234.50"
