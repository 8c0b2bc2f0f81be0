"""Files of other shops, as those write them: read, shown, applied, and read again without a change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from apps.catalog.models import Attribute, ProductMedia, RemotePicture
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.testing.sites import Site
from backoffice.transfers import imports
from backoffice.transfers.services import runs

from .shop_files import IMPORTING, D, got, imported, previewed, reasons, shopify, windows, woo

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_shop_files")]


@pytest.mark.parametrize(
    "shop, sku, facts",
    [
        ("woocommerce", "tee", {
            "Category": "Clothing > Shirts", "Variants differ by": "Color", "Color": "Blue, Red",
            "Care": "30°, no iron", "Variants": "2 in the file", "Pictures": "1: tee.png", "Kind": "with variants",
        }),
        ("woocommerce", "tee-blue", {"Variant of": "tee", "Color": "Blue", "Price: Counter": "8.00"}),
        ("shopify", "mug", {
            "Category": "Home > Kitchen", "Size": "Small, Large", "Vendor": "Acme", "Description": "Holds tea",
            "Pictures": "3: one.png, two.png, three.png",
        }),
        ("shopify", "MUG-S", {"Variant of": "mug", "Price: Counter": "9.00", "Barcode": "7891000315507"}),
    ],
)  # fmt: skip
def test_what_will_be_made_is_shown_before_it_is(
    shop: str, sku: str, facts: dict[str, str], as_user: Callable[..., Client]
) -> None:
    run = previewed(shop, woo() if shop == "woocommerce" else shopify(), sale_until=clock.today().isoformat())
    row = run.rows.get(meta=sku)
    told = {str(fact.label): fact.value for fact in imports.of(run).facts([row])[row.pk]}
    assert {label: told.get(label) for label in facts} == facts
    assert any(label.startswith("Price from ") for label in told) == (sku in ("tee-blue", "MUG-S"))

    page = as_user(*IMPORTING).get(run.get_absolute_url()).content.decode()
    for value in facts.values():
        assert f"<dd>{escape(value)}" in page


# --- WooCommerce --------------------------------------------------------------------------------------------------
def test_products_of_woocommerce_become_ours(web: Site) -> None:
    run = imported("woocommerce", woo(web))
    assert (run.new, run.refused) == (7, 0)

    tee, blue, red = got("tee"), got("tee-blue"), got("id-3")
    assert (tee.name, tee.kind, tee.category and tee.category.path) == (
        "Tee & more",
        "configurable",
        "Clothing > Shirts",
    )
    assert tee.description == "Short\n\nLong one\n\n• soft"
    assert (tee.tags, tee.axes, tee.attributes) == (["new", "cotton"], ["color"], {"care": ["30", "no-iron"]})
    assert (blue.variant_of, blue.variant_key, blue.name) == (tee, "color=blue", "Tee, blue")
    assert (red.variant_key, red.name) == ("color=red", "Tee & more, Red")
    cap = got("cap")
    assert (cap.is_active, cap.category and cap.category.path, cap.tags) == (False, "Clothing > Caps", ["Sale"])
    assert cap.attributes == {"color": "green"}
    gift = got("gift")
    assert (gift.is_active, gift.tags, gift.kind, gift.sell_policy) == (False, ["draft"], "virtual", "on_demand")
    group, book = got("set"), got("book")
    assert (group.kind, group.is_sellable, [part.component.sku for part in group.parts.all()]) == (
        "bundle", False, ["cap", "gift"],
    )  # fmt: skip
    assert (book.is_sellable, book.sell_policy) == (False, "on_demand")
    care = Attribute.objects.get(code="care")
    assert (care.type, [option["name"] for option in care.options]) == ("multiselect", ["30°", "no iron"])


def test_a_sale_is_a_window_of_the_price_list(web: Site) -> None:
    today = clock.today()
    first, last = today + timedelta(days=3), today + timedelta(days=5)
    until = today + timedelta(days=20)
    imported(
        "woocommerce", woo(web, start=first.isoformat(), end=f"{last.isoformat()} 00:00:00"),
        sale_until=until.isoformat(),
    )  # fmt: skip

    back = (last + timedelta(days=1)).isoformat()
    assert windows("cap") == [
        (D(6), today.isoformat(), first.isoformat()), (D("4.50"), first.isoformat(), back), (D(6), back, ""),
    ]  # fmt: skip
    after = (until + timedelta(days=1)).isoformat()
    assert windows("tee-blue") == [(D(8), today.isoformat(), after), (D(10), after, "")]
    assert windows("id-3") == [(D(12), today.isoformat(), "")]
    assert windows("tee") == windows("set") == []


@pytest.mark.parametrize(
    ("begins", "ends", "expected"),
    [(-9, -2, [6]), (-9, 9, [D("4.50"), 6]), (9, None, [6, D("4.50")]), (None, 9, [D("4.50"), 6])],
)
def test_what_a_sale_is_worth_depends_on_the_day(begins: int | None, ends: int | None, expected: list[Any]) -> None:
    today = clock.today()
    start, end = ((today + timedelta(days=days)).isoformat() if days is not None else "" for days in (begins, ends))
    imported("woocommerce", woo(start=start, end=end))
    assert [amount for amount, _from, _to in windows("cap")] == expected


def test_pictures_come_in_the_background_and_the_unreachable_are_listed(
    web: Site, as_user: Callable[..., Client]
) -> None:
    run = imported("woocommerce", woo(web))
    assert run.figures["media"] == 4
    assert {row.product.sku for row in ProductMedia.objects.select_related("product")} == {"tee", "tee-blue", "cap"}
    assert got("cap").cover
    gone = RemotePicture.objects.failed().get()
    assert (gone.url, "404" in gone.reason) == (web.url("/gone.png"), True)
    assert run.checked_figures == {"addresses": 1}

    client = as_user(*IMPORTING)
    page = client.get(run.get_absolute_url()).content.decode()
    panel = reverse("catalog:run_pictures", args=[run.pk])
    assert panel in page
    shown = client.get(panel).content.decode()
    assert "gone.png" in shown
    assert "404" in shown
    assert "Cap" in shown


@pytest.mark.parametrize("shop", ["woocommerce", "shopify"])
def test_the_same_file_again_changes_nothing(web: Site, shop: str) -> None:
    content = woo(web, start="2020-01-01") if shop == "woocommerce" else shopify(web)
    until = (clock.today() + timedelta(days=30)).isoformat()
    first = imported(shop, content, sale_until=until)
    asked = len(web.asked)
    for days in (30, 45):
        again = imported(shop, content, sale_until=(clock.today() + timedelta(days=days)).isoformat())
        assert (again.new, again.changed, again.refused) == (0, 0, 0), again.rows.values_list("meta", "changes")
        assert again.unchanged == first.new
    assert len(web.asked) == asked
    assert Attribute.objects.filter(code__endswith="_2").count() == 0


def test_what_changed_is_shown_before_and_after(web: Site) -> None:
    imported("woocommerce", woo(web))
    changed = (
        woo(web).replace("Tee, blue", "Tee, navy").replace(",12,,,,id:1", ",13,,,,id:1").replace("cotton", "linen")
    )
    run = previewed("woocommerce", changed)

    rows = {
        row.meta: [(one["before"], one["after"]) for one in row.changes] for row in run.rows.filter(outcome="changed")
    }
    assert rows == {
        "tee": [("new, cotton", "new, linen")], "tee-blue": [("Tee, blue", "Tee, navy")], "id-3": [("12.00", "13.00")],
    }  # fmt: skip
    runs.apply(run)
    runner.drain()
    assert (got("tee-blue").name, got("tee").tags) == ("Tee, navy", ["new", "linen"])
    assert [amount for amount, _from, _to in windows("id-3")] == [D(12), D(13)]


def test_a_new_variation_joins_a_product_that_is_there(web: Site) -> None:
    imported("woocommerce", woo(web))
    line = '8,variation,tee-black,,1,,,,,,11,,,,tee,,Color,"Black",Care,,1\n'
    run = imported("woocommerce", woo(web) + line)
    assert (run.new, run.changed) == (1, 0)
    assert got("tee-black").variant_key == "color=black"
    assert "black" in Attribute.objects.get(code="color").option_names


def test_variations_before_their_product_and_products_in_the_house(web: Site) -> None:
    head, *lines = woo(web).splitlines(keepends=True)
    imported("woocommerce", head + "".join(reversed(lines)))
    assert got("id-3").variant_of == got("tee")

    other = "9,variation,tee-green,,1,,,,,,11,,,,tee,,Color,Green,Care,,1\n"
    run = imported("woocommerce", head + other)
    assert (run.new, got("tee-green").variant_key) == (1, "color=green")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("8,variation,x,X,1,,,,,,1,,,,nobody,,Color,Blue,,,1", "no product nobody"),
        ("8,variation,x,X,1,,,,,,1,,,,,,Color,Blue,,,1", "names its product"),
        ("8,variation,x,X,1,,,,,,1,,,,tee,,Color,Blue,,,1", "same variant"),
        ("8,variation,x,X,1,,,,,,1,,,,tee,,Color,,,,1", "says its Color"),
        ("8,variation,x,X,1,,,,,,1,,,,cap,,Color,Blue,,,1", "no product with variants"),
        ("8,simple,tee,Again,1,,,,,,1,,,,,,,,,,1", "has this SKU already"),
        ("8,simple,x,X,1,,,,,,1;5,,,,,,,,,,1", "not a number"),
        ("8,simple,x,X,1,,,,,,-1,,,,,,,,,,1", "at least 0"),
        ("8,simple,x,X,1,,,someday,,1,2,,,,,,,,,,1", "not a date"),
        ("8,simple,x,,1,,,,,,1,,,,,,,,,,1", "needs a name"),
        ("8,grouped,x,X,1,,,,,,,,,,,nobody,,,,,1", "no product nobody"),
    ],
)
def test_what_cannot_be_is_refused_with_line_and_reason(web: Site, line: str, says: str) -> None:
    run = previewed("woocommerce", woo(web) + line + "\n")
    assert list(reasons(run)) == [9]
    assert says in reasons(run)[9]
    assert run.new == 7


# --- Shopify ------------------------------------------------------------------------------------------------------
def test_products_of_shopify_become_ours(web: Site) -> None:
    run = imported("shopify", shopify(web))
    assert (run.new, run.refused, run.total, run.checked) == (5, 0, 5, 5)
    assert run.checked_figures == {"barcodes": 1}

    mug, small, large = got("mug"), got("MUG-S"), got("mug-Large-White")
    assert (mug.kind, mug.axes, mug.category and mug.category.path) == (
        "configurable", ["size", "colour"], "Home > Kitchen",
    )  # fmt: skip
    assert (mug.description, mug.tags, mug.attributes) == ("Holds tea", ["blue", "tea", "Mugs"], {"vendor": "Acme"})
    assert [(row.variant_key, row.name, row.barcode) for row in (small, large)] == [
        ("size=small;colour=white", "Mug, Small, White", "7891000315507"),
        ("size=large;colour=white", "Mug, Large, White", ""),
    ]
    assert [(row.alt, row.came_from.get().url) for row in mug.media.order_by("position")] == [
        ("One mug", web.url("/one.png")), ("Two", web.url("/two.png")), ("", web.url("/three.png")),
    ]  # fmt: skip
    assert [row.came_from.get().url for row in small.media.all()] == [web.url("/small.png")]
    poster, bag = got("POSTER"), got("BAG")
    assert (poster.is_active, poster.tags, poster.kind) == (False, ["draft"], "virtual")
    assert str(poster.category) == "Prints"
    assert (bag.is_active, bag.tags, bag.kind) == (False, ["archived"], "simple")


def test_the_price_before_is_the_regular_one(web: Site) -> None:
    until = clock.today() + timedelta(days=9)
    imported("shopify", shopify(web), sale_until=until.isoformat())
    assert [(amount, end != "") for amount, _from, end in windows("MUG-S")] == [(D(9), True), (D(12), False)]
    assert [amount for amount, _from, _to in windows("mug-Large-White")] == [D(14)]


def test_without_a_day_the_sale_price_stays(web: Site) -> None:
    imported("shopify", shopify(web))
    assert [amount for amount, _from, _to in windows("MUG-S")] == [D(9)]


def test_a_product_that_is_refused_comes_back_once_with_its_variants(as_user: Callable[..., Client]) -> None:
    content = shopify().replace("mug,Mug,", f"mug,{'M' * 130},")
    run = previewed("shopify", content)
    assert sorted(reasons(run)) == [2, 3, 4]
    assert "line 2 is refused" in reasons(run)[3]
    assert "Line 2 of the same product" in reasons(run)[4], "a line that only names a picture comes back too"
    lines = b"".join(as_user(*IMPORTING).get(reverse("transfers:run_refused", args=[run.pk])).streaming_content)  # type: ignore[attr-defined]
    back = lines.decode()
    assert len(back.strip().splitlines()) == 4

    mended = previewed("shopify", back.replace("M" * 130, "Mug"))
    assert mended.refused == 0
    assert len(mended.rows.get(meta="mug").data["media"]) == 3, "as in the file that was refused"


def test_lines_of_one_product_that_stand_apart_are_refused() -> None:
    content = shopify() + "mug,,,,,,,,,Huge,,White,MUG-H,20,,,TRUE,,,,,\n,Nameless,,,,,,,,,,,X,1,,,,,,,,\n"
    run = previewed("shopify", content)
    assert list(reasons(run)) == [7, 8]
    assert "began on line 2" in reasons(run)[7]
    assert "blank" in reasons(run)[8]
