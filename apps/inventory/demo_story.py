"""What happened in the demo bakery's stock room beside deliveries: counts, purchases. Repeatable."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from apps.catalog.demo import pick
from apps.catalog.models import Product
from apps.inventory.demo import DELIVERIES
from apps.inventory.models import Location, PurchaseOrder, StockAlert, StockCount, Supplier, SupplierItem
from apps.inventory.services import alerts as alert_services
from apps.inventory.services import counting, purchasing, stock
from apps.inventory.services.stock import ReceiptLine
from backoffice.kernel import clock
from backoffice.kernel.audit import acting


def counts() -> None:
    """One count of the dry store that was posted, and one of the fridge under way."""
    by_code = {place.code: place for place in Location.objects.filter(code__in=["DRY", "FRIDGE"])}
    if StockCount.objects.exists() or len(by_code) < 2:
        return
    with clock.fixed(clock.at(clock.today() - timedelta(days=3), 17, 20)), acting(reason=pick("Count", "Contagem")):
        dry = counting.start(location=by_code["DRY"], note=pick("Before the order", "Antes do pedido"))
        for position, line in enumerate(dry.lines.select_related("product__unit").order_by("pk")):
            there = line.lot.balances.get(location=line.location).quantity
            short = line.product.unit.step if position % 4 == 1 else Decimal(0)
            counting.record(line, quantity=max(there - short, Decimal(0)))
        counting.post(dry, approved=True)
    fridge = counting.start(location=by_code["FRIDGE"], is_blind=True, note=pick("Weekly", "Semanal"))
    for line in fridge.lines.select_related("lot").order_by("pk")[:3]:
        counting.record(line, quantity=line.lot.balances.get(location=line.location).quantity)


# code: English, Portuguese, days to deliver, least order, the deliveries whose goods are theirs
SUPPLIERS = (
    ("MILL", "Serra Mill", "Moinho Serra", 2, "300", (0, 3)),
    ("DAIRY", "Valley Dairy", "Laticínios do Vale", 1, "0", (1, 2)),
)


def purchases() -> None:
    """Two suppliers with their prices, of flour by the sack and by the kilogram; one order that came in part and is
    late, one that is expected, a draft."""
    goods = {product.sku: product for product in Product.objects.select_related("unit").prefetch_related("packs")}
    by_code = {place.code: place for place in Location.objects.filter(code__in=["DRY", "FRIDGE"])}
    if Supplier.objects.exists() or len(by_code) < 2:
        return
    for code, en, pt, days, least, deliveries in SUPPLIERS:
        supplier = Supplier.objects.create(
            code=code, name=pick(en, pt), lead_days=days, minimum_order=Decimal(least), document=""
        )
        for number in deliveries:
            for sku, _packs, cost, _place, _life in DELIVERIES[number][1]:
                product = goods[sku]
                if not SupplierItem.objects.filter(product=product).exists():
                    SupplierItem.objects.create(
                        supplier=supplier, product=product, pack=product.packs.all()[0], price=Decimal(cost)
                    )
    mill, dairy = Supplier.objects.get(code="MILL"), Supplier.objects.get(code="DAIRY")
    loose = {"price": Decimal("4.60"), "minimum": Decimal(5), "lead_days": 1, "is_preferred": False}
    SupplierItem.objects.create(supplier=mill, product=goods["MA-FL65"], **loose)
    today = clock.today()
    with clock.fixed(clock.at(today - timedelta(days=4), 9)), acting(reason=pick("Purchase", "Compra")):
        late = purchasing.draft(mill, location=by_code["DRY"], expected_on=today - timedelta(days=2))
        _lines(late, goods, (("MA-SUGA", "3"), ("MA-SALT", "10"), ("MA-CHOC", "2")))
        purchasing.send(late)
    with clock.fixed(clock.at(today - timedelta(days=2), 10)), acting(reason=pick("Delivery", "Entrega")):
        sugar, salt = goods["MA-SUGA"], goods["MA-SALT"]
        purchasing.receive(
            late,
            location=by_code["DRY"],
            lines=[
                ReceiptLine(
                    sugar,
                    Decimal(3),
                    pack=sugar.packs.all()[0],
                    pack_cost=Decimal("101.50"),
                    expires_on=today + timedelta(days=700),
                ),
                ReceiptLine(
                    salt,
                    Decimal(6),
                    pack=salt.packs.all()[0],
                    pack_cost=Decimal("2.70"),
                    expires_on=today + timedelta(days=900),
                ),
            ],
            reference="NF 8931",
        )
    with acting(reason=pick("Purchase", "Compra")):
        soon = purchasing.draft(dairy, location=by_code["FRIDGE"], expected_on=today + timedelta(days=1))
        _lines(soon, goods, (("MA-BUTT", "4"), ("MA-CREA", "3")))
        purchasing.send(soon)
        _lines(purchasing.draft(mill, location=by_code["DRY"]), goods, (("MA-FL65", "8"),))


def _lines(order: PurchaseOrder, goods: dict[str, Product], lines: tuple[tuple[str, str], ...]) -> None:
    for sku, packs in lines:
        purchasing.set_line(order, product=goods[sku], quantity=Decimal(packs), pack=goods[sku].packs.all()[0])


def alerts() -> None:
    """Granola that suddenly cost more than wholesale pays for it, cheese that stayed too long, and who saw what."""
    goods = {
        product.sku: product
        for product in Product.objects.select_related("unit").filter(sku__in=["SH-GRAN", "MA-CHEE"])
    }
    by_code = {place.code: place for place in Location.objects.filter(code__in=["SHOP", "FRIDGE"])}
    if StockAlert.objects.filter(kind=StockAlert.Kind.MARGIN).exists() or len(by_code) < 2:
        return
    today = clock.today()
    for sku, code, quantity, cost, days_ago, last_day in (
        ("SH-GRAN", "SHOP", "12", "44.00", 1, today + timedelta(days=110)),
        ("MA-CHEE", "FRIDGE", "0.6", "39.00", 6, today - timedelta(days=2)),
    ):
        with (
            clock.fixed(clock.at(today - timedelta(days=days_ago), 10, 15)),
            acting(reason=pick("Delivery", "Entrega")),
        ):
            line = ReceiptLine(goods[sku], Decimal(quantity), unit_cost=Decimal(cost), expires_on=last_day)
            stock.receive(by_code[code], [line], reference="NF 9011", key=f"demo-alert-{sku}")
    _looked_at_night()
    note = pick("Ordered, comes tomorrow morning.", "Pedido, chega amanhã cedo.")
    clerk = get_user_model().objects.filter(username="clerk").first()
    with acting(clerk):
        for alert in StockAlert.objects.unseen().filter(kind=StockAlert.Kind.LOW).order_by("pk")[:1]:
            alert_services.acknowledge(alert, note=note)
            _earlier(alert, clerk)


def _looked_at_night() -> None:
    """Two nights' look at all lines. What crossed and came back while the demo was being made never was; and what
    the nights would have found was found then, not when the demo was made."""
    now, today = clock.now(), clock.today()
    StockAlert.objects.exclude(resolved_at=None).delete()
    for days_ago in (1, 0):
        with clock.fixed(min(now, clock.at(today - timedelta(days=days_ago), 3, 15))):
            alert_services.sweep()
    StockAlert.objects.exclude(resolved_at=None).delete()
    dated = StockAlert.objects.filter(kind__in=[StockAlert.Kind.EXPIRING, StockAlert.Kind.EXPIRED])
    night = min(now, clock.at(today, 3, 15))
    dated.filter(raised_at__gt=night).update(raised_at=night)
    yesterday = clock.at(today - timedelta(days=1), 17, 50)
    StockAlert.objects.filter(kind=StockAlert.Kind.LOW).update(raised_at=yesterday)


# days ago and time of day that it fell below, and that the delivery came; who saw it said so
BELOW = (
    (23, (16, 40), 21, (9, 40), "", ""),
    (10, (18, 5), 9, (9, 40), "The dairy brings it tomorrow.", "O laticínio traz amanhã."),
)


def _earlier(alert: StockAlert, who: Any) -> None:
    """The times before that the same line was crossed."""
    today = clock.today()
    for began, at, ended, until, en, pt in BELOW:
        raised = clock.at(today - timedelta(days=began), *at)
        StockAlert.objects.create(
            kind=alert.kind,
            subject_id=alert.subject_id,
            product_id=alert.product_id,
            location_id=alert.location_id,
            measured=(alert.limit or Decimal(0)) / 2,
            limit=alert.limit,
            raised_at=raised,
            resolved_at=clock.at(today - timedelta(days=ended), *until),
            acknowledged_at=raised + timedelta(minutes=25) if en else None,
            acknowledged_by=who if en else None,
            note=pick(en, pt),
        )
