"""What happened in the demo bakery: five weeks from the till's log, a week of baking and selling, and today.

Everything goes through the services, at the time it is said to have happened. Repeatable: a story that is told stays told.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from apps.catalog.demo import GOODS, pick
from apps.catalog.models import PriceList, Product
from apps.crm.models import Customer
from apps.crm.services import interactions
from apps.inventory.models import Location, StockBalance
from apps.inventory.selectors import availability
from apps.inventory.services import stock
from apps.orders.models import Channel, Order, OrderSession
from apps.orders.selectors.carts import Cart
from apps.orders.services import channels, commit, orders, sessions
from apps.orders.services.past_sales.reading import Item, Ticket
from apps.orders.services.past_sales.writing import write
from apps.orders.services.payments import Tender
from apps.production.models import WorkOrder
from apps.production.services import completion, steps, work_orders
from backoffice.accounts.models import User
from backoffice.kernel import clock
from backoffice.kernel.audit import Actor, acting
from backoffice.outbox import runner

WEEKS_OF_LOG, DAYS_OF_STORY = 6, 7
MINUTES_APART = timedelta(minutes=6)  # between one batch and the next
# How often each is asked for, in a hundred tickets.
APPEAL = {
    "CO-ESPR": 30, "CO-CAPP": 26, "CO-FLAT": 16, "CO-FILT": 14, "VI-CROI": 34, "VI-PAIN": 14, "VI-CINN": 9, "BR-SOUR": 16,
    "BR-BAGU": 13, "BR-FOCA": 6, "BR-BRIO": 4, "SA-PAOQ": 24, "SA-TOAS": 9, "SA-QUIC": 5, "CA-CARR": 8, "CA-BASQ": 7,
    "CA-COOK": 12, "CD-ORAN": 9, "CD-WATE": 7, "CD-KOMB": 3, "SH-JAM": 2, "SH-GRAN": 2, "SH-BEAN": 2,
}  # fmt: skip
# What is baked on a day, doughs first: quantities are before losses.
BATCHES = (
    ("SM-LEVA", "5"), ("SM-DOUG", "10"), ("SM-LAMI", "10"), ("VI-CROI", "48"), ("VI-PAIN", "24"), ("VI-CINN", "12"),
    ("BR-SOUR", "12"), ("BR-BAGU", "20"), ("BR-FOCA", "8"), ("SA-PAOQ", "60"),
)  # fmt: skip
SOME_DAYS = (
    ("CA-CARR", "16"),
    ("CA-BASQ", "12"),
    ("CA-COOK", "40"),
    ("SA-QUIC", "12"),
    ("BR-BRIO", "5"),
    ("BR-RYE", "5"),
)


def build() -> None:
    """The counter, the web shop, and wholesale."""
    shop, bakery = Location.objects.get(code="SHOP"), Location.objects.get(code="BAK")
    lists = {price_list.code: price_list for price_list in PriceList.objects.all()}
    for code, name, kind, places in (
        ("counter", pick("Counter", "Balcão"), Channel.Kind.COUNTER, [shop]),
        ("web", pick("Web shop", "Loja online"), Channel.Kind.WEB, [shop, bakery]),
        ("wholesale", pick("Wholesale", "Atacado"), Channel.Kind.WHOLESALE, [shop, bakery]),
    ):
        if not Channel.objects.filter(code=code).exists():
            channels.create(code=code, name=name, kind=kind, price_list=lists[code], locations=places)


def log() -> None:
    """The weeks before the story, as the old till's log: past sales, no stock moved."""
    channel = Channel.objects.get(code="counter")
    if Order.objects.filter(is_imported=True).exists():
        return
    goods = {good.sku: product for product in Product.objects.sellable() for good in GOODS if good.sku == product.sku}
    chance, tickets = Random(7), []
    first = clock.today() - timedelta(days=WEEKS_OF_LOG * 7)
    for offset in range(WEEKS_OF_LOG * 7 - DAYS_OF_STORY):
        day = first + timedelta(days=offset)
        for number in range(13 + 6 * (day.weekday() >= 5) + chance.randrange(6)):
            minute = 7 * 60 + chance.randrange(11 * 60)
            ticket = Ticket(
                f"{day:%Y%m%d}-{number:03d}", datetime(day.year, day.month, day.day, minute // 60, minute % 60)
            )
            for sku, quantity in _basket(chance):
                name = goods[sku].name
                ticket.items[name] = Item(name, Decimal(quantity), unpriced=Decimal(quantity))
            tickets.append(ticket)
    for start in range(0, len(tickets), 500):
        write(channel, tickets[start : start + 500], {product.name: product for product in goods.values()})


def week() -> None:
    """The last days: baked at five, sold through the day, written off at seven."""
    today = clock.today()
    if Order.objects.filter(is_imported=False).exists():
        return
    for days_ago in range(DAYS_OF_STORY, 0, -1):
        day = today - timedelta(days=days_ago)
        chance = Random(day.toordinal())
        _bake(clock.at(day, 5), [*BATCHES, *(SOME_DAYS[:3] if days_ago % 2 else SOME_DAYS[3:])], chance)
        _sell(day_start=clock.at(day, 7), minutes=12 * 60, tickets=16 + 6 * (day.weekday() >= 5), chance=chance)
        with clock.fixed(clock.at(day, 19, 20)), _as("counter"):
            _write_off()
            runner.drain()


def today() -> None:
    """Today up to now: batches in every state, sales, and open orders in every state."""
    day, now = clock.today(), clock.now()
    if WorkOrder.objects.filter(due_at__gte=clock.at(day)).exists():
        return
    chance = Random(day.toordinal())
    opened = max(clock.at(day), now - timedelta(hours=7))
    # Young demos at night: the batches come out in the first part of what has passed of the day.
    baked = _bake(opened, [*BATCHES, *SOME_DAYS[:2]], chance, apart=min(MINUTES_APART, (now - opened) // 40))
    _sell(day_start=baked, minutes=max(1, int((now - baked).total_seconds() // 60) - 1), tickets=18, chance=chance)
    with _as("baker"):
        _work_in_hand(now)
    with _as("counter"):
        _open_orders(now)
    runner.drain()


def _as(role: str) -> AbstractContextManager[Actor]:
    return acting(User.objects.get(username=role))


def _basket(chance: Random) -> list[tuple[str, int]]:
    skus = chance.choices(list(APPEAL), weights=list(APPEAL.values()), k=chance.choice((1, 1, 2, 2, 2, 3, 4)))
    return [(sku, chance.choice((1, 1, 1, 2))) for sku in dict.fromkeys(skus)]


def _bake(
    begin: datetime, batches: Iterable[tuple[str, str]], chance: Random, *, apart: timedelta = MINUTES_APART
) -> datetime:
    """Planned the afternoon before; one batch after the other comes out. Returns when the last one was."""
    goods = {product.sku: product for product in Product.objects.select_related("unit")}
    planned, out = begin - timedelta(hours=14), begin
    for sku, quantity in batches:
        out += apart
        with clock.fixed(planned), _as("baker"):
            order = work_orders.plan(goods[sku], quantity=Decimal(quantity), due_at=begin + timedelta(minutes=90))
            order = work_orders.release(order, revision=order.revision)
        order = _work_through(order, planned, out)
        outputs: Sequence[completion.Output] = ()
        if goods[sku].unit.code == "un" and chance.random() < 0.4:
            burnt = chance.randrange(1, 3)
            good = Decimal(int(Decimal(quantity) * (100 - order.recipe.yield_loss_percent) / 100)) - burnt
            outputs = [
                completion.Output(good),
                completion.Output(Decimal(burnt), grade="waste", reason=pick("Burnt", "Queimado")),
            ]
        with clock.fixed(out), _as("baker"):
            completion.finish(order, revision=order.revision, key=f"demo-{order.pk}", outputs=outputs, confirmed=True)
    return out


def _work_through(order: WorkOrder, earliest: datetime, end: datetime) -> WorkOrder:
    """The steps one after the other, as long as they take by the recipe, the last one done at `end`."""
    todo = list(order.steps.order_by("position"))
    takes = [timedelta(seconds=int(step.minutes * 60)) for step in todo]
    at = end - sum(takes, timedelta())
    if at < earliest:  # a dough that rests longer than the night: its plan is older than this story
        second = timedelta(seconds=1)
        takes = [took * ((end - earliest) // second) // ((end - at) // second) for took in takes]
        at = earliest
    with clock.fixed(at), _as("baker"):
        order = work_orders.start(order, revision=order.revision)
    for step, took in zip(todo, takes, strict=True):
        with clock.fixed(at), _as("baker"):
            steps.start(step)
        at += took
        with clock.fixed(at), _as("baker"):
            steps.finish(step)
    return order


def _sell(*, day_start: datetime, minutes: int, tickets: int, chance: Random) -> None:
    channel = Channel.objects.get(code="counter")
    goods = {product.sku: product for product in Product.objects.sellable().select_related("unit", "category")}
    regulars = list(Customer.objects.filter(kind="individual").order_by("code"))
    free = availability.of(goods.values(), locations=list(channel.locations.all()))
    left = {product.sku: free[product.pk].available for product in goods.values() if product.is_stocked}
    for minute in sorted(chance.randrange(minutes) for _ in range(tickets)):
        lines = [
            (goods[sku], quantity) for sku, quantity in _basket(chance) if sku not in left or left[sku] >= quantity
        ]
        for product, quantity in lines:
            if product.sku in left:
                left[product.sku] -= quantity
        customer = chance.choice(regulars) if chance.random() < 0.35 else None
        if lines:
            with clock.fixed(day_start + timedelta(minutes=minute)), _as("counter"):
                _sale(channel, lines, customer, method=chance.choice(("cash", "card", "card")))


def _cart(
    channel: Channel, lines: Sequence[tuple[Product, int]], customer: Customer | None = None, handle: str = ""
) -> Cart:
    wanted = [sessions.Wanted(product, Decimal(quantity)) for product, quantity in lines]
    return sessions.open(channel=channel, customer=customer, handle=handle, wanted=wanted)


def _sale(channel: Channel, lines: Sequence[tuple[Product, int]], customer: Customer | None, *, method: str) -> None:
    cart = _cart(channel, lines, customer)
    commit.commit(
        cart.session,
        key=f"demo-{cart.session.key}",
        revision=cart.session.revision,
        expected_total=cart.total,
        tenders=[Tender(method, cart.total)],
        hand_over=True,
    )


def _write_off() -> None:
    """What will not be sold tomorrow."""
    left = StockBalance.objects.filter(
        location__code="SHOP", quantity__gt=0, lot__expires_on__lte=clock.today() + timedelta(days=0)
    ).select_related("lot", "location")
    for balance in left:
        stock.waste(
            lot=balance.lot,
            location=balance.location,
            quantity=balance.quantity,
            reason=pick("Left over at closing", "Sobra no fechamento"),
        )


def _work_in_hand(now: datetime) -> None:
    """One batch in work, one released, some planned for later and tomorrow, one short of material."""
    goods = {product.sku: product for product in Product.objects.select_related("unit")}
    running = work_orders.plan(goods["BR-BRIO"], quantity=Decimal(10), due_at=now + timedelta(minutes=50))
    running = work_orders.release(running, revision=running.revision)
    with clock.fixed(now - timedelta(minutes=45)), _as("baker"):
        work_orders.start(running, revision=running.revision)
    _begin(running, now)
    released = work_orders.plan(goods["SA-QUIC"], quantity=Decimal(12), due_at=now + timedelta(hours=2))
    work_orders.release(released, revision=released.revision)
    work_orders.plan(goods["CA-COOK"], quantity=Decimal(40), due_at=now + timedelta(hours=3))
    tomorrow = clock.at(clock.today() + timedelta(days=1), 5, 30)
    for sku, quantity in (("SM-LEVA", "5"), ("SM-DOUG", "20"), ("SM-LAMI", "10"), ("VI-CROI", "96"), ("BR-SOUR", "24")):
        order = work_orders.plan(goods[sku], quantity=Decimal(quantity), due_at=tomorrow)
        if sku == "VI-CROI":
            work_orders.release(order, revision=order.revision)


def _begin(order: WorkOrder, now: datetime) -> None:
    """The first step is done, the second one is running: a clock ticks on the floor."""
    first, second = order.steps.order_by("position")[:2]
    with clock.fixed(now - timedelta(minutes=45)), _as("baker"):
        steps.start(first)
    with clock.fixed(now - timedelta(minutes=10)), _as("baker"):
        steps.finish(first)
        steps.start(second)


def _open_orders(now: datetime) -> None:
    """Orders of the web shop and of wholesale in every state, and two open tabs at the counter."""
    goods = {product.sku: product for product in Product.objects.select_related("unit", "category")}
    people = {customer.code: customer for customer in Customer.objects.all()}
    web, wholesale = Channel.objects.get(code="web"), Channel.objects.get(code="wholesale")
    counter = Channel.objects.get(code="counter")
    S = Order.Status
    tomorrow = clock.at(clock.today() + timedelta(days=1), 7)
    for channel, code, wanted, lines, way in (
        (web, "CU-D02", now + timedelta(minutes=35), (("VI-CROI", 2), ("CO-CAPP", 2)), ()),
        (web, "CU-D05", now + timedelta(minutes=70), (("BR-SOUR", 1), ("CA-COOK", 4)), ()),
        (web, "CU-D03", now + timedelta(minutes=25), (("SA-PAOQ", 6),), (S.ACCEPTED,)),
        (web, "CU-D09", now + timedelta(minutes=12), (("SA-PAOQ", 8), ("CD-ORAN", 3)), (S.ACCEPTED, S.PREPARING)),
        (web, "CU-D01", now + timedelta(minutes=4), (("BR-BAGU", 2),), (S.ACCEPTED, S.PREPARING, S.READY)),
        (
            web,
            "CU-D10",
            now + timedelta(minutes=20),
            (("CA-CARR", 2), ("CA-BASQ", 1)),
            (S.ACCEPTED, S.PREPARING, S.READY, S.DISPATCHED),
        ),
        (wholesale, "CU-D06", tomorrow, (("VI-CROI", 30), ("BR-SOUR", 6)), (S.ACCEPTED,)),
        (wholesale, "CU-D07", tomorrow + timedelta(days=1), (("BR-RYE", 20),), (S.ACCEPTED,)),
    ):
        customer = people[code]
        with clock.fixed(now - timedelta(minutes=18)):
            cart = sessions.open(
                channel=channel,
                customer=customer,
                needed_at=wanted,
                fulfilment="delivery" if S.DISPATCHED in way else "pickup",
            )
            if S.DISPATCHED in way:
                cart = sessions.set_fulfilment(
                    cart.session,
                    fulfilment="delivery",
                    address=customer.addresses.get(),
                    revision=cart.session.revision,
                )
            for sku, quantity in lines:
                cart = sessions.add_line(
                    cart.session, product=goods[sku], quantity=Decimal(quantity), revision=cart.session.revision
                )
            if cart.blocking:
                sessions.abandon(cart.session, revision=cart.session.revision)
                continue
            order = commit.commit(
                cart.session,
                key=f"demo-{cart.session.key}",
                revision=cart.session.revision,
                expected_total=cart.total,
                tenders=[Tender("card", cart.total)] if channel == web and code != "CU-D03" else [],
            )
            for to in way:
                order = orders.advance(order, to, revision=order.revision)
    _cart(counter, [(goods["CO-CAPP"], 2), (goods["SA-TOAS"], 1)], handle=pick("Table 5", "Mesa 5"))
    _cart(counter, [(goods["CO-ESPR"], 1), (goods["CA-COOK"], 2)], people["CU-D04"], handle=pick("Table 2", "Mesa 2"))
    interactions.note(
        people["CU-D01"],
        kind="note",
        summary=pick("Asked for a birthday cake next month.", "Pediu bolo de aniversário para o mês que vem."),
    )
    assert OrderSession.objects.open().exists()
