from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from apps.catalog import values
from apps.catalog.errors import AxisInUse, InvalidProduct
from apps.catalog.models import Attribute, Category, CategoryAttribute, Product, Unit
from apps.catalog.selectors.schemas import Demands, Schemas
from apps.catalog.services import attributes, categories, completeness, products, schema
from backoffice.kernel.errors import StaleRevision
from backoffice.outbox.models import Directive

from .factories import make_price, make_price_list, make_product, make_unit

pytestmark = pytest.mark.django_db


@pytest.fixture
def bakery() -> Category:
    return categories.create(name="Bakery")


@pytest.fixture
def cakes(bakery: Category) -> Category:
    return categories.create(name="Cakes", parent=bakery)


def make(name: str, type: str = "text", **more: Any) -> Attribute:
    return attributes.create(name=name, type=type, **more)


def codes(category: Category) -> list[str]:
    return [entry.code for entry in Schemas().of(category.pk)]


def test_a_schema_is_inherited_and_what_is_nearer_wins(bakery: Category, cakes: Category) -> None:
    weight, origin = make("Weight", "number", unit=make_unit("g")), make("Origin")
    schema.add(bakery, weight)
    schema.add(bakery, origin)
    schema.add(cakes, weight, required=True)

    assert codes(bakery) == ["weight", "origin"]
    assert codes(cakes) == ["weight", "origin"]
    assert {entry.code: entry.required for entry in Schemas().of(cakes.pk)} == {"weight": True, "origin": False}
    assert Schemas().of(None) == ()
    for pk in (cakes.pk, bakery.pk, None, 0):
        assert Schemas.around(pk).of(pk) == Schemas().of(pk)
        assert Demands().of(pk) == tuple((entry.code, entry.required) for entry in Schemas().of(pk))


