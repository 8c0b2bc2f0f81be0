from decimal import Decimal

import pytest

from apps.catalog.tests.factories import make_product, make_unit
from apps.production.errors import RecipeCycle, RecipeFrozen, RecipeIncomplete
from apps.production.models import Recipe, RecipeLine
from apps.production.selectors import costing, explosion
from apps.production.services import recipes, work_orders
from apps.production.services.recipes import LineSpec
from apps.production.tests.build import bakery, due, ingredient, recipe, stocked
from backoffice.kernel.errors import StaleRevision
from backoffice.kernel.quantity import NoConversion

pytestmark = pytest.mark.django_db
D = Decimal


def test_one_version_is_in_use():
    shop = bakery()
    second = recipes.new_version(shop.croissant_recipe)
    recipes.activate(second, revision=1)

    shop.croissant_recipe.refresh_from_db()
    assert (shop.croissant_recipe.status, second.version, second.status) == ("archived", 2, "active")
    assert list(second.lines.values_list("quantity", flat=True)) == [D("1"), D("0.2")]
    assert second.steps.count() == 2


def test_one_draft_at_a_time():
    shop = bakery()
    recipes.new_version(shop.croissant_recipe)

    with pytest.raises(RecipeIncomplete) as refused:
        recipes.new_version(shop.croissant_recipe)
    assert refused.value.remedies


def test_a_version_that_was_used_does_not_change():
    shop = bakery()
    work_orders.plan(shop.croissant, quantity=D(10), due_at=due())

    with pytest.raises(RecipeFrozen) as refused:
        recipes.save(shop.croissant_recipe, revision=2, notes="More butter")
    assert refused.value.remedies


def test_a_version_that_was_not_used_changes_in_place_and_keeps_its_history():
    shop = bakery()
    line = shop.croissant_recipe.lines.get(component=shop.butter)
    saved = recipes.save(
        shop.croissant_recipe,
        revision=2,
        lines=[LineSpec(shop.butter, D("0.25"), pk=line.pk), LineSpec(shop.dough, D("1"))],
    )

    assert [(row.component.name, row.quantity) for row in saved.lines.order_by("position")] == [
        ("Butter", D("0.25")),
        ("Dough", D("1")),
    ]
    assert saved.revision == 3
    assert [row.quantity for row in RecipeLine.history.filter(id=line.pk).order_by("history_id")] == [
        D("0.2"),
        D("0.25"),
    ]


def test_a_stale_revision_saves_nothing():
    shop = bakery()
    with pytest.raises(StaleRevision):
        recipes.save(shop.croissant_recipe, revision=1, notes="x")


def test_a_recipe_cannot_contain_itself_and_the_path_says_how():
    shop = bakery()
    with pytest.raises(RecipeCycle) as refused:
        recipes.save(shop.dough_recipe, revision=2, lines=[LineSpec(shop.croissant, D(1)), LineSpec(shop.flour, D(1))])
    assert set(refused.value.path) == {"Dough", "Croissant"}
    assert refused.value.path[0] == refused.value.path[-1]


def test_a_draft_that_becomes_a_circle_is_refused_when_it_is_put_in_use():
    inner, outer = make_product("Inner"), make_product("Outer")
    first = recipes.create(inner, output_quantity=D(1), lines=[LineSpec(outer, D(1))])
    recipe(outer, "1", [LineSpec(inner, D(1))])

    with pytest.raises(RecipeCycle):
        recipes.activate(first)


def test_units_must_fit():
    flour = ingredient("Flour")
    with pytest.raises(NoConversion):
        recipes.create(make_product(), output_quantity=D(1), lines=[LineSpec(flour, D(1), unit=make_unit("l"))])


def test_an_empty_recipe_is_not_put_in_use():
    draft = recipes.create(make_product(), output_quantity=D(1))
    with pytest.raises(RecipeIncomplete):
        recipes.activate(draft)


def test_discarding_a_draft():
    shop = bakery()
    draft = recipes.new_version(shop.dough_recipe)
    recipes.discard(draft)
    assert Recipe.objects.filter(product=shop.dough).count() == 1
    with pytest.raises(RecipeFrozen):
        recipes.discard(shop.dough_recipe)


def test_cost_rolls_up_from_the_bottom():
    shop = bakery()
    # a kg of dough: 0.6 × 4 + 0.4 × 40 = 18.40, and 20 min of 30.00 an hour on 10 kg = 1.00 → 19.40
    assert costing.cost(shop.dough_recipe).per_unit == D("19.400000")
    # 10 croissants: 19.40 + 0.2 × 40 = 27.40; 10 min at 30.00 = 5.00, 15 min at 60.00 = 15.00
    found = costing.cost(shop.croissant_recipe)
    assert (found.materials, found.operations, found.per_unit) == (D("27.40"), D("20.00"), D("4.740000"))


