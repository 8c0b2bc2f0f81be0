from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import Attribute, Category, CategoryAttribute, Product
from apps.catalog.services import attributes, categories, products, schema

from .factories import make_product, make_unit

pytestmark = pytest.mark.django_db
EDIT = ("catalog.view_product", "catalog.change_product")
KEEP = ("catalog.view_category", "catalog.change_category", "catalog.view_attribute", "catalog.add_attribute",
        "catalog.change_attribute", "catalog.delete_attribute")  # fmt: skip


@pytest.fixture
def breads() -> Category:
    category = categories.create(name="Breads")
    weight = attributes.create(name="Weight", type="number", unit=make_unit("g"))
    schema.add(category, weight, required=True)
    schema.add(category, attributes.create(name="Organic", type="boolean"))
    schema.add(category, attributes.create(name="Suited for", type="multiselect", options=["Vegans", "Children"]))
    return category


def sent(page: Any, **changes: Any) -> dict[str, Any]:
    """What the form would send, with changes."""
    form = page.context["form"]
    data = {}
    for bound in form:
        value = bound.value()
        if value is True:
            data[bound.html_name] = "on"
        elif value not in (None, False, "", []):
            data[bound.html_name] = value
    return data | changes


def test_values_are_edited_in_the_product_form_and_shown_on_its_page(as_user: Any, breads: Category) -> None:
    product = make_product("Loaf", category=breads)
    client = as_user(*EDIT)
    url = reverse("catalog:product_edit", args=[product.pk])

    page = client.get(url)
    assert "Counts for completeness" in page.content.decode()
    given = {"attr_weight": "750.5", "attr_organic": "no", "attr_suited_for": ["vegans"]}
    assert client.post(url, sent(page, **given)).status_code == 302

    product.refresh_from_db()
    assert product.attributes == {"weight": "750.5", "organic": False, "suited_for": ["vegans"]}
    shown = client.get(product.get_absolute_url()).content.decode()
    assert "750.5" in shown
    assert "Vegans" in shown
    assert sent(client.get(url))["attr_weight"]
    before = product.revision
    client.post(url, sent(client.get(url)))
    product.refresh_from_db()
    assert product.revision == before, "Saving the form as it is changes nothing"


def test_a_value_that_does_not_fit_is_refused_beside_its_field(as_user: Any, breads: Category) -> None:
    product = make_product("Loaf", category=breads)
    client = as_user(*EDIT)
    url = reverse("catalog:product_edit", args=[product.pk])

    answer = client.post(url, sent(client.get(url), attr_weight="heavy", attr_suited_for=["cats"]))

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"attr_weight", "attr_suited_for"}


def test_another_category_hides_the_values_and_keeps_them(as_user: Any, breads: Category) -> None:
    other = categories.create(name="Shop")
    product = make_product("Loaf", category=breads, attributes={"weight": "80"})
    client = as_user(*EDIT)
    url = reverse("catalog:product_edit", args=[product.pk])

    client.post(url, sent(client.get(url), category=other.pk))
    product.refresh_from_db()
    assert (product.category, product.attributes) == (other, {"weight": "80"})

    client.post(url, sent(client.get(url), category=breads.pk))
    product.refresh_from_db()
    assert (product.category, product.attributes) == (breads, {"weight": "80"})


def test_another_category_asks_for_its_attributes_before_anything_is_saved(as_user: Any, breads: Category) -> None:
    other = categories.create(name="Shop")
    schema.add(other, attributes.create(name="Origin", type="text"), required=True)
    weight = Attribute.objects.get(code="weight")
    schema.add(other, weight)
    product = make_product("Loaf", category=breads, attributes={"weight": "80", "organic": True})
    client = as_user(*EDIT, "catalog.add_product")
    for url in (reverse("catalog:product_create"), reverse("catalog:product_edit", args=[product.pk])):
        whole = client.get(url).content.decode()
        assert 'id="asked"' in whole
        assert f'hx-get="{url}"' in whole
        typed = {
            "category": other.pk,
            "shown_attributes": "weight,organic",
            "attr_weight": "95.5",
            "attr_organic": "yes",
        }
        part = client.get(url, typed, headers={"HX-Request": "true", "HX-Target": "asked"}).content.decode()

        assert "<html" not in part
        assert 'name="attr_origin"' in part
        assert "Counts for completeness" in part
        assert 'value="95.5"' in part, "what was typed and is asked for here too stays"
        assert "attr_organic" not in part
        assert 'value="weight,origin"' in part or 'value="origin,weight"' in part
        nowhere = client.get(url, {"category": "x"}, headers={"HX-Request": "true", "HX-Target": "asked"})
        assert "attr_" not in nowhere.content.decode().replace("shown_attributes", "")

    page = sent(
        client.get(url), category=other.pk, shown_attributes="weight,origin", attr_weight="95.5", attr_origin="Minas"
    )
    assert client.post(url, page).status_code == 302
    product.refresh_from_db()
    assert product.attributes == {"weight": "95.5", "organic": True, "origin": "Minas"}