def test_schemas_cost_two_queries_however_many(
    bakery: Category, cakes: Category, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        Schemas().of(cakes.pk)
    schema.add(bakery, make("Weight", "number"))

    with django_assert_num_queries(2):
        found = Schemas()
        assert found.of(cakes.pk)
        assert found.of(bakery.pk)


@pytest.mark.parametrize(
    ("type", "given", "kept"),
    [
        ("text", "  Serra  ", "Serra"),
        ("text", " ", None),
        ("number", Decimal("80.500"), "80.5"),
        ("number", "0.000001", "0.000001"),
        ("number", Decimal("-0"), "0"),
        ("boolean", False, False),
        ("date", date(2026, 11, 23), "2026-11-23"),
        ("select", "red", "red"),
        ("multiselect", ["blue", "red"], ["red", "blue"]),
        ("multiselect", [], None),
    ],
)
def test_values_are_kept_exactly(type: str, given: Any, kept: Any) -> None:
    attribute = Attribute(
        code="a", name="A", type=type, options=[{"code": "red", "name": "Red"}, {"code": "blue", "name": "Blue"}]
    )

    assert values.clean(attribute, given) == kept


@pytest.mark.parametrize(
    ("type", "given"),
    [
        ("text", "x" * 401),
        ("number", "twelve"),
        ("number", "NaN"),
        ("number", "0.0000001"),
        ("number", Decimal(10) ** 12),
        ("boolean", "yes"),
        ("date", "23/11/2026"),
        ("select", "green"),
        ("select", ["red", "blue"]),
        ("multiselect", ["red", "green"]),
    ],
)
def test_values_that_do_not_fit_are_refused_with_the_field(type: str, given: Any) -> None:
    options = [{"code": "red", "name": "Red"}, {"code": "blue", "name": "Blue"}]

    with pytest.raises(InvalidProduct) as refused:
        values.clean(Attribute(code="shade", name="Shade", type=type, options=options), given)

    assert refused.value.field == "attr_shade"


def test_a_product_keeps_values_that_its_schema_no_longer_shows(bakery: Category) -> None:
    row = schema.add(bakery, make("Origin"))
    product = make_product("Loaf", category=bakery, attributes={"origin": "Serra"})

    schema.remove(row)
    products.update(product, name="Big loaf")
    with pytest.raises(InvalidProduct):
        products.update(product, attributes={"origin": "Vale"})
    schema.add(bakery, Attribute.objects.get(code="origin"))

    product.refresh_from_db()
    assert product.attributes == {"origin": "Serra"}


def test_attributes_change_one_by_one_and_are_found_by_their_words(bakery: Category) -> None:
    schema.add(bakery, make("Origin"))
    schema.add(bakery, make("Organic", "boolean"))
    product = make_product("Loaf", category=bakery, attributes={"origin": "São Paulo", "organic": True})

    product = products.update(product, attributes={"origin": "Serra Negra"}, revision=product.revision)

    assert product.attributes == {"origin": "Serra Negra", "organic": True}
    assert list(Product.objects.search("serra loaf")) == [product]
    assert not Product.objects.search("sao paulo").exists()
    assert products.update(product, attributes={"organic": None}).attributes == {"origin": "Serra Negra"}


def test_an_attribute_in_use_keeps_type_and_choices_and_may_rename_them(bakery: Category) -> None:
    flavour = make("Flavour", "select", options=["Milk", "Dark"])
    schema.add(bakery, flavour)
    product = make_product("Bar", category=bakery, attributes={"flavour": "dark"})

    with pytest.raises(InvalidProduct) as refused:
        attributes.update(flavour, name="Flavour", type="text")
    assert refused.value.field == "type"
    with pytest.raises(InvalidProduct) as refused:
        attributes.update(flavour, name="Flavour", type="select", renamed={"dark": ""})
    assert refused.value.field == "option_dark"
    flavour = attributes.update(
        flavour, name="Taste", type="select", renamed={"dark": "Dark 70 %", "milk": ""}, added=["White", ""], revision=1
    )

    assert flavour.options == [{"code": "dark", "name": "Dark 70 %"}, {"code": "white", "name": "White"}]
    assert values.say(flavour, product.attributes["flavour"]) == "Dark 70 %"
    with pytest.raises(StaleRevision):
        attributes.update(flavour, name="Taste", type="select", revision=1)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": "", "type": "text"}, "name"),
        ({"name": "Size", "type": "select"}, "added"),
        ({"name": "Size", "type": "select", "options": ["S", "s"]}, "added"),
        ({"name": "Size", "type": "colour"}, "type"),
        ({"name": "WEIGHT", "type": "text"}, "name"),
    ],
)
def test_an_attribute_is_refused_with_the_field(fields: dict[str, Any], field: str) -> None:
    make("Weight", "number")

    with pytest.raises(InvalidProduct) as refused:
        attributes.create(**fields)

    assert refused.value.field == field


def test_only_a_number_has_a_unit() -> None:
    with pytest.raises(InvalidProduct) as refused:
        make("Origin", "text", unit=Unit.objects.get(code="g"))

    assert refused.value.field == "unit"


def test_an_attribute_is_deleted_only_when_nothing_has_it(bakery: Category) -> None:
    origin = make("Origin")
    row = schema.add(bakery, origin)
    make_product("Loaf", category=bakery, attributes={"origin": "Serra"})

    with pytest.raises(InvalidProduct, match="Bakery"):
        attributes.delete(origin)
    schema.remove(row)
    with pytest.raises(InvalidProduct):
        attributes.delete(origin)
    Product.objects.update(attributes={})
    attributes.delete(origin)

    assert not Attribute.objects.exists()


def test_an_axis_is_a_choice_and_stays_while_variants_differ_by_it(bakery: Category, cakes: Category) -> None:
    row = schema.add(bakery, make("Size", "select", options=["S", "L"]), is_variant_axis=True)
    with pytest.raises(InvalidProduct):
        schema.add(bakery, make("Weight", "number"), is_variant_axis=True)
    cake = make_product("Cake", category=cakes, kind="configurable")
    Product.objects.filter(pk=cake.pk).update(axes=["size"])

    for attempt in (
        lambda: schema.remove(row),
        lambda: schema.change(row, required=False, is_variant_axis=False),
        lambda: categories.update(cakes, parent=None),
        lambda: products.update(cake, category=None),
    ):
        with pytest.raises(AxisInUse, match="Cake"):
            attempt()

    assert CategoryAttribute.objects.filter(is_variant_axis=True).count() == 1
    assert Category.objects.get(pk=cakes.pk).parent == bakery


