"""What the tests themselves stand on."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db import IntegrityError, connection
from django.test import TransactionTestCase


class Writing(TransactionTestCase):
    """A test that really writes, and cleans up when it ends."""

    __test__ = False

    def runTest(self) -> None:
        """Nothing to do: only the end of it matters."""


@pytest.mark.django_db(transaction=True)
def test_any_test_may_follow_one_that_really_wrote() -> None:
    units, locations = (apps.get_model(name).objects for name in ("catalog.Unit", "inventory.Location"))
    migrated = sorted(units.values_list("pk", "code"))
    units.all().delete()
    locations.create(code="HERE", name="Here", kind="storage")

    Writing()._fixture_teardown()  # type: ignore[attr-defined]

    assert Permission.objects.filter(content_type__app_label="orders", codename="sell").exists()
    assert sorted(units.values_list("pk", "code")) == migrated != []
    assert not locations.filter(code="HERE").exists()


@pytest.mark.django_db(transaction=True)
def test_the_ledgers_of_the_copy_still_refuse() -> None:
    moves = "append_only_inventory_move_%"
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s", [moves])
        else:
            cursor.execute("SELECT COUNT(*) FROM pg_trigger WHERE tgname LIKE %s AND tgenabled = 'O'", [moves])
        assert cursor.fetchone()[0] == 2
    with pytest.raises(IntegrityError):
        apps.get_model("inventory.Lot").objects.create(product_id=1, code="of nothing")