def test_yield_loss_makes_the_good_ones_dearer_and_attrition_the_inputs():
    shop = bakery(loss="20")
    assert costing.cost(shop.croissant_recipe).per_unit == D("5.925000")  # 47.40 / 8
    egg = ingredient("Egg")
    stocked(egg, "10", shop.storage, cost="10.00")
    with_attrition = recipe(make_product("Wash", unit="kg"), "1", [LineSpec(egg, D(1), attrition_percent=D(15))])
    assert costing.cost(with_attrition).materials == D("11.50")


def test_unknown_costs_are_named():
    rare = ingredient("Saffron")
    found = costing.cost(recipe(make_product("Bun"), "1", [LineSpec(rare, D("0.001"))]))
    assert found.unknown == ("Saffron",)


def test_losses_compound_through_the_levels_and_stock_is_used_first():
    shop = bakery(loss="20")
    needs = {row.product.name: row for row in explosion.explode({shop.croissant.pk: D(100)}, net=False)}
    assert (needs["Dough"].needed, needs["Dough"].to_make) == (D("10"), D("10"))
    assert needs["Flour"].needed == D("6")
    assert needs["Butter"].needed == D("6")  # 2 at the croissant, 4 in the dough

    stocked(shop.dough, "4", shop.storage, cost="20.00")
    net = {row.product.name: row for row in explosion.explode({shop.croissant.pk: D(100)})}
    assert (net["Dough"].missing, net["Dough"].to_make) == (D("6"), D("6"))
    assert net["Flour"].needed == D("3.6")
    assert net["Flour"].missing == 0


def test_setup_lines_do_not_grow():
    shop = bakery()
    bench_flour = ingredient("Bench flour")
    bread = make_product("Bread")
    bill = recipe(bread, "10", [LineSpec(shop.flour, D(5)), LineSpec(bench_flour, D("0.3"), is_setup=True)])
    book = explosion.load([bread.pk])
    needs = {need.component_id: need for need in book.needs(book.bills[bread.pk], D(100))}
    assert bill.pk == book.bills[bread.pk].recipe_id
    assert (needs[shop.flour.pk].planned, needs[bench_flour.pk].planned) == (D(50), D("0.3"))
    assert needs[bench_flour.pk].fixed == D("0.3")


def test_a_phantom_is_weighed_in_the_order_itself():
    shop = bakery()
    wash = make_product("Wash", unit="kg", is_sellable=False)
    recipe(wash, "1", [LineSpec(shop.butter, D(1))], is_phantom=True, yield_loss_percent=D(50))
    bread = make_product("Bread")
    recipe(bread, "10", [LineSpec(shop.flour, D(5)), LineSpec(wash, D("0.5"))])
    book = explosion.load([bread.pk])
    needs = {need.component_id: need.planned for need in book.needs(book.bills[bread.pk], D(10))}
    assert needs == {shop.flour.pk: D(5), shop.butter.pk: D(1)}


def test_allergens_come_up_from_below():
    shop = bakery()
    assert explosion.load([shop.croissant.pk]).allergens(shop.croissant.pk) == ["milk"]


def test_a_recipe_of_recipes_is_read_and_priced_in_three_queries_however_deep(django_assert_num_queries):
    shop = bakery()
    stocked(shop.flour, "10", shop.storage, cost="2.00")
    tray, table = make_product("Tray"), make_product("Table")
    recipe(tray, "1", [LineSpec(shop.croissant, D(12))])
    recipe(table, "1", [LineSpec(tray, D(4))])
    with django_assert_num_queries(1):
        flat = explosion.load([shop.dough.pk])
    with django_assert_num_queries(3):
        deep = explosion.load([table.pk])
        costing.load(deep)

    assert set(flat.bills) == {shop.dough.pk}
    assert list(deep.bills) == [table.pk, tray.pk, shop.croissant.pk, shop.dough.pk]
    assert deep.products[shop.flour.pk].unit.code == "kg"


def test_a_draft_stands_in_for_the_recipe_in_use_and_brings_what_is_inside_it():
    shop = bakery()
    bread = make_product("Bread")
    recipe(bread, "10", [LineSpec(shop.flour, D(5))])
    draft = recipes.create(bread, output_quantity=D(10), lines=[LineSpec(shop.dough, D(5))])
    in_use = explosion.load([bread.pk])
    drafted = explosion.load([bread.pk], using=draft)

    assert set(in_use.products) == {bread.pk, shop.flour.pk}
    assert drafted.bills[bread.pk].recipe_id == draft.pk
    assert {shop.dough.pk, shop.butter.pk} <= set(drafted.products)
    assert shop.dough.pk in drafted.bills


@pytest.mark.parametrize("kind", ["configurable", "bundle"])
def test_what_stands_for_others_is_neither_made_nor_used(kind):
    group, flour = make_product("Cakes", kind=kind), make_product("Flour", unit="kg")

    with pytest.raises(RecipeIncomplete):
        recipes.create(make_product("Bun"), output_quantity=D(1), lines=[LineSpec(group, D(1))])
    with pytest.raises(RecipeIncomplete):
        recipes.create(group, output_quantity=D(1), lines=[LineSpec(flour, D(1))])
