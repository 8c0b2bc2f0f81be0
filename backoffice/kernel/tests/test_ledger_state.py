"""Numbering, keys and states: what holds in one transaction."""

import threading

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from backoffice.kernel import audit, idempotency, numbering
from backoffice.kernel.audit import acting
from backoffice.kernel.errors import KeyReused
from backoffice.kernel.locks import retry_conflict
from backoffice.kernel.models import NumberSeries


@pytest.mark.django_db
def test_a_rolled_back_number_is_given_again():
    with transaction.atomic():
        assert numbering.next_value("order", year=2026) == 1
    with pytest.raises(RuntimeError), transaction.atomic():
        numbering.next_value("order", year=2026)
        raise RuntimeError
    with transaction.atomic():
        assert numbering.next_value("order", year=2026) == 2
        assert numbering.next_value("order", year=2027) == 1


@pytest.mark.django_db(transaction=True)
def test_numbers_of_many_threads_have_no_gap_and_no_double():
    taken: list[int] = []

    @retry_conflict
    @transaction.atomic
    def take() -> int:
        return numbering.next_value("order", year=2026)

    def work() -> None:
        try:
            taken.extend(take() for _ in range(25))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(1, 201))


@pytest.mark.django_db
def test_a_key_gives_back_what_came_of_it_and_refuses_other_content():
    series = NumberSeries.objects.create(series="x")
    with transaction.atomic():
        assert idempotency.find(scope="s", key="k", fingerprint=[1]) is None
        idempotency.remember(scope="s", key="k", fingerprint=[1], result=series)

    assert idempotency.find(scope="s", key="k", fingerprint=[1]) == series
    assert idempotency.find(scope="other", key="k") is None
    with pytest.raises(KeyReused):
        idempotency.find(scope="s", key="k", fingerprint=[2])


@pytest.mark.django_db
def test_history_knows_who_and_why_without_a_request():
    User = get_user_model()
    boss = User.objects.create(username="boss", name="Boss")
    with acting(boss, "hired"), acting(system="import #3"):
        user = User.objects.create(username="new", name="New")
    row = user.history.get()

    assert (row.history_user, row.history_change_reason) == (boss, "import #3: hired")
    with acting(boss, "renamed all"):
        user.name = "Newer"
        audit.bulk_update([user], ["name"])
    assert user.history.latest().history_change_reason == "renamed all"
