"""Receiving on the screen: by scans, with nonsense, and the totals while it is typed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from apps.catalog.models import ProductUnit
from apps.inventory.models import Location, Move, StockOperation
from apps.inventory.tests.factories import make_product
from backoffice.kernel import clock

pytestmark = pytest.mark.django_db
D = Decimal
HTMX = {"HX-Request": "true"}


def receipt(**lines: Any) -> dict[str, Any]:
    return {"location": Location.objects.get(name="Shop").code, "reference": "NF 1", "supplier_name": "Mill", **lines}


def test_receiving_by_scans_without_scripts(sign_in, shop):
    client = sign_in("receive_stock", "view_stockoperation")
    flour = make_product("Flour", unit="kg", sku="FLR", barcode="7891234500045", shelf_life_days=60)
    sack = ProductUnit.objects.create(product=flour, name="sack 25 kg", numerator=25, barcode="17891234500044")
    url = reverse("inventory:receive")
    assert client.get(url).status_code == 200
    unknown = client.post(url, receipt(do="scan", scan="nonsense", lines="0")).content.decode()
    assert "Nothing here has the code" in unknown
    text = client.post(url, receipt(do="scan", scan="17891234500044", lines="0")).content.decode()
    assert "Flour" in text
    assert "sack 25 kg" in text
    line = {"line-0-product": flour.pk, "line-0-pack": sack.pk, "line-0-quantity": "1", "line-0-cost": "97.50"}
    again = client.post(url, receipt(do="scan", scan="17891234500044", lines="1", **line)).content.decode()
    assert 'name="line-0-quantity" value="2"' in again
    assert "Expiry is needed for Flour" in again
    assert "0 of 1 complete" in again
    assert 'aria-label="Line complete"' not in again  # no tick before the expiry is there
    assert client.post(url, receipt(do="post", lines="1", **line)).status_code == 422
    used = client.post(url, receipt(use="0", lines="1", **line)).content.decode()
    day = clock.today() + timedelta(days=60)
    assert day.isoformat() in used
    assert "1 of 1 complete" in used
    assert 'aria-label="Line complete"' in used
    line |= {"line-0-expires_on": day.isoformat(), "line-0-lot_code": "MS-1", "line-0-quantity": "2"}
    answer = client.post(url, receipt(do="post", lines="1", _key="abc", **line))
    operation = StockOperation.objects.get()
    assert answer.status_code == 302
    assert answer["Location"] == operation.get_absolute_url()
    assert client.post(url, receipt(do="post", lines="1", _key="abc", **line)).status_code == 302
    move = Move.objects.get()
    assert (move.quantity, move.value, move.lot.code, move.lot.supplier_name) == (D(50), D(195), "MS-1", "Mill")
    assert client.get(operation.get_absolute_url()).status_code == 200
    other = {**line, "line-0-expires_on": (day + timedelta(days=1)).isoformat()}
    refused = client.post(url, receipt(do="post", lines="1", _key="def", **other))
    assert refused.status_code == 409
    assert "MS-1" in refused.content.decode()


def test_receiving_survives_nonsense(sign_in, shop):
    client = sign_in("receive_stock")
    url = reverse("inventory:receive")
    product = make_product(barcode="7891234500045")
    for data in (
        {"lines": "x", "do": "post"},
        {"lines": "99999999", "do": "scan", "scan": "()"},
        {"lines": "1", "line-0-product": "9" * 30, "do": "post"},
        {"lines": "1", "line-0-product": product.pk, "line-0-quantity": "1e9999", "line-0-cost": "NaN", "do": "post"},
        {"lines": "1", "line-0-product": product.pk, "line-0-quantity": "-1", "line-0-pack": "77", "do": "refresh"},
        {"lines": "1", "line-0-product": product.pk, "take_off": "0"},
        {"lines": "1", "line-0-product": product.pk, "take_off": "-1", "use": "5"},
        {"lines": "1", "line-0-product": "x", "use": "0"},
        {"lines": "1", "line-0-product": product.pk, "came_on": "9999-12-31", "location": "²", "do": "post"},
        {"lines": "0", "do": "scan", "scan": "(01)07891234500045(17)269999(10)LV"},
        {"lines": "0", "do": "scan", "scan": "(01)07891234500045(17)270200(10)LV-1"},
    ):
        assert client.post(url, data).status_code in (200, 422), data
    assert not StockOperation.objects.exists()
    assert (
        "2027-02-28"
        in client.post(url, {"lines": "0", "do": "scan", "scan": "(01)07891234500045(17)270200"}).content.decode()
    )


def test_totals_come_as_a_fragment(sign_in, shop):
    client = sign_in("receive_stock")
    product = make_product()
    line = {"lines": "1", "line-0-product": product.pk, "line-0-quantity": "3", "line-0-cost": "1.50"}
    answer = client.post(reverse("inventory:receive"), line, headers={**HTMX, "HX-Target": "receipt-sums"})
    text = answer.content.decode()
    assert "<form" not in text
    assert "4.50" in text
    assert 'id="line-0-total" hx-swap-oob="true"' in text
