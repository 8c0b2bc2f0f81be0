"""Open orders as the board shows them: five lanes, what is late, what comes in the next days."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Max, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.crm.models import Customer
from apps.orders.models import Channel, Order, OrderLine
from apps.orders.models.session import Fulfilment
from apps.orders.selectors import kept
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.kernel.text import fold

Status = Order.Status
MOST = 200  # cards; a shop that has more open orders filters
STRIP_HOURS = 48
STRIP_CARDS = 6
FIRST_YEAR = 2000  # of numbers, which name their year
SAYS_LITTLE = 4  # digits: fewer stand in nearly every telephone or document

LANES: tuple[tuple[str, Any, str, tuple[str, ...]], ...] = (
    ("new", gettext_lazy("New"), "info", (Status.NEW,)),
    ("accepted", gettext_lazy("Accepted"), "acc", (Status.ACCEPTED,)),
    ("preparing", gettext_lazy("Preparing"), "warn", (Status.PREPARING,)),
    ("ready", gettext_lazy("Ready"), "ok", (Status.READY,)),
    ("out", gettext_lazy("Out for delivery"), "", (Status.DISPATCHED, Status.DELIVERED)),
)


@dataclass(frozen=True)
class Card:
    """One order on the board."""

    order: Order
    items: str
    age: str  # fine, soon, late, or "" when it is still far away
    when: str
    relative: str
    next_status: str
    next_label: str
    short: str = ""

    @property
    def paid_label(self) -> tuple[str, str]:
        """What is said of the money, and its tone."""
        if not self.order.due:
            return _("Paid"), "ok"
        if self.order.channel.payment_terms == "account":
            return _("Account"), "info"
        return (_("Part paid"), "warn") if self.order.paid else (_("To pay"), "warn")


@dataclass
class Lane:
    key: str
    title: Any
    tone: str
    cards: list[Card] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Preorder:
    order: Order
    when: str
    items: str


@dataclass
class Board:
    lanes: list[Lane]
    preorders: list[Preorder]
    preorder_count: int
    open: int
    late: int
    channels: list[tuple[Any, int]]


def next_step(order: Order) -> tuple[str, str]:
    """The one step that the way of the order leads to, and what its button says; empty when there is none."""
    step = {
        Status.NEW: (Status.ACCEPTED, _("Accept")),
        Status.ACCEPTED: (Status.PREPARING, _("Prepare")),
        Status.PREPARING: (Status.READY, _("Ready")),
        Status.DISPATCHED: (Status.DELIVERED, _("Delivered")),
        Status.DELIVERED: (Status.COMPLETED, _("Complete")),
    }.get(Status(order.status))
    if order.status == Status.READY:
        if order.fulfilment == Fulfilment.DELIVERY:
            return Status.DISPATCHED, _("Dispatch")
        return Status.COMPLETED, _("Hand over")
    return step or ("", "")


def shown(filters: Mapping[str, Any]) -> QuerySet[Order]:
    """The open orders that the filters leave."""
    found: QuerySet[Order] = Order.objects.open()
    now = clock.now()
    if channel := filters.get("channel"):
        found = found.filter(channel__code=channel)
    if way := filters.get("fulfilment"):
        found = found.filter(fulfilment=way)
    if filters.get("late"):
        found = found.filter(needed_at__lt=now)
    if filters.get("unpaid"):
        found = found.filter(paid__lt=F("total"))
    if text := filters.get("q"):
        found = search(found, text)
    return found


def search(found: QuerySet[Order], text: str, *, customers: bool = True) -> QuerySet[Order]:
    """Orders by number, tab, number elsewhere, or (with `customers`) by their customer; every word must be found."""
    for word in text.replace("\x00", "").split()[:6]:
        found = found.filter(pk__in=_named(word, customers))
    return found


def _named(word: str, customers: bool) -> QuerySet[Any]:
    """The keys of the orders that a word names, each way by its own index: one condition of all would read them all."""
    plain, keys = word.lstrip("#"), Order.objects.order_by().values("pk")
    ways = [keys.filter(handle__gt="", handle__icontains=word)]
    if plain:
        # The index of numbers elsewhere is by channel.
        elsewhere = keys.filter(channel__in=Channel.objects.order_by().values("pk"), external_id=plain)
        ways.append(elsewhere.exclude(external_id=""))
    digits = plain.isascii() and plain.isdigit()
    # An accent alone is nothing, and everything contains nothing.
    if customers and fold(word) and not (digits and (word != plain or len(plain) < SAYS_LITTLE)):
        ways.append(keys.filter(customer__in=Customer.objects.matching(word).order_by().values("pk")))
    if digits:
        years = range(FIRST_YEAR, clock.today().year + 1)
        ways.append(keys.filter(number__in=[f"{year}-{int(plain):06d}" for year in years]))
    elif plain[:1].isdigit():
        ways.append(keys.filter(number__startswith=plain))
    return ways[0].union(*ways[1:])


def fingerprint(filters: Mapping[str, Any]) -> str:
    """A short text that changes whenever the board would look different. Ages count in minutes. One query."""
    now = clock.now()
    state = (
        Order.objects.open().order_by().aggregate(n=Count("pk"), latest=Max("updated_at"), revisions=Sum("revision"))
    )
    parts = [state["n"], state["latest"], state["revisions"], int(now.timestamp() // 60), sorted(filters.items())]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def read(filters: Mapping[str, Any]) -> Board:
    """The whole board. The number of queries does not depend on the number of orders."""
    now = clock.now()
    orders = list(shown(filters).select_related("channel", "customer").order_by("needed_at", "placed_at")[:MOST])
    horizon = now + timedelta(hours=STRIP_HOURS)
    soon = clock.day_bounds(clock.today())[1]
    items = _items([order.pk for order in orders])
    short = kept.waits([order.pk for order in orders if not order.is_fulfilled])
    lanes = [Lane(key, title, tone) for key, title, tone, _statuses in LANES]
    place = {status: lane for lane, (_k, _t, _c, statuses) in zip(lanes, LANES, strict=True) for status in statuses}
    for order in orders:
        place[order.status].cards.append(card(order, items.get(order.pk, ""), short.get(order.pk, ""), now))
    lanes[0].cards.sort(key=lambda card: card.order.placed_at)
    for lane in lanes:
        lane.note = _note(lane, now)
    ahead = [order for order in orders if order.needed_at and soon <= order.needed_at]
    within = [order for order in ahead if order.needed_at and order.needed_at < horizon]
    counts = dict(
        Order.objects.open().values_list("channel").annotate(n=Count("pk")).order_by().values_list("channel", "n")
    )
    channels = {order.channel_id: order.channel for order in orders}
    return Board(
        lanes=lanes,
        preorders=[
            Preorder(order, date_format(clock.local(order.needed_at), "D H:i"), items.get(order.pk, ""))
            for order in within[:STRIP_CARDS]
            if order.needed_at
        ],
        preorder_count=len(ahead),
        open=sum(counts.values()),
        late=sum(1 for order in orders if order.needed_at and order.needed_at < now),
        channels=sorted(
            ((channel, counts.get(pk, 0)) for pk, channel in channels.items()), key=lambda pair: pair[0].position
        ),
    )


def card(order: Order, items: str, short: str, now: datetime) -> Card:
    """An order as a card, without asking the database."""
    status, label = next_step(order)
    age, when, relative = _age(order, now)
    return Card(order, items, age, when, relative, status, label, short)


def _age(order: Order, now: datetime) -> tuple[str, str, str]:
    """Colour, clock and words for how the promised time stands; without one, how long the order waits."""
    if order.needed_at is None:
        waited = int((now - order.placed_at).total_seconds() // 60)
        local = date_format(clock.local(order.placed_at), "TIME_FORMAT")
        patience = order.channel.warn_minutes
        tone = "late" if waited > 2 * patience else "soon" if waited > patience else "fine"
        return tone, local, _("%(n)s min wait") % {"n": waited} if waited < 120 else _span(waited, _("%s wait"))
    minutes = int((order.needed_at - now).total_seconds() // 60)
    local_needed = clock.local(order.needed_at)
    same_day = local_needed.date() == clock.today()
    when = date_format(local_needed, "TIME_FORMAT" if same_day else "D H:i")
    if order.status in (Status.DISPATCHED, Status.DELIVERED) and minutes >= 0:
        return "fine", when, _("in %s min") % minutes if minutes < 120 else ""
    if minutes < 0:
        return "late", when, _span(-minutes, _("%s late"))
    if minutes <= order.channel.warn_minutes:
        return "soon", when, _("in %s min") % minutes if minutes else _("now")
    if not same_day:
        return "", when, ""
    return "fine", when, _span(minutes, _("in %s"))


def _span(minutes: int, words: str) -> str:
    if minutes < 120:
        return words % (_("%s min") % minutes)
    return words % (_("%s h") % (minutes // 60) if minutes < 48 * 60 else _("%s days") % (minutes // 1440))


def _note(lane: Lane, now: datetime) -> str:
    if not lane.cards:
        return ""
    waits = [int((now - card.order.status_since).total_seconds() // 60) for card in lane.cards]
    if lane.key == "new":
        return _("oldest %s") % _span(max(waits), "%s")
    if lane.key == "ready" and (over := sum(wait > 20 for wait in waits)):
        return _("%s over 20 min") % over
    late = sum(card.age == "late" for card in lane.cards)
    return _("%s late") % late if late else ""


def _items(order_ids: Iterable[int]) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    rows = OrderLine.objects.filter(order_id__in=list(order_ids)).order_by("order_id", "position")
    for order_id, name, quantity in rows.values_list("order_id", "name", "quantity"):
        found.setdefault(order_id, []).append(f"{format_quantity(quantity)} × {name}")
    return {pk: ", ".join(parts) for pk, parts in found.items()}