def test_own_attributes_move_up_and_down(bakery: Category) -> None:
    rows = [schema.add(bakery, make(name)) for name in ("One", "Two", "Three")]

    schema.move(rows[2], up=True)
    schema.move(rows[0], up=True)

    assert codes(bakery) == ["one", "three", "two"]


def complete(product: Product) -> tuple[int, int]:
    product.refresh_from_db()
    return product.completeness, product.missing


def test_completeness_follows_the_product_the_price_and_the_schema(bakery: Category) -> None:
    make_price_list()
    product = make_product("Loaf", category=bakery)
    assert complete(product) == (0, 1 | 2 | 4)

    products.update(product, barcode="7898912340122")
    assert complete(product) == (33, 1 | 2)

    make_price(product, "9.50")
    assert complete(product) == (66, 2)

    row = schema.add(bakery, make("Origin"), required=True)
    assert complete(product) == (50, 2 | 8)

    products.update(product, attributes={"origin": "Serra"})
    assert complete(product) == (75, 2)

    schema.remove(row)
    assert complete(product) == (66, 2)

    products.update(product, is_sellable=False)
    assert complete(product) == (0, 2)


def test_a_product_made_with_its_price_lacks_none() -> None:
    make_price_list()
    product = products.create(sku="A", name="A", unit=make_unit(), price=Decimal(5), barcode="7898912340122")

    assert complete(product) == (66, 2)


def test_completeness_of_many_is_counted_in_the_background(bakery: Category, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completeness, "AT_ONCE", 1)
    monkeypatch.setattr(completeness, "BATCH", 2)
    made = [make_product(category=bakery) for _number in range(5)]

    schema.add(bakery, make("Origin"), required=True)
    directive = Directive.objects.get(topic="catalog.completeness")
    assert complete(made[0]) == (0, 7)

    monkeypatch.setattr(completeness.directives, "heartbeat", lambda directive: None)
    completeness.recompute(directive)

    assert [complete(product) for product in made] == [(0, 15)] * 5


def test_counting_completeness_again_leaves_no_trace(bakery: Category) -> None:
    product = make_product("Loaf", category=bakery)
    before = (product.revision, product.history.count())

    schema.add(bakery, make("Origin"), required=True)

    product.refresh_from_db()
    assert product.missing == 15
    assert (product.revision, product.history.count()) == before


def test_the_unit_of_a_number_that_products_have_stays(bakery: Category) -> None:
    weight = make("Weight", "number")
    schema.add(bakery, weight)
    bread = make_product("Rye", category=bakery, attributes={"weight": "250"})
    gram, kilogram = make_unit("g"), make_unit("kg")

    weight = attributes.update(weight, name="Weight", type="number", unit=gram)  # it was not said before
    for unit in (kilogram, None):
        with pytest.raises(InvalidProduct, match=r"in g already") as refused:
            attributes.update(weight, name="Weight", type="number", unit=unit)
        assert refused.value.field == "unit"
    attributes.update(weight, name="Net weight", type="number", unit=gram)
    products.update(bread, attributes={"weight": None})
    weight.refresh_from_db()
    assert attributes.update(weight, name="Weight", type="number", unit=kilogram).unit == kilogram


def test_what_categories_tell_variants_apart_by_keeps_its_type(bakery: Category) -> None:
    size = attributes.create(name="Size", type="select", options=["Small", "Large"])
    row = schema.add(bakery, size, is_variant_axis=True)
    with pytest.raises(InvalidProduct, match="tell variants apart") as refused:
        attributes.update(size, name="Size", type="text")
    assert refused.value.field == "type"

    schema.change(row, required=False, is_variant_axis=False)
    assert attributes.update(size, name="Size", type="text").type == "text"
