"""What Python says of a constraint is what the database says of it."""

from __future__ import annotations

from itertools import product as pairs

import pytest
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.expressions import Value
from django.db.models.functions import Length, Lower

from backoffice.kernel import conditions
from backoffice.kernel.models import NumberSeries

CONDITIONS = [
    Q(series="a"),
    ~Q(series="a"),
    Q(series=None),
    ~Q(series=None),
    Q(series__isnull=False),
    Q(series__in=["a", "b"]),
    ~Q(series__in=["a", "b"]),
    Q(last__gt=3),
    Q(last__gte=3, year__lt=2),
    Q(last__lte=3) | Q(year__lte=F("last")),
    ~(Q(series="a") & Q(last__lt=3)),
    ~Q(series="a") | Q(last=3, year=None),
    Q(series="a") & ~Q(last=3) | ~(Q(year=1) | Q(year__gt=F("last"))),
]


@pytest.mark.django_db
@pytest.mark.parametrize("condition", CONDITIONS, ids=str)
def test_python_and_the_database_judge_alike(condition: Q) -> None:
    for series, last, year in pairs(["a", "c", None], [2, 3, 4, None], [1, 3, None]):
        values = {"series": series, "last": last, "year": year}
        known = {name: Value(value, NumberSeries._meta.get_field(name)) for name, value in values.items()}

        assert conditions.holds(condition, values) is bool(condition.check(known)), values


@pytest.mark.parametrize(
    "condition",
    [Q(series__startswith="a"), Q(Length("series")), Q(last=Length("series")), Q(other=1), Q(series="a") ^ Q(last=1)],
    ids=str,
)
def test_what_is_more_than_plain_values_is_left_to_the_database(condition: Q) -> None:
    with pytest.raises(conditions.Unclear):
        conditions.holds(condition, {"series": "a", "last": 1})


def test_the_fields_that_a_constraint_is_about() -> None:
    check = CheckConstraint(condition=Q(a=1) | ~Q(b__gt=F("c")), name="x")
    unique = UniqueConstraint(Lower("d"), "e", condition=Q(f__isnull=True), name="y")

    assert conditions.fields_of(check) == {"a", "b", "c"}
    assert conditions.fields_of(unique) == {"d", "e", "f"}
    assert conditions.fields_of(UniqueConstraint(fields=["g", "h"], name="z")) == {"g", "h"}
