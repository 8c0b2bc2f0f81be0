"""No link leads to a refusal."""

from typing import Any

import pytest

from backoffice import company
from backoffice.ui.permissions import may_follow, may_open

pytestmark = pytest.mark.django_db


def test_a_page_is_open_to_who_has_its_permission(user_with: Any):
    shop = company.current()
    url = shop.get_absolute_url()
    assert may_open(user_with("company.change_company", username="keeper"), shop, url)
    assert not may_open(user_with(username="nobody"), shop, url)


def test_what_has_no_page_of_ours_is_refused_to_nobody(user_with: Any):
    assert may_open(user_with(username="nobody"), object(), "/nowhere/at/all/")


def test_an_address_is_followed_by_who_may_open_it_and_a_blank_one_by_nobody(user_with: Any):
    url = company.current().get_absolute_url()
    assert may_follow(user_with("company.change_company", username="keeper"), url)
    assert not may_follow(user_with(username="nobody"), url)
    assert not may_follow(user_with("company.change_company", username="other"), "")
