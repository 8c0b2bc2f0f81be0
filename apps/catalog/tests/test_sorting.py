"""Long product lists come part by part, and are the same as if they had been sorted."""

from datetime import timedelta
from decimal import Decimal
from itertools import product as every

import pytest
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.urls import resolve, reverse

from apps.catalog.models import Category, Price, PriceList, Product
from apps.catalog.selectors import sorting
from apps.catalog.services import categories, packs, prices
from backoffice.kernel import clock
from backoffice.ui import nav, pagination, tables
from backoffice.ui.pagination import Count, paginate

from .factories import make_price, make_price_list, make_product

pytestmark = pytest.mark.django_db
KEYS = ["category", "-category", "price", "-price", "is_active", "-is_active", "updated_at", "-updated_at", "-name"]
KEYS += ["completeness", "-completeness", "name"]


@pytest.fixture(autouse=True)
def nothing_is_short(monkeypatch):
    """Twenty products are a long list, and nothing is known of it yet."""
    monkeypatch.setattr(pagination, "CAP", 4)
    monkeypatch.setattr(nav, "MANY", 4)  # what a whole page counts up to
    monkeypatch.setattr(pagination, "DEEP", 2)
    monkeypatch.setattr(pagination, "totals", pagination.Totals())
    monkeypatch.setattr(tables, "SHORT", 1)
    monkeypatch.setattr("backoffice.ui.parts.SHORT", 1)
    monkeypatch.setattr(sorting, "PACK", 3)
    sorting.in_categories.forget()
    sorting.with_prices.forget()
    yield
    sorting.in_categories.forget()
    sorting.with_prices.forget()


@pytest.fixture
def shop():
    """Prices that are the same, of one tier only, of packs, that end, that begin, that have ended, and none at all;
    categories of the same name, large, small and empty."""
    now = clock.now()
    sweets, bread = categories.create(name="Sweets"), categories.create(name="Bread")
    places = [
        bread,
        sweets,
        categories.create(name="Rolls", parent=bread),
        categories.create(name="Bread", parent=sweets),
    ]
    categories.create(name="Nothing yet")
    goods = [
        make_product(f"Item {n % 5}", category=places[n % 4] if n % 7 else None, price="4.50" if n % 3 else None)
        for n in range(22)
    ]
    for place, amount in enumerate(["1.20", "9.00", "4.50", "0.80"]):
        make_price(goods[place], amount)
    default = make_price_list("counter")
    make_price(goods[6], "3.00", min_quantity=Decimal(12))
    make_price(goods[6], "2.00", min_quantity=Decimal(24))
    make_price(goods[7], "0.10", min_quantity=Decimal(24))
    make_price(goods[9], "1.00", unit=packs.add(goods[9], name="box", quantity=Decimal(6)))
    make_price(goods[10], "99.00", valid_from=now + timedelta(days=2))
    make_price(goods[11], "98.00", valid_from=now + timedelta(days=2))
    make_price(goods[12], "97.00", valid_from=now + timedelta(days=2))
    prices.withdraw(goods[13], default)
    make_price(goods[14], "5.00", price_list=make_price_list("web"))
    Product.objects.filter(pk__in=[row.pk for row in goods[:5]]).update(is_active=False)
    Price.objects.filter(product=goods[16]).update(valid_to=now + timedelta(hours=1))
    return goods


def table_of(name, sort, **kwargs):
    """The table of a list as somebody asks for it who may see all."""
    url = reverse(name, kwargs=kwargs)
    request = RequestFactory().get(url, {"sort": sort})
    request.user = get_user_model().objects.create(username=f"u{sort}", name="U", is_superuser=True)
    request.resolver_match = resolve(url)
    screen = request.resolver_match.func.view_class()
    screen.setup(request, **kwargs)
    return screen.table


