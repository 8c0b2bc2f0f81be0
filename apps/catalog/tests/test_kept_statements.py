"""Kept statements give what the queryset gives, for every value, and notice what they cannot keep."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.db.models import BigIntegerField, F, Sum, Value
from django.test import Client
from django.urls import reverse

from apps.catalog.models import Product
from apps.catalog.tests.factories import make_product, make_unit
from backoffice.kernel import clock, rows
from backoffice.kernel.compiled import MOST, Compiled, CompiledDelete, CompiledUpdate, spelled_out
from backoffice.kernel.locks import lock
from backoffice.kernel.models import NumberSeries

pytestmark = pytest.mark.django_db

BY_KEY = Compiled(lambda ids: Product.objects.filter(pk__in=ids).select_related("unit").order_by("-pk"))
NAMES = Compiled(lambda ids: Product.objects.filter(pk__in=ids).order_by("pk").values_list("name", flat=True))
SINCE = Compiled(lambda at, name: Product.objects.filter(created_at__gte=at, name=name).values_list("pk", "created_at"))


def series(name: str, last: int = 0) -> NumberSeries:
    return NumberSeries.objects.create(series=name, last=last)


def test_rows_go_to_the_driver_as_their_fields_say():
    product = make_product(unit="kg", tax_rate=Decimal("7.25"))
    fields = tuple(product._meta.local_concrete_fields)

    said = [field.get_db_prep_save(field.pre_save(product, False), connection) for field in fields]
    stamp = next(at for at, field in enumerate(fields) if getattr(field, "auto_now", False))
    found = rows._prepared(fields, product, False, connection)

    said[stamp] = found[stamp] = None  # the moment of asking
    assert [*map(str, found)] == [*map(str, said)]


class TestReading:
    def test_other_values_and_other_counts_find_their_own_rows(self):
        a, b, c = (make_product() for _number in range(3))

        assert BY_KEY([a.pk]) == [a]
        assert BY_KEY([b.pk]) == [b]
        assert BY_KEY({c.pk, a.pk}) == [c, a]
        assert BY_KEY([b.pk, b.pk]) == [b]
        assert BY_KEY([]) == []
        assert NAMES([c.pk, b.pk]) == [b.name, c.name]

    def test_related_rows_and_exact_numbers_come_with_it(self, django_assert_num_queries):
        product = make_product(unit="kg", tax_rate=Decimal("7.25"))
        BY_KEY([product.pk])

        with django_assert_num_queries(1):
            (found,) = BY_KEY([product.pk])
            assert (found.unit.code, found.tax_rate, found.name) == ("kg", Decimal("7.25"), product.name)

    def test_two_connections_share_how_it_is_said_and_nothing_else(self):
        product, other = make_product(), make_product()
        BY_KEY([product.pk])
        own = BY_KEY.prepared(([product.pk],))
        database = connections["default"]  # not the proxy
        kept = database.__dict__.pop("compiled_statements")  # as a connection that has asked nothing yet

        assert BY_KEY([other.pk]) == [other]

        theirs = BY_KEY.prepared(([other.pk],))
        assert theirs.sql is own.sql
        assert theirs.params != own.params
        assert theirs.compiler is not own.compiler
        assert theirs.queryset.query is not own.queryset.query
        database.__dict__["compiled_statements"] = kept
        assert BY_KEY([product.pk]) == [product]

    def test_what_is_read_is_read_now(self):
        product = make_product(name="Before")
        assert NAMES([product.pk]) == ["Before"]

        Product.objects.update(name="After")

        assert NAMES([product.pk]) == ["After"]

    def test_instants_and_texts_are_values(self):
        product = make_product(name="It's 100%")
        now = clock.now()

        ((pk, made),) = SINCE(now - timedelta(minutes=1), "It's 100%")
        assert pk == product.pk
        assert made.tzinfo is not None
        assert SINCE(now + timedelta(minutes=1), "It's 100%") == []
        assert SINCE(now - timedelta(minutes=1), "Other") == []

    def test_more_values_than_are_worth_keeping_are_asked_the_plain_way(self):
        made = [make_product() for _number in range(MOST + 1)]

        assert BY_KEY([product.pk for product in made]) == made[::-1]

    def test_any_number_of_keys_shares_a_statement_on_postgresql(self):
        made = [make_product() for _number in range(3)]
        kept = Compiled(lambda ids, but: Product.objects.filter(pk__in=ids).exclude(unit_id__in=but).order_by("pk"))

        for number in (1, 2, 3):
            assert kept([product.pk for product in made[:number]], [0]) == made[:number]
        assert kept([product.pk for product in made], [made[0].unit_id, 0]) == []

        statements = [key for key in connection.compiled_statements if key[0] is kept]
        assert len(statements) == (1 if connection.vendor == "postgresql" else 4)

    def test_keys_that_do_not_stand_behind_in_find_their_rows_too(self):
        made = [make_product() for _number in range(3)]
        wanted = Compiled(
            lambda ids: Product.objects.filter(pk__in=ids).annotate(first=Value(next(iter(ids)), BigIntegerField()))
        )

        for number in (1, 2):
            keys = [product.pk for product in made[:number]]
            assert {(row.pk, row.first) for row in wanted(keys)} == {(key, keys[0]) for key in keys}

    def test_rows_that_are_shown_are_models_that_share_what_they_refer_to(self, django_assert_num_queries):
        a, b, c = make_product(unit="kg", tax_rate=Decimal("7.25")), make_product(unit="kg"), make_product(unit="un")
        shown = Compiled(
            lambda ids: Product.objects.filter(pk__in=ids).select_related("unit", "category").order_by("pk")
            .annotate(taxed=F("tax_rate")).only("name", "tax_rate", "unit__code", "category__name"),
            shown=True,
        )  # fmt: skip

        with django_assert_num_queries(1):
            found = shown([a.pk, b.pk, c.pk])
            assert found == [a, b, c]
            assert [row.unit.code for row in found] == ["kg", "kg", "un"]
            assert found[0].unit is found[1].unit
            assert (found[0].tax_rate, found[0].taxed, found[0].category) == (Decimal("7.25"), Decimal("7.25"), None)
            assert not found[0]._state.adding
        with django_assert_num_queries(1):
            assert found[0].sku == a.sku  # what was left out is read when it is asked for

    def test_sums_are_exact(self):
        total = Compiled(
            lambda unit: Product.objects.filter(unit_id=unit).values("unit_id").annotate(n=Sum("tax_rate"))
            .order_by().values_list("n", flat=True)
        )  # fmt: skip
        unit = make_unit("kg")
        make_product(unit="kg", tax_rate=Decimal("0.1"))
        make_product(unit="kg", tax_rate=Decimal("0.2"))

        assert total(unit.pk) == [Decimal("0.3")]

    def test_a_value_that_is_not_used_as_it_is_is_refused(self):
        search = Compiled(lambda text: Product.objects.filter(name__startswith=text))

        with pytest.raises(TypeError):
            search("Bag")
        with pytest.raises(TypeError):
            BY_KEY([Decimal(1)])


class TestChanging:
    def test_an_update_changes_the_rows_that_still_fit(self):
        raised = CompiledUpdate(
            lambda ids, below, name: (
                NumberSeries.objects.filter(pk__in=ids, last__lt=below),
                {"last": F("last") + 1, "series": name},
            )
        )
        a, b = series("a", 1), series("b", 5)

        assert raised([a.pk, b.pk], 5, "c") == 1
        assert raised([a.pk, b.pk], 5, "d") == 1
        assert raised([], 5, "e") == 0
        assert list(NumberSeries.objects.order_by("pk").values_list("series", "last")) == [("d", 3), ("b", 5)]

    def test_a_delete_takes_the_named_rows_only(self):
        drop = CompiledDelete(lambda ids: NumberSeries.objects.filter(pk__in=ids))
        a, b = series("a"), series("b")

        assert drop([a.pk]) == 1
        assert drop([a.pk]) == 0
        assert list(NumberSeries.objects.all()) == [b]


class TestRows:
    def test_insert_gives_keys_in_order_and_defaults(self):
        made = rows.insert(NumberSeries(series=name, last=place) for place, name in enumerate("xyz"))

        assert [NumberSeries.objects.get(pk=row.pk).series for row in made] == ["x", "y", "z"]
        assert not made[0]._state.adding
        assert rows.insert([]) == []

    def test_every_kind_of_column_survives(self):
        like = make_product(tags=["a", "ü"], shelf_life_days=3, tax_rate=Decimal("7.25"))
        twin = Product.objects.get(pk=like.pk)
        twin.pk, twin.sku = None, "TWIN"

        rows.insert([twin])

        found = Product.objects.get(sku="TWIN")
        for field in ("tags", "shelf_life_days", "tax_rate", "is_active", "name", "unit_id", "kind"):
            assert getattr(found, field) == getattr(like, field), field

    def test_save_writes_the_named_columns_and_the_stamp(self):
        product = make_product(name="Old", description="Kept")
        Product.objects.update(description="By someone else", updated_at=datetime(2020, 1, 1, tzinfo=UTC))
        product.name, product.description = "New", "Not named"

        rows.save(product, ("name",))

        product.refresh_from_db()
        assert (product.name, product.description) == ("New", "By someone else")
        assert product.updated_at.date() >= date(2026, 1, 1)

    def test_saving_what_is_gone_is_an_error(self):
        row = series("gone")
        NumberSeries.objects.all().delete()

        with pytest.raises(DatabaseError):
            rows.save(row, ("last",))

    def test_upsert_writes_or_changes(self):
        series("there", 7)

        for last in (1, 2):
            rows.upsert(
                [NumberSeries(series=name, last=last) for name in ("there", "new")],
                unique=("series", "year"),
                fields=("last",),
            )

        assert dict(NumberSeries.objects.values_list("series", "last")) == {"there": 2, "new": 2}

    def test_constraints_still_hold(self):
        series("once")

        with pytest.raises(IntegrityError), transaction.atomic():
            rows.insert([NumberSeries(series="once")])
        assert connection.in_atomic_block
        assert NumberSeries.objects.count() == 1


def test_words_that_never_change_stand_in_the_statement_so_that_partial_indexes_are_seen():
    sql, params = spelled_out("a = %s AND b = %s AND c = %s", ["active", 7, "Two words"])
    assert (sql, params) == ("a = 'active' AND b = %s AND c = %s", [7, "Two words"])
    assert spelled_out("a LIKE '%%x' AND b = %s", ["active"]) == ("a LIKE '%%x' AND b = %s", ["active"])


def test_a_lock_needs_a_transaction_and_a_row_that_is_there():
    row = series("locked", 3)

    with transaction.atomic():
        assert lock(row).last == 3
        NumberSeries.objects.filter(pk=row.pk).update(last=4)
        assert lock(row).last == 4
        NumberSeries.objects.filter(pk=row.pk).delete()
        with pytest.raises(NumberSeries.DoesNotExist):
            lock(row)


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_of_a_transaction_is_refused():
    row = series("free")

    with pytest.raises(transaction.TransactionManagementError):
        lock(row)


@pytest.mark.parametrize("name", ["catalog:category_history", "catalog:product_detail", "catalog:product_edit"])
def test_a_number_that_no_row_can_have_is_nobodys(as_owner: Client, name: str) -> None:
    for number in (2**63, 10**30):
        assert as_owner.get(reverse(name, args=[number])).status_code == 404
