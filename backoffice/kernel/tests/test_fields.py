"""The exact kinds, against Decimal, on whichever database the suite runs on."""

from decimal import Decimal

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models, transaction
from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from hypothesis import given, settings
from hypothesis import strategies as st

from backoffice.kernel.fields import MoneyField, QuantityField, UnitCostField, exact


class Sample(models.Model):
    quantity = QuantityField(null=True)
    other = QuantityField(default=Decimal(0))
    amount = MoneyField(default=Decimal(0))
    cost = UnitCostField(default=Decimal(0))

    class Meta:
        app_label = "kernel_tests"


@pytest.fixture(scope="module")
def table(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(Sample)
        yield
        with connection.schema_editor() as editor:
            editor.delete_model(Sample)


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("table")]
quantities = st.integers(-(10**14), 10**14).map(lambda n: Decimal(n).scaleb(-6))


@settings(max_examples=60, deadline=None)
@given(st.lists(quantities, min_size=1, max_size=20))
def test_what_goes_in_comes_out_and_sums_like_decimals(values):
    Sample.objects.all().delete()
    Sample.objects.bulk_create([Sample(quantity=value) for value in values])

    assert sorted(Sample.objects.values_list("quantity", flat=True)) == sorted(values)
    assert Sample.objects.aggregate(total=Sum("quantity"))["total"] == sum(values)
    assert list(Sample.objects.order_by("quantity").values_list("quantity", flat=True)) == sorted(values)


@settings(max_examples=60, deadline=None)
@given(quantities, quantities)
def test_comparisons_and_arithmetic_in_the_database_are_those_of_decimals(left, right):
    Sample.objects.all().delete()
    Sample.objects.create(quantity=left, other=right)

    assert Sample.objects.filter(quantity__gte=right).exists() == (left >= right)
    assert Sample.objects.filter(quantity__lt=F("other")).exists() == (left < right)
    assert Sample.objects.filter(quantity=left).exists()
    Sample.objects.update(quantity=F("quantity") - F("other") + exact("0.000001", QuantityField))
    assert Sample.objects.get().quantity == left - right + Decimal("0.000001")


def test_three_tenths_are_three_tenths():
    row = Sample.objects.create(quantity=Decimal("0.3"))
    for _ in range(3):
        Sample.objects.update(quantity=F("quantity") - exact("0.1", QuantityField))

    assert Sample.objects.filter(quantity=0).get() == row


@pytest.mark.parametrize("number", [Decimal(1), 1])
def test_a_number_without_a_kind_is_an_error_not_a_millionth(number):
    Sample.objects.create(quantity=Decimal(5))

    with pytest.raises((TypeError, FieldError)), transaction.atomic():
        Sample.objects.update(quantity=F("quantity") - number)
    with pytest.raises((TypeError, FieldError)):
        Sample.objects.filter(quantity__gt=F("other") + number).exists()
    assert Sample.objects.get().quantity == 5


def test_numbers_of_another_kind_do_not_mix():
    with pytest.raises((TypeError, FieldError)):
        Sample.objects.filter(quantity__gt=F("amount")).exists()
    with pytest.raises((TypeError, FieldError)), transaction.atomic():
        Sample.objects.update(quantity=F("cost"))


@pytest.mark.parametrize("value", [Decimal("0.0000001"), 0.5, Decimal("NaN"), Decimal(10) ** 20, True])
def test_what_is_not_exact_or_does_not_fit_is_refused(value):
    with pytest.raises(ValueError):
        Sample.objects.create(quantity=value)


def test_nothing_is_nothing_and_a_sum_of_nothing_can_be_zero():
    Sample.objects.create(quantity=None)

    assert Sample.objects.get().quantity is None
    total = Sample.objects.aggregate(total=Coalesce(Sum("quantity"), exact(0, QuantityField)))["total"]
    assert total == Decimal(0)
