"""Rows made without `__init__` are what `Model()` makes, and no two share anything."""

import pytest
from django.db.models import Model

from apps.catalog.models import Price, Product, ProductUnit, RemotePicture
from backoffice.kernel import bulk

MODELS = [Price, Product, ProductUnit, RemotePicture]


@pytest.mark.parametrize("model", MODELS)
def test_a_blank_row_is_what_the_model_makes(model: type[Model]) -> None:
    made, blank = model(), bulk.blanks(model)()

    for field in model._meta.concrete_fields:
        assert getattr(blank, field.attname) == getattr(made, field.attname), field.name
    assert blank._state.adding
    assert blank._state.db is None


def test_two_blank_rows_share_nothing() -> None:
    blank = bulk.blanks(Product)
    one, other = blank(), blank()
    one.tags.append("new")
    one.attributes["flavour"] = "sweet"
    one._state.adding = False

    assert other.tags == []
    assert other.attributes == {}
    assert other._state.adding
    assert blank().tags == []
