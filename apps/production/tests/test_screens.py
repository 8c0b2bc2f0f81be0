from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.catalog.tests.factories import make_price, make_product
from apps.inventory.selectors import availability
from apps.production.models import PlanLine, Recipe, WorkCenter, WorkOrder
from apps.production.services import plans, recipes, work_orders
from apps.production.services.recipes import LineSpec
from apps.production.tests.build import Bakery, bakery, due, recipe, stocked
from backoffice import composition
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal
AsUser = Callable[..., Client]


def page(name: str, *args: Any) -> str:
    return reverse(f"production:{name}", args=args)


def into(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


@pytest.fixture
def shop() -> Bakery:
    return bakery()


@pytest.fixture
def order(shop: Bakery) -> WorkOrder:
    return work_orders.plan(shop.dough, quantity=D(10), due_at=due())


LISTS = [
    ("work_order_list", "production.view_workorder"),
    ("recipe_list", "production.view_recipe"),
    ("work_center_list", "production.view_workcenter"),
]


@pytest.mark.parametrize(("name", "permission"), LISTS)
def test_lists_are_for_those_who_may_see_them(as_user: AsUser, order: WorkOrder, name: str, permission: str) -> None:
    assert Client().get(page(name)).status_code == 302
    assert as_user(username="other").get(page(name)).status_code == 403
    reader = as_user(permission, username="reader")
    whole = reader.get(page(name)).content.decode()
    part = reader.get(page(name), headers=into("table")).content.decode()
    assert part.strip() in whole


def queries(client: Client, url: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    with CaptureQueriesContext(connection) as found:
        assert client.get(url).status_code == 200
    return len(found)


@pytest.mark.parametrize("name", ["work_order_list", "recipe_list", "floor", "plan", "day_sheet", "weighing_sheet"])
def test_pages_ask_as_much_for_three_orders_as_for_one(as_owner: Client, shop: Bakery, name: str) -> None:
    when = clock.at(clock.today(), 23)
    args = [clock.today()] if name in ("plan", "day_sheet", "weighing_sheet") else []
    url = page(name, *args)
    work_orders.release(work_orders.plan(shop.dough, quantity=D(1), due_at=when))
    one = queries(as_owner, url)
    for _number in range(2):
        work_orders.release(work_orders.plan(shop.dough, quantity=D(1), due_at=when))
    assert queries(as_owner, url) == one


def test_the_list_of_recipes_asks_twelve_times_at_most_however_deep_they_are(as_user: AsUser, shop: Bakery) -> None:
    client = as_user(*composition.ROLES["manager"])
    flat = queries(client, page("recipe_list"))
    tray = make_product("Tray")
    recipe(tray, "1", [LineSpec(shop.croissant, D(12))])
    recipe(make_product("Table"), "1", [LineSpec(tray, D(4))])

    assert queries(client, page("recipe_list")) == flat <= 12


def test_a_recipe_asks_twelve_times_at_most_however_deep_it_is(as_user: AsUser, shop: Bakery) -> None:
    client = as_user(*composition.ROLES["manager"])
    make_price(shop.dough, "9")
    flat = queries(client, page("recipe_detail", shop.dough_recipe.pk))
    deep = recipe(make_product("Tray", price="60"), "1", [LineSpec(shop.croissant, D(12))])
    work_orders.plan(deep.product, quantity=D(1), due_at=due())
    url = page("recipe_detail", deep.pk)
    newer = recipes.new_version(deep)

    assert queries(client, url) == flat <= 12
    answer = client.get(url)
    assert [row.version for row in answer.context["versions"]] == [newer.version, deep.version]
    assert answer.context["object"].is_used
    assert not client.get(newer.get_absolute_url()).context["object"].is_used
    assert client.get(page("recipe_detail", 10**6)).status_code == 404


def test_the_list_counts_outputs_once_whatever_steps_there_are(as_owner: Client, shop: Bakery) -> None:
    stocked(shop.dough, "5", shop.storage)
    order = work_orders.release(work_orders.plan(shop.croissant, quantity=D(20), due_at=due()))
    work_orders.report_output(order, quantity=D(12), key="a")
    text = as_owner.get(page("work_order_list"), {"work_center": shop.bench.pk}).content.decode()
    assert "12" in text
    assert "24" not in text.partition("<tbody>")[2].partition("</tbody>")[0]


def test_a_whole_life_by_forms_alone(as_owner: Client, shop: Bakery) -> None:
    when = clock.local(due()).strftime("%Y-%m-%dT%H:%M")
    made = as_owner.post(page("work_order_create"), {"product": shop.dough.sku, "quantity": "10", "due_at": when})
    order = WorkOrder.objects.get()
    assert made.status_code == 302
    as_owner.post(page("work_order_release", order.pk), {"revision": 1})
    as_owner.post(page("work_order_start", order.pk), {"revision": 2})
    assert as_owner.get(order.get_absolute_url()).status_code == 200
    as_owner.post(page("work_order_report", order.pk), {"first": "4", "_key": "a"})
    refused = as_owner.post(page("work_order_finish", order.pk), {"first": "1", "revision": 3, "_key": "b"})
    assert (refused.status_code, WorkOrder.objects.get().status) == (409, "in_progress")
    done = as_owner.post(page("work_order_finish", order.pk), {"first": "6", "revision": 3, "_key": "c"})
    assert (done.status_code, WorkOrder.objects.get().status) == (302, "done")
    assert availability.of([shop.dough])[shop.dough.pk].on_hand == D(10)
    text = as_owner.get(order.get_absolute_url()).content.decode()
    assert "LOT-" in text


def test_a_stale_button_is_refused(as_owner: Client, order: WorkOrder) -> None:
    as_owner.post(page("work_order_release", order.pk), {"revision": 1})
    assert as_owner.post(page("work_order_cancel", order.pk), {"revision": 1}).status_code == 409
    order.refresh_from_db()
    assert order.status == "released"


def test_buttons_are_those_that_the_state_allows(as_owner: Client, order: WorkOrder) -> None:
    text = as_owner.get(order.get_absolute_url()).content.decode()
    assert page("work_order_release", order.pk) in text
    assert page("work_order_finish", order.pk) not in text
    assert page("work_order_abort", order.pk) not in text


def test_costs_are_hidden_from_who_may_not_see_them(as_user: AsUser, order: WorkOrder) -> None:
    reader = as_user("production.view_workorder")
    assert "Cost" not in reader.get(order.get_absolute_url()).content.decode().partition("<main")[2]


def test_get_of_a_command_changes_nothing(as_owner: Client, order: WorkOrder) -> None:
    for name in ("work_order_release", "work_order_start", "work_order_pause"):
        assert as_owner.get(page(name, order.pk)).status_code == 405


def recipe_data(recipe: Recipe, **more: str) -> dict[str, str]:
    line = recipe.lines.order_by("position").first()
    assert line is not None
    return {
        "output_quantity": "10", "yield_loss_percent": "0", "revision": str(recipe.revision),
        "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "1", "lines-0-pk": str(line.pk),
        "lines-0-component": line.component.sku, "lines-0-quantity": "7", "lines-0-unit": str(line.component.unit_id),
        "steps-TOTAL_FORMS": "0", "steps-INITIAL_FORMS": "0", **more,
    }  # fmt: skip


def test_a_recipe_is_edited_and_its_cost_is_told_without_saving(as_owner: Client, shop: Bakery) -> None:
    url = page("recipe_edit", shop.dough_recipe.pk)
    assert as_owner.get(url).status_code == 200
    data = recipe_data(shop.dough_recipe)
    told = as_owner.post(url, {**data, "preview": "1"}, headers=into("live-cost"))
    assert "28.00" in told.content.decode()
    assert shop.dough_recipe.lines.count() == 2
    saved = as_owner.post(url, data)
    assert (saved.status_code, shop.dough_recipe.lines.get().quantity) == (302, D(7))
    assert as_owner.post(url, data).status_code == 409


def test_a_frozen_recipe_offers_the_next_version(as_owner: Client, shop: Bakery, order: WorkOrder) -> None:
    refused = as_owner.post(page("recipe_edit", shop.dough_recipe.pk), recipe_data(shop.dough_recipe))
    assert refused.status_code == 409
    assert page("recipe_new_version", shop.dough_recipe.pk) in refused.content.decode()
    as_owner.post(page("recipe_new_version", shop.dough_recipe.pk), {"revision": 1})
    draft = Recipe.objects.get(version=2)
    as_owner.post(page("recipe_activate", draft.pk), {"revision": 1})
    draft.refresh_from_db()
    assert draft.status == "active"


def test_a_recipe_is_scaled(as_owner: Client, shop: Bakery) -> None:
    text = as_owner.get(
        shop.croissant_recipe.get_absolute_url(), {"units": "100"}, headers=into("scaled")
    ).content.decode()
    assert "× 10" in text
    for wrong in ("x", "-1", "1e99", ""):
        assert (
            as_owner.get(shop.croissant_recipe.get_absolute_url(), {"units": wrong, "flour": wrong}).status_code == 200
        )


def test_the_plan_is_stepped_and_released_once(as_owner: Client, shop: Bakery) -> None:
    day = clock.today() + timedelta(days=1)
    url = page("plan_set", day, shop.croissant.pk)
    assert as_owner.post(url, {"quantity": "100"}, headers=into("plan")).status_code == 200
    text = as_owner.get(page("plan", day)).content.decode()
    assert "Short of materials" in text  # ten kilos of dough, none there
    as_owner.post(page("plan_add", day), {"product": shop.dough.sku, "quantity": "10"})
    as_owner.post(page("plan_release", day))
    as_owner.post(page("plan_release", day))
    assert sorted(WorkOrder.objects.values_list("product__name", "quantity", "status")) == [
        ("Croissant", D(100), "released"),
        ("Dough", D(10), "released"),
    ]
    assert as_owner.post(url, {"quantity": "50"}, headers=into("plan")).status_code == 409
    assert as_owner.post(url, {"quantity": "x"}, headers=into("plan")).status_code == 409
    assert PlanLine.objects.get(product=shop.croissant).quantity == D(100)


def test_the_floor_says_nothing_while_nothing_changed(as_owner: Client, shop: Bakery, order: WorkOrder) -> None:
    work_orders.release(order)
    text = as_owner.get(page("floor")).content.decode()
    seen = text.partition("seen=")[2][:16]
    assert as_owner.get(page("floor"), {"seen": seen}, headers=into("floor")).status_code == 204
    step = order.steps.get()
    as_owner.post(page("step_start", step.pk))
    assert as_owner.get(page("floor"), {"seen": seen}, headers=into("floor")).status_code == 200


def test_the_pad_books_and_finishes(as_owner: Client, order: WorkOrder) -> None:
    order = work_orders.release(order)
    url = page("floor_report", order.pk)
    assert as_owner.get(url, headers=into("dialog")).status_code == 200
    as_owner.post(url, {"first": "4", "revision": order.revision, "report": "1", "_key": "a"})
    order.refresh_from_db()
    wrong = as_owner.post(url, {"waste": "1", "revision": order.revision, "finish": "1", "_key": "b"})
    assert wrong.status_code == 422
    as_owner.post(
        url, {"first": "5", "waste": "1", "reason": "Burnt", "revision": order.revision, "finish": "1", "_key": "b"}
    )
    order.refresh_from_db()
    assert (order.status, order.outputs.count()) == ("done", 3)


def test_paper_is_printed(as_owner: Client, shop: Bakery, order: WorkOrder) -> None:
    work_orders.finish(work_orders.release(order), key="k")
    lot = order.outputs.get().lot
    assert lot is not None
    for url in (
        page("batch_sheet", order.pk),
        page("day_sheet", order.day),
        page("weighing_sheet", order.day),
        page("order_labels", order.pk),
        page("lot_label", lot.pk),
    ):
        answer = as_owner.get(url)
        assert answer.status_code == 200
        assert b"<svg" in answer.content or b"Nothing to weigh" in answer.content
    assert lot.code in as_owner.get(page("lot_label", lot.pk)).content.decode()


def test_a_lot_leads_to_its_label_and_to_the_order_that_made_it(as_owner: Client, order: WorkOrder) -> None:
    work_orders.finish(work_orders.release(order), key="k")
    lot = order.outputs.get().lot
    panel = as_owner.get(
        page("lot_label_panel", lot.pk), headers={"HX-Request": "true", "HX-Target": "panel-label"}
    ).content.decode()

    assert page("lot_label_panel", lot.pk) in as_owner.get(lot.get_absolute_url()).content.decode()
    assert page("lot_label", lot.pk) in panel
    assert order.number in panel
    assert "<html" not in panel


def test_paper_as_pdf_or_a_sentence(as_owner: Client, order: WorkOrder) -> None:
    answer = as_owner.get(page("batch_sheet_pdf", order.pk))
    try:
        import weasyprint  # noqa: F401
    except (ImportError, OSError):
        assert answer.status_code == 409
        return
    assert (answer.status_code, answer.content[:4]) == (200, b"%PDF")


def test_other_pages_open(as_owner: Client, shop: Bakery, order: WorkOrder) -> None:
    center = WorkCenter.objects.first()
    assert center is not None
    for url in (
        page("plan_today"),
        page("work_order_edit", order.pk),
        page("work_order_history", order.pk),
        page("work_order_cancel", order.pk),
        page("recipe_history", shop.dough_recipe.pk),
        page("recipe_create"),
        page("work_center_detail", center.pk),
        page("work_center_edit", center.pk),
        page("work_center_history", center.pk),
        page("product_recipe", shop.dough.pk),
        page("product_recipe", shop.butter.pk),
        page("home_due"),
        page("recipe_list") + "?export=csv",
        page("work_order_list") + "?export=csv",
    ):
        assert as_owner.get(url, follow=True).status_code == 200, url


def test_the_plan_cannot_go_below_what_is_ordered(shop: Bakery) -> None:
    day = clock.today()
    plans.set_quantity(shop.dough, day=day, quantity=D(5))
    [order] = plans.release(day)
    assert (order.quantity, order.origin_kind) == (D(5), "plan")
    assert plans.release(day) == []