def pages_of(table, size):
    rows = table.ordered()
    total = rows.count()
    found = [
        paginate(rows, number=number, size=size, count=Count(4, True), parts=table.parts(total))
        for number in range(1, -(-total // size) + 1)
    ]
    assert [page.has_next for page in found] == [True] * (len(found) - 1) + [False]
    return [row.pk for page in found for row in page.rows]


@pytest.mark.parametrize(("sort", "size"), list(every(KEYS, [1, 3, 7, 50])))
def test_pages_are_those_of_the_sorted_list(shop, sort, size):
    table = table_of("catalog:product_list", sort)

    assert pages_of(table, size) == [row.pk for row in table.ordered()]
    assert (table.parts(5) is not None) == (sort.lstrip("-") in ("price", "category"))


@pytest.mark.parametrize(("sort", "size"), list(every(["category", "-category", "price", "-price"], [1, 4])))
@pytest.mark.parametrize("code", ["counter", "web"])
def test_pages_of_a_price_list_as_well(shop, sort, size, code):
    table = table_of("catalog:price_list_prices", sort, price_list=PriceList.objects.get(code=code).pk)

    assert pages_of(table, size) == [row.pk for row in table.ordered()]


@pytest.mark.parametrize("sort", ["price", "-price"])
def test_the_order_is_that_of_the_prices_that_are_shown(shop, sort):
    """Also when most of them are about to end."""
    Price.objects.filter(price_list__code="counter", valid_to=None, valid_from__lte=clock.now()).exclude(
        product__in=shop[:3]
    ).update(valid_to=clock.now() + timedelta(days=9))
    table = table_of("catalog:product_list", sort)
    shown = {row.pk: row.price for row in table.ordered()}

    found = [shown[pk] for pk in pages_of(table, 3)]

    priced = [amount for amount in found if amount is not None]
    assert priced == sorted(priced, reverse=sort.startswith("-"))
    assert found == priced + [None] * (len(found) - len(priced))
    assert len(set(priced)) > 4


def test_a_first_page_by_price_asks_for_no_numbers(shop, monkeypatch):
    """Counting a hundred thousand prices costs more than the page."""

    def counted(*_args):
        raise AssertionError("counted")

    table = table_of("catalog:product_list", "price")
    monkeypatch.setattr(sorting.with_prices, "of", counted)

    assert table.parts(23).keys(0, 9) == [row.pk for row in table.ordered()[:9]]
    with pytest.raises(AssertionError, match="counted"):
        table.parts(23).keys(9, 12)


@pytest.mark.parametrize("long", [True, False])
def test_what_is_shown_by_price_stands_in_its_order(shop, client, admin_user, monkeypatch, long):
    monkeypatch.setattr(tables, "SHORT", 1 if long else 1000)
    client.force_login(admin_user)

    for sort in ("price", "-price"):
        rows = client.get(reverse("catalog:product_list"), {"sort": sort, "sold": "yes"}).context["page"].rows
        priced = [row.price for row in rows if row.price is not None]
        assert [row.price for row in rows] == sorted(priced, reverse=sort != "price") + [None] * (
            len(rows) - len(priced)
        )
        assert len(set(priced)) > 4


def test_what_has_no_category_comes_last_either_way(shop):
    for sort in ("category", "-category"):
        found = Product.objects.in_bulk(keys := pages_of(table_of("catalog:product_list", sort), 5))
        without = [found[pk].category_id is None for pk in keys]
        assert without == sorted(without)
        assert any(without)


def test_what_was_counted_before_never_hides_a_product(shop):
    """The first page is that of now, whatever is known of the parts."""
    for sort in ("category", "price"):
        pages_of(table_of("catalog:product_list", sort), 3)
    get_user_model().objects.all().delete()
    new = make_product("Aa", category=Category.objects.get(name="Bread", parent=None), price="0.01")

    for sort in ("category", "price"):
        table = table_of("catalog:product_list", sort)
        page = paginate(table.ordered(), number=1, size=3, count=Count(4, True), parts=table.parts(23))
        assert page.rows[0].pk == new.pk


def test_a_column_without_an_index_is_no_order_of_a_long_list(shop, client, admin_user):
    client.force_login(admin_user)

    long = client.get(reverse("catalog:product_list"), {"sort": "-kind"}).content.decode()
    assert "sort=kind" not in long
    assert long.count('title="Narrow the list down to sort by this"') == 1
    assert "sort=price" in long
    assert 'aria-sort="ascending"' in long  # by name, as without being asked

    few = client.get(reverse("catalog:product_list"), {"sort": "-kind", "q": shop[1].sku}).content.decode()
    assert "sort=kind" in few
    assert "Narrow the list down" not in few
