"""What the tests' own databases promise: rows come back as they were kept, whatever was written in between."""

import pytest
from django.contrib.auth.models import Group

from backoffice.testing import databases


@pytest.mark.django_db(transaction=True)
def test_what_was_kept_comes_back_as_often_as_one_likes():
    Group.objects.create(name="kept")
    before = sorted(Group.objects.values_list("pk", "name"))
    databases.keep("story")
    for _time in range(2):
        Group.objects.filter(name="kept").update(name="changed")
        Group.objects.create(name="later")

        databases.restore("story")

        assert sorted(Group.objects.values_list("pk", "name")) == before
        Group.objects.create(name="numbered on")
    databases.restore()
    assert not Group.objects.filter(name__in=["kept", "numbered on"]).exists()
