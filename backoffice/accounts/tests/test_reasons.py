"""The history keeps who and why; however long a reason is, it never stops the change."""

import pytest
from django.apps import apps
from django.db import models

from backoffice.accounts.models import User
from backoffice.kernel.audit import acting


def test_every_history_has_room_for_any_reason():
    kinds = {
        model._meta.label: type(model._meta.get_field("history_change_reason"))
        for model in apps.get_models(include_auto_created=True)
        if hasattr(model, "history_change_reason")
    }

    assert len(kinds) > 30
    assert set(kinds.values()) == {models.TextField}


@pytest.mark.django_db
@pytest.mark.parametrize("system", ["", "stock.correct_cost"])
def test_a_long_reason_is_kept_whole(system):
    person = User.objects.create(username="ana", name="Ana")
    long = "because " * 200
    with acting(reason=long, system=system):
        person.name = "Ana Prado"
        person.save(update_fields=["name"])

    assert person.history.latest().history_change_reason == (f"{system}: {long}" if system else long)
