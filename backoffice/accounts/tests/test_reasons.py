"""The history keeps who and why; however long a reason is, it never stops the change."""

import pytest
from django.apps import apps

from backoffice.accounts.models import User
from backoffice.kernel import audit
from backoffice.kernel.audit import acting


def test_every_history_has_room_for_a_reason():
    room = {
        model._meta.label: model._meta.get_field("history_change_reason").max_length
        for model in apps.get_models(include_auto_created=True)
        if hasattr(model, "history_change_reason")
    }

    assert len(room) > 30
    assert {name: length for name, length in room.items() if length and length < audit.REASON_LENGTH} == {}


@pytest.mark.django_db
@pytest.mark.parametrize("system", ["", "stock.correct_cost"])
def test_a_long_reason_is_cut_where_one_sees_it(system):
    person = User.objects.create(username="ana", name="Ana")
    with acting(reason="because " * 25, system=system):
        person.name = "Ana Prado"
        person.save(update_fields=["name"])

    kept = person.history.latest().history_change_reason
    assert len(kept) == audit.REASON_LENGTH
    assert kept.endswith("…")
