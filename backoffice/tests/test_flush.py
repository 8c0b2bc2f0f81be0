"""What the tests themselves stand on."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.test import TransactionTestCase


class Flushing(TransactionTestCase):
    """A test that flushes when it ends, as every transactional one does."""

    __test__ = False
    serialized_rollback = True

    def runTest(self) -> None:
        """Nothing to do: only the end of it matters."""


@pytest.mark.django_db(transaction=True)
def test_any_test_may_follow_one_that_flushes() -> None:
    Flushing()._fixture_teardown()  # type: ignore[attr-defined]

    assert Permission.objects.filter(content_type__app_label="orders", codename="sell").exists()
    assert apps.get_model("catalog", "Unit").objects.exists()
