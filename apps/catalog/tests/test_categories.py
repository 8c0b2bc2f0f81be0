from __future__ import annotations

import pytest

from apps.catalog.errors import CategoryCycle, CategoryInUse, InvalidProduct
from apps.catalog.models import Category
from apps.catalog.selectors import categories as tree
from apps.catalog.services import categories
from backoffice.kernel.errors import StaleRevision

from .factories import make_product

pytestmark = pytest.mark.django_db


def test_tree_is_in_order_with_paths_and_counts() -> None:
    bakery = categories.create(name="Bakery", hue="vien")
    bread = categories.create(name="Bread", parent=bakery)
    categories.create(name="Drinks")
    rye = categories.create(name="Rye", parent=bread)
    make_product(category=rye)
    make_product(category=rye, is_active=False)

    nodes = tree.tree(count_products=True)

    assert [(node.label, node.depth, node.products, node.all_products) for node in nodes] == [
        ("Bakery", 0, 0, 1),
        ("Bakery > Bread", 1, 0, 1),
        ("Bakery > Bread > Rye", 2, 1, 1),
        ("Drinks", 0, 0, 0),
    ]
    assert rye.hue == "vien"
    assert tree.with_descendants(bakery.pk) == {bakery.pk, bread.pk, rye.pk}


def test_a_circle_is_refused_and_named() -> None:
    first = categories.create(name="A")
    second = categories.create(name="B", parent=first)
    third = categories.create(name="C", parent=second)

    with pytest.raises(CategoryCycle, match="A → C → B → A"):
        categories.update(first, parent=third)
    with pytest.raises(CategoryCycle, match="A → A"):
        categories.update(first, parent=first)

    assert Category.objects.get(pk=first.pk).parent is None


def test_names_are_unique_among_siblings_only() -> None:
    bread = categories.create(name="Bread")
    categories.create(name="Other")
    categories.create(name="Other", parent=bread)

    with pytest.raises(InvalidProduct):
        categories.create(name="other")
    with pytest.raises(InvalidProduct):
        categories.create(name="OTHER", parent=bread)


def test_only_an_empty_category_is_deleted() -> None:
    bread = categories.create(name="Bread")
    product = make_product(category=bread)

    with pytest.raises(CategoryInUse, match="1 product"):
        categories.delete(bread)

    product.category = None
    product.save()
    categories.delete(bread)
    assert not Category.objects.exists()


def test_a_stale_update_is_refused() -> None:
    bread = categories.create(name="Bread")
    categories.update(bread, revision=1, name="Breads")

    with pytest.raises(StaleRevision):
        categories.update(bread, revision=1, name="Loaves")
