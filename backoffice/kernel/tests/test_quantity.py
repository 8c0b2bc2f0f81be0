from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from backoffice.kernel import quantity
from backoffice.kernel.numbers import parse_decimal


@dataclass(frozen=True)
class Unit:
    code: str
    dimension: str
    numerator: int
    denominator: int = 1


GRAM, KILO, OUNCE = Unit("g", "mass", 1), Unit("kg", "mass", 1000), Unit("oz", "mass", 28349523125, 10**9)
PIECE, DOZEN = Unit("un", "count", 1), Unit("dz", "count", 12)


def test_a_dozen_is_twelve_and_a_sack_is_in_grams():
    assert quantity.convert(Decimal("2.5"), DOZEN, PIECE) == 30
    assert quantity.convert(Decimal(25), KILO, GRAM) == 25_000


@given(st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-3)))
def test_there_and_back_changes_nothing_where_it_is_exact(amount):
    assert quantity.convert(quantity.convert(amount, KILO, GRAM), GRAM, KILO) == amount


def test_no_conversion_between_mass_and_pieces():
    with pytest.raises(quantity.NoConversion) as refusal:
        quantity.convert(Decimal(1), KILO, PIECE)

    assert "kg" in refusal.value.message


@given(st.decimals(0, 10**6, places=6), st.sampled_from([Decimal("0.001"), Decimal(1), Decimal("0.5"), Decimal(12)]))
def test_rounding_to_a_step_brackets_the_amount(amount, step):
    low, high = quantity.round_down(amount, step), quantity.round_up(amount, step)

    assert low <= amount <= high
    assert high - low in (0, step)
    assert low % step == 0
    assert quantity.round_half_up(amount, step) in (low, high)


@pytest.mark.parametrize(
    ("amount", "text"), [("1234.500000", "1,234.5 kg"), ("100", "100 kg"), ("0.000001", "0.000001 kg")]
)
def test_zeros_at_the_end_are_not_shown(amount, text):
    assert quantity.format_quantity(Decimal(amount), "kg") == text.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("text", "separator", "number"),
    [
        ("1,234.5", ".", "1234.5"),
        ("1.234,5", ",", "1234.5"),
        ("1.5", ",", "1.5"),
        ("0.125", ",", "0.125"),
        ("12,5", ".", "12.5"),
        ("\N{MINUS SIGN}3", ".", "-3"),
        (",5", ",", "0.5"),
        ("1.234.567", ",", "1234567"),
    ],
)
def test_numbers_are_read_as_they_are_meant(text, separator, number):
    assert parse_decimal(text, decimal_separator=separator) == Decimal(number)


@pytest.mark.parametrize("text", ["", "abc", "1,23,4", "NaN", "1e5", "9" * 40, "0,1,2", "--1"])
@pytest.mark.parametrize("separator", [".", ","])
def test_what_is_no_number_is_refused(text, separator):
    with pytest.raises(ValueError):
        parse_decimal(text, decimal_separator=separator)


@pytest.mark.parametrize(("language", "text"), [("pt-br", "1.234"), ("en", "1,234")])
def test_what_somebody_types_and_can_be_read_in_two_ways_is_refused(language, text):
    with translation.override(language), pytest.raises(ValueError, match="1234"):
        parse_decimal(text)


def test_a_file_that_declares_its_separator_is_taken_at_its_word():
    assert parse_decimal("1.234", decimal_separator=",") == 1234
    assert parse_decimal("1.234", decimal_separator=".") == Decimal("1.234")