def test_two_people_change_different_attributes_and_both_stay(as_user: Any, breads: Category) -> None:
    product = make_product("Loaf", category=breads, attributes={"weight": "80"})
    client = as_user(*EDIT)
    url = reverse("catalog:product_edit", args=[product.pk])
    mine = sent(client.get(url), attr_organic="yes")
    products.update(product, attributes={"weight": "90"})

    answer = client.post(url, mine)
    conflict = answer.context["conflict"]
    assert answer.status_code == 409
    assert {clash.name for clash in conflict.merged} == {"attr_weight", "attr_organic"}
    choices = {clash.option: clash.pick for clash in conflict.merged}
    again = {**mine, **choices, "revision": conflict.revision}
    assert client.post(url, again).status_code == 302

    product.refresh_from_db()
    assert product.attributes == {"weight": "90", "organic": True}


def test_the_schema_of_a_category_is_edited_on_its_page(as_user: Any, breads: Category) -> None:
    inside = categories.create(name="Rolls", parent=breads)
    origin = attributes.create(name="Origin", type="text")
    client = as_user(*KEEP)

    added = client.post(reverse("catalog:schema_add", args=[inside.pk]), {"attribute": origin.pk, "required": "on"})
    assert added.status_code == 302
    row = CategoryAttribute.objects.get(category=inside)
    page = client.get(reverse("catalog:category_schema", args=[inside.pk])).content.decode()
    assert "Origin" in page
    assert "Breads" in page
    twice = client.post(reverse("catalog:schema_add", args=[inside.pk]), {"attribute": origin.pk})
    assert twice.status_code == 422
    client.post(reverse("catalog:schema_change", args=[row.pk]), {})
    row.refresh_from_db()
    assert not row.required
    assert client.post(reverse("catalog:schema_move", args=[row.pk, "sideways"])).status_code == 404
    assert client.post(reverse("catalog:schema_remove", args=[row.pk])).status_code == 302
    assert not CategoryAttribute.objects.filter(pk=row.pk).exists()


def test_who_only_looks_changes_no_schema(as_user: Any, breads: Category) -> None:
    client = as_user("catalog.view_category")
    row = CategoryAttribute.objects.first()
    assert row is not None

    assert client.get(reverse("catalog:category_schema", args=[breads.pk])).status_code == 200
    assert client.post(reverse("catalog:schema_remove", args=[row.pk])).status_code == 403
    assert client.post(reverse("catalog:schema_move", args=[row.pk, "up"])).status_code == 403


def test_an_attribute_is_made_renamed_and_deleted(as_user: Any) -> None:
    client = as_user(*KEEP)

    client.post(reverse("catalog:attribute_create"), {"name": "Size", "type": "select", "added": "Small\nLarge\n"})
    size = Attribute.objects.get()
    assert size.option_names == {"small": "Small", "large": "Large"}
    data = {"name": "Size", "type": "select", "option_small": "Little", "option_large": "Large", "revision": 1}
    assert client.post(reverse("catalog:attribute_edit", args=[size.pk]), data).status_code == 302
    size.refresh_from_db()
    assert size.option_names == {"small": "Little", "large": "Large"}
    refused = client.post(
        reverse("catalog:attribute_create"), {"name": "Weight", "type": "text", "unit": make_unit("g").pk}
    )
    assert (refused.status_code, list(refused.context["form"].errors)) == (409, ["unit"])
    assert client.post(reverse("catalog:attribute_delete", args=[size.pk])).status_code == 302
    assert not Attribute.objects.exists()


@pytest.mark.parametrize(
    ("lacks", "found"),
    [
        ("complete", []),
        ("incomplete", ["Loaf", "Roll"]),
        ("attributes", ["Loaf"]),
        ("barcode", ["Loaf"]),
        ("nonsense", None),
    ],
)
def test_the_list_is_narrowed_to_what_is_lacking(as_user: Any, breads: Category, lacks: str, found: Any) -> None:
    make_product("Loaf", category=breads)
    make_product("Roll", category=breads, attributes={"weight": "40"}, barcode="7898912340122")
    client = as_user("catalog.view_product")

    page = client.get(reverse("catalog:product_list"), {"lacks": lacks})

    if found is not None:
        assert [row.name for row in page.context["table"].shown] == found
    assert Product.objects.count() == 2


def test_what_a_category_above_asks_for_is_not_said_to_be_hidden(as_user: Any, breads: Category) -> None:
    rye = categories.create(name="Rye", parent=breads)
    share = attributes.create(name="Share", type="number")
    schema.add(breads, share)
    row = schema.add(rye, share, required=True)
    client = as_user("catalog.view_category", "catalog.change_category")
    remove = reverse("catalog:schema_remove", args=[row.pk])

    asked = client.get(remove).content.decode()
    assert "It stays, as Breads asks for it." in asked
    assert "are hidden" not in asked
    assert "Share is as Breads asks for it." in client.post(remove, follow=True).content.decode()


def test_a_refusal_beside_its_field_names_it_once(as_user: Any) -> None:
    attributes.create(name="Share", type="number")
    client = as_user("catalog.view_attribute", "catalog.add_attribute")

    answer = client.post(reverse("catalog:attribute_create"), {"name": "share", "type": "text"})

    assert answer.status_code == 409
    shown = answer.content.decode()
    assert shown.count("There is an attribute of this name already.") == 2
    assert "Name: There is" not in shown
