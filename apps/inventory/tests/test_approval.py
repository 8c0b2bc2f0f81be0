"""A count above the tolerance: who looks is told whose turn it is, and has no button that refuses."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.inventory.errors import ApprovalNeeded
from apps.inventory.models import StockCount
from apps.inventory.services import counting, policy
from apps.inventory.tests.factories import make_product, make_stock

pytestmark = pytest.mark.django_db
COUNTS = ("view_stockcount", "change_stockcount", "post_stockcount")


@pytest.fixture
def clerk(as_user) -> Any:
    return as_user(*(f"inventory.{name}" for name in COUNTS), username="clerk")


@pytest.fixture
def manager(as_user) -> Any:
    return as_user(*(f"inventory.{name}" for name in (*COUNTS, "approve_stockcount")), username="berta")


@pytest.fixture
def count(shop) -> StockCount:
    """Two of ten cakes are gone, six reais; five may be gone without asking."""
    policy.update(count_tolerance=Decimal(5))
    make_stock(make_product("Cake"), 10, shop, cost="3")
    found = counting.start(location=shop)
    counting.record(found.lines.get(), quantity=Decimal(8))
    return found


def shown(client: Any, count: StockCount) -> tuple[str, str, str]:
    """The page, its address of posting and its address of sending."""
    page = client.get(count.get_absolute_url()).content.decode()
    return page, reverse("inventory:count_post", args=[count.pk]), reverse("inventory:count_send", args=[count.pk])


def test_the_clerk_is_told_who_approves_and_asks(clerk, manager, count):
    page, post, send = shown(clerk, count)
    assert post not in page
    assert send in page
    assert "posted by who may approve: Berta." in page
    assert clerk.post(post).status_code == 409
    assert clerk.post(send).status_code == 302
    page, post, send = shown(clerk, count)
    assert "It is for approval since" in page
    assert "by Clerk" in page
    assert send not in page
    assert post not in page
    page, post, _send = shown(manager, count)
    assert post in page
    assert "by Clerk" in page
    assert "needs approval" in page
    assert manager.post(post).status_code == 302
    count.refresh_from_db()
    assert count.status == StockCount.Status.POSTED
    page = manager.get(count.get_absolute_url()).content.decode()
    assert "above" in page
    assert "needs approval" not in page, "it has it"


def test_what_waits_for_approval_is_counted_in_the_navigation(manager, count):
    assert ">1<" not in navigation(manager)
    counting.send_for_approval(count)
    assert ">1<" in navigation(manager)


def test_who_may_not_approve_is_not_called_to_it(clerk, count):
    counting.send_for_approval(count)
    assert ">1<" not in navigation(clerk)


def navigation(client: Any) -> str:
    """The entry of the counts."""
    page = client.get(reverse("inventory:count_list")).content.decode()
    url = reverse("inventory:count_list")
    return str(page.split(f'href="{url}"', 1)[1].split("</a>", 1)[0])


def test_within_the_tolerance_the_clerk_posts(clerk, count):
    policy.update(count_tolerance=Decimal(6))
    page, post, _send = shown(clerk, count)
    assert post in page
    assert "may approve" not in page
    assert clerk.post(post).status_code == 302


def test_who_counts_blindly_is_not_told_that_it_differs(as_user, count):
    counter = as_user("inventory.view_stockcount", "inventory.change_stockcount", username="counter")
    page = counter.get(count.get_absolute_url()).content.decode()
    assert "may approve" not in page
    assert "6.00" not in page


def test_where_nobody_may_approve_it_says_where_the_right_is_given(django_user_model, count):
    django_user_model.objects.filter(is_superuser=True).delete()
    with pytest.raises(ApprovalNeeded, match=r"nobody may yet\. The right is given under People"):
        counting.post(count)
