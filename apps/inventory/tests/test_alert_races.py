"""Many hands at one line: whoever crosses it, one alert is raised; whoever is first has seen it."""

from decimal import Decimal

import pytest

from apps.catalog.models import Product
from apps.inventory.models import Hold, Location, StockAlert
from apps.inventory.selectors import alerts as reads
from apps.inventory.services import alerts, holds, reorder
from apps.inventory.services.holds import HoldLine
from apps.inventory.tests.factories import make_location, make_origin, make_product, make_stock
from backoffice.accounts.models import User
from backoffice.kernel.audit import acting
from backoffice.kernel.locks import retry_conflict
from backoffice.testing.crowd import Crowd

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
D = Decimal
HERE = "apps.inventory.tests.test_alert_races"


def take_one(origin: int, product: int, shop: int) -> int:
    line = HoldLine(Product.objects.get(pk=product), D(1))
    place = retry_conflict(holds.place)
    [hold] = place(origin=User.objects.get(pk=origin), lines=[line], locations=[Location.objects.get(pk=shop)])
    return hold.pk


def let_go(hold: int) -> int:
    retry_conflict(holds.release)(Hold.objects.get(pk=hold))
    return hold


def settle(product: int) -> int:
    return len(alerts.settle([product]))


def see(alert: int, user: int) -> int:
    with acting(User.objects.get(pk=user)):
        retry_conflict(alerts.acknowledge)(StockAlert.objects.get(pk=alert), note=str(user))
    return user


def test_many_cross_a_line_at_once_and_one_alert_is_raised_and_ends(crowd: Crowd) -> None:
    bun, shop = make_product(), make_location("Shop", kind="sale")
    make_stock(bun, 50, shop)
    reorder.set_minimum(bun, minimum=D(40))
    origins = [make_origin() for _ in range(8)]

    outcome = crowd.do(f"{HERE}:take_one", [(origins[n % 8].pk, bun.pk, shop.pk) for n in range(40)])

    assert outcome.names == {"done": 40}
    assert StockAlert.objects.open().count() == StockAlert.objects.count() == 1
    assert reads.out_of_step([bun.pk]) == set()

    crowd.do(f"{HERE}:let_go", [(pk,) for pk in Hold.objects.values_list("pk", flat=True)])

    assert not StockAlert.objects.open().exists()


def test_many_who_raise_the_same_alert_make_one(crowd: Crowd) -> None:
    bun = make_product()
    reorder.set_minimum(bun, minimum=D(40))
    StockAlert.objects.all().delete()

    outcome = crowd.do(f"{HERE}:settle", [(bun.pk,) for _ in range(40)])

    assert outcome.names == {"done": 40}
    assert StockAlert.objects.count() == 1


def test_many_who_see_it_at_once_and_one_has(crowd: Crowd) -> None:
    bun = make_product()
    reorder.set_minimum(bun, minimum=D(40))
    alert = StockAlert.objects.get()

    outcome = crowd.do(f"{HERE}:see", [(alert.pk, make_origin().pk) for _ in range(20)])

    assert outcome.names == {"done": 1, "AlertSettled": 19}
    alert.refresh_from_db()
    assert alert.note == str(alert.acknowledged_by_id)
