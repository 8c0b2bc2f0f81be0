"""Whatever an import writes as a file, it reads back without a change: the demo bakery's goods, in every format."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.utils import translation

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import Location, ReorderRule, Supplier, SupplierItem
from apps.inventory.services import opening
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.transfers import imports, outgoing
from backoffice.transfers.services import runs

pytestmark = pytest.mark.django_db
FORMATS = [(kind, language) for kind in outgoing.KINDS for language in ("en", "pt-br")]


def test_every_format_comes_back_without_a_change(settings: Any, tmp_path: Any) -> None:
    settings.DEMO, settings.MEDIA_ROOT = True, tmp_path / "media"
    call_command("sync_roles", verbosity=0)
    call_command("seed_demo", "--masters-only", "--password=let-me-in-demo", verbosity=0)
    _some_stock()
    written = [key for key in imports.registry() if imports.find(key).export_permission]
    assert {"products", "prices", "opening_stock", "suppliers", "reorder_rules"} <= set(written)

    for key in written:
        importer = imports.find(key)
        for kind, language in FORMATS:
            with translation.override(language):
                answer: Any = outgoing.file(key, kind, *importer.export())
                file = ContentFile(b"".join(answer), name=f"{key}.{kind}")
                run = runs.start(importer, file=file, decimal_style=outgoing.own_style(), options={})
            runner.drain()
            run.refresh_from_db()
            strange = list(run.rows.exclude(outcome="unchanged").values_list("line", "outcome", "changes", "reason"))
            assert (run.status, strange) == ("ready", []), (key, kind, language)
            assert run.unchanged == run.total, (key, kind, language)
            assert run.total or key == "counts", "no count is open in the demo bakery"


def _some_stock() -> None:
    """Something in a place, by lot and without, dated and not; who sells it, and when there is too little."""
    place = Location.objects.physical().active().order_by("pk")[0]
    day = clock.today() + timedelta(days=40)
    goods = (
        Product.objects.stocked().active().filter(shelf_life_days__isnull=False, lot_tracked=True).order_by("pk")[:2]
    )
    loose = Product.objects.stocked().active().filter(lot_tracked=False).order_by("pk")[:2]
    opening.open_stock([
        *(opening.Entry(one, place, Decimal(12), "L-1", day, Decimal("1.2345")) for one in goods),
        *(opening.Entry(one, place, Decimal(5), "", None, Decimal("0.4")) for one in loose),
    ])  # fmt: skip
    pack = ProductUnit.objects.filter(product__in=Product.objects.stocked()).order_by("pk")[0]
    other = Product.objects.stocked().exclude(pk=pack.product_id).order_by("pk")[0]
    mill = Supplier.objects.create(code="MILL", name="=Mill; “one”", lead_days=3, minimum_order=Decimal("1234.5"))
    Supplier.objects.create(code="NEW", name="Sells nothing yet")
    SupplierItem.objects.create(supplier=mill, product=pack.product, pack=pack, price=Decimal("97.555"), code="-F")
    SupplierItem.objects.create(supplier=mill, product=other, price=Decimal("1.234"), minimum=Decimal("2.5"))
    ReorderRule.objects.filter(product=pack.product).delete()
    ReorderRule.objects.create(product=pack.product, minimum=Decimal("1.234"), target=Decimal(1200))
    ReorderRule.objects.create(product=pack.product, location=place, minimum=Decimal(0), target=Decimal("0.5"))
