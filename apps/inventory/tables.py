"""Tables of the stock room."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product
from apps.inventory.cost_tables import MovedColumn
from apps.inventory.models import Hold, Location, Lot, StockOperation
from apps.inventory.selectors import locations as places
from apps.inventory.selectors import nearness
from apps.inventory.selectors import stock as stock_reads
from apps.inventory.selectors.availability import Availability
from apps.inventory.selectors.stock import Facts
from apps.inventory.trend_columns import CoverColumn, TrendColumn
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.actions import Action
from backoffice.ui.parts import Parts, nulls_last
from backoffice.ui.permissions import may_open
from backoffice.ui.tables import (
    BadgeColumn,
    BoolColumn,
    Column,
    DateColumn,
    DateTimeColumn,
    LongColumn,
    MoneyColumn,
    NumberColumn,
    QuantityColumn,
    Table,
    WhatColumn,
)
from backoffice.ui.templatetags.ui import ago

ZERO = SafeString("<i>0</i>")
TONES = {"ok": "ok", "quarantine": "warn", "blocked": "bad"}


class Of(QuantityColumn):
    """One of the five numbers of the row's product."""

    def __init__(self, number: str, *args: Any, strong: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, accessor="pk", orderable=False, unit="unit__code", **kwargs)
        self.number, self.strong = number, strong
        self.table: Any = None

    def bind(self, table: Any, name: str) -> None:
        self.table = table

    def cell(self, value: Any, record: Any) -> Any:
        numbers = self.table.numbers(record)
        amount: Decimal = getattr(numbers, self.number)
        if not self.strong:
            return format_quantity(amount) if amount else ZERO
        tone = self.table.said_of(record)[1]
        css = f" class=c-{tone}" if tone in ("warn", "bad") else ""
        return SafeString(f"<b{css}>{format_quantity(amount)}</b> <i>{escape(record.unit.code)}</i>")

    def export(self, value: Any, record: Any) -> Any:
        return getattr(self.table.numbers(record), self.number)


class StateColumn(Column):
    """The worst thing to say of a product's stock."""

    card = "status"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, accessor="pk", orderable=False, **kwargs)
        self.table: Any = None

    def bind(self, table: Any, name: str) -> None:
        self.table = table

    def cell(self, value: Any, record: Any) -> Any:
        said, tone = self.table.said_of(record)
        return SafeString(f'<span class="badge {tone}">{escape(said)}</span>') if tone else said

    def export(self, value: Any, record: Any) -> Any:
        return self.table.said_of(record)[0]


class ValueColumn(MoneyColumn):
    """What the row's product is worth at cost."""

    card, css = "", "num muted broad"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, accessor="pk", orderable=False, **kwargs)
        self.table: Any = None

    def bind(self, table: Any, name: str) -> None:
        self.table = table

    def cell(self, value: Any, record: Any) -> Any:
        return self.draw(self.table.facts(record).value, record)

    def export(self, value: Any, record: Any) -> Any:
        return self.table.facts(record).value


def state_of(numbers: Availability, facts: Facts, product: Any, *, today: date | None = None) -> tuple[str, str]:
    """One short sentence and its tone, worst first: short, below minimum, unusable, expiring, expected, fine.

    The product comes `with_minimum`.
    """
    near = nearness.Nearness(today or clock.today(), product.expiry_days)
    unit, today = product.unit.code, near.today
    if numbers.promised > 0:
        return gettext("%(quantity)s short") % {"quantity": format_quantity(numbers.promised, unit)}, "bad"
    if facts.minimum is not None and numbers.available < facts.minimum:
        return gettext("Below minimum"), "bad" if numbers.available * 2 < facts.minimum else "warn"
    if numbers.unusable > 0:
        return (
            gettext("%(quantity)s expired or blocked") % {"quantity": format_quantity(numbers.unusable, unit)},
            "warn",
        )
    if near.is_near(facts.soonest, product.shelf_life_days):
        return _expiring(facts, unit, today), "warn"
    if facts.due is not None:
        due = clock.local(facts.due[0])
        when = due.strftime("%H:%M") if due.date() == today else date_format(due, "D j, H:i")
        return (
            gettext("%(quantity)s due %(when)s") % {"quantity": format_quantity(facts.due[1]), "when": when},
            "info",
        )
    return (gettext("OK") if numbers.on_hand else gettext("None")), ""


def _expiring(facts: Facts, unit: str, today: date) -> str:
    assert facts.soonest is not None
    quantity = format_quantity(facts.soonest_quantity, unit)
    days = (facts.soonest - today).days
    if days == 0:
        return gettext("%(quantity)s expire today") % {"quantity": quantity}
    if days == 1:
        return gettext("%(quantity)s expire tomorrow") % {"quantity": quantity}
    return ngettext("%(quantity)s expire in %(days)s day", "%(quantity)s expire in %(days)s days", days) % {
        "quantity": quantity,
        "days": days,
    }


def product_meta(product: Product, facts: Facts) -> Any:
    places = ", ".join(facts.places[:2]) + ("…" if len(facts.places) > 2 else "")
    return f"{product.sku} · {places}" if places else product.sku


class ProductColumn(WhatColumn):
    """The product, its code and where it lies."""

    def bind(self, table: Any, name: str) -> None:
        super().bind(table, name)
        self.meta = lambda record: product_meta(record, table.facts(record))
        self.has_meta = True

    def exported(self, header: str) -> Any:
        yield gettext("SKU"), lambda value, record: record.sku
        yield header, lambda value, record: str(value)


class StockTable(Table):
    """Stock by product. The numbers of a page come in four queries, whatever its length."""

    name = ProductColumn(
        "name", verbose_name=_("Item"), order_by=("name", "id"), thumb=lambda row: (row.shown_icon, row.hue)
    )
    on_hand = Of("on_hand", verbose_name=_("On hand"), card="")
    held = Of("held", verbose_name=_("Held"), card="")
    available = Of("available", verbose_name=_("Available"), strong=True, card="stock")
    trend = TrendColumn(verbose_name=_("14 days"))
    cover = CoverColumn(verbose_name=_("Cover"))
    state = StateColumn(verbose_name=_("State"))
    value = ValueColumn(verbose_name=_("Cost"))

    class Meta:
        model = Product
        order_by = "name"
        row_url = "inventory:product_card"
        own_order = True
        row_actions = [
            Action(_("Set minimum"), "inventory:product_minimum", "inventory.change_reorderrule", icon="gauge"),
        ]

    _last: tuple[Any, Facts, tuple[str, str]] | None = None  # the row that was asked for last, and what is said of it

    @cached_property
    def _facts(self) -> dict[int, Facts]:
        if self.shown is not None:
            return stock_reads.facts([row.pk for row in self.shown])
        return stock_reads.facts(list(self.data.data.order_by().values_list("pk", flat=True)))

    @cached_property
    def _today(self) -> date:
        return clock.today()

    def _read(self, record: Product) -> tuple[Any, Facts, tuple[str, str]]:
        if self._last is None or self._last[0] is not record:
            facts = self._facts[record.pk]
            facts.minimum = record.minimum  # type: ignore[attr-defined]
            said = state_of(facts.numbers or Availability(record.pk), facts, record, today=self._today)
            self._last = record, facts, said
        return self._last

    def said_of(self, record: Product) -> tuple[str, str]:
        """What is said of the row's product, and its tone."""
        return self._read(record)[2]

    def numbers(self, record: Product) -> Availability:
        return self._read(record)[1].numbers or Availability(record.pk)

    def facts(self, record: Product) -> Facts:
        return self._read(record)[1]


class LotTable(Table):
    """Stock by lot."""

    code = WhatColumn(
        "code", meta="product__name", verbose_name=_("Lot"), thumb=lambda row: (row.product.shown_icon, row.product.hue)
    )
    on_hand = QuantityColumn(unit="product__unit__code", verbose_name=_("On hand"))
    received_on = DateColumn(card="")
    expires_on = DateColumn(card="price")
    status = BadgeColumn(tones=TONES, quiet={"ok"})
    unit_cost = MoneyColumn(places=4, card="")
    worth = MoneyColumn(verbose_name=_("Worth"), card="")

    class Meta:
        model = Lot
        row_url = "inventory:lot_detail"
        order_by = "expires_on"
        when_few = ("on_hand", "status", "unit_cost", "worth")

    def order_expires_on(self, queryset: QuerySet[Lot], is_descending: bool) -> tuple[QuerySet[Lot], bool]:
        """What never expires comes last."""
        return _undated_last(queryset, "expires_on", is_descending), True

    def parts_expires_on(self, queryset: QuerySet[Lot], is_descending: bool) -> Parts:
        return nulls_last(queryset, "expires_on", falls=is_descending)

    def order_received_on(self, queryset: QuerySet[Lot], is_descending: bool) -> tuple[QuerySet[Lot], bool]:
        """What was made here comes last."""
        return _undated_last(queryset, "received_on", is_descending), True

    def parts_received_on(self, queryset: QuerySet[Lot], is_descending: bool) -> Parts:
        return nulls_last(queryset, "received_on", falls=is_descending)

    def render_expires_on(self, record: Lot, value: Any) -> Any:
        if value is None:
            return format_html('<span class="muted">{}</span>', "–")
        tone = self._near.tone(value, record.product.shelf_life_days)
        css = f"c-{tone}" if tone else ""
        return format_html('<span class="{}">{}</span>', css, date_format(value, "SHORT_DATE_FORMAT"))

    @cached_property
    def _near(self) -> nearness.Nearness:
        return nearness.now()


def _undated_last(lots: QuerySet[Lot], field: str, falls: bool) -> QuerySet[Lot]:
    day = F(field)
    return lots.order_by(day.desc(nulls_first=True) if falls else day.asc(nulls_last=True))


class OperationTable(Table):
    """What was posted."""

    number = WhatColumn("number", meta=lambda row: row.what, verbose_name=_("Operation"), order_by=("id",))
    kind = BadgeColumn(
        tones={"waste": "bad", "reversal": "warn", "adjustment": "warn", "receipt": "ok"},
        order_by=("kind", "-occurred_at", "-id"),
    )
    occurred_at = DateTimeColumn(card="price")
    worth = MovedColumn(verbose_name=_("Value"), css="num broad", empty_text="–")
    reason = LongColumn(card="", empty_text="")
    origin = Column(verbose_name=_("For"), orderable=False, card="")
    actor = Column(accessor="actor__name", verbose_name=_("By"), css="broad", card="", empty_text=_("system"))

    class Meta:
        model = StockOperation
        row_url = "inventory:operation_detail"
        order_by = "-occurred_at"
        when_few = ("worth", "reason", "actor")

    def render_origin(self, record: StockOperation) -> Any:
        return origin_link(record.origin, self.request)


def origin_link(origin: Any, request: HttpRequest | None) -> Any:
    """The document that caused something, with its link when it has a page that the person may open."""
    if origin is None:
        return ""
    url = origin.get_absolute_url() if hasattr(origin, "get_absolute_url") else ""
    if not url or request is None or not may_open(request.user, origin, url):
        return str(origin)
    return format_html('<a href="{}">{}</a>', url, origin)


class HoldTable(Table):
    """Who holds what."""

    product = WhatColumn("product__name", meta="product__sku", verbose_name=_("Product"), order_by=("product__name",))
    origin = Column(verbose_name=_("For"), orderable=False, card="status")
    quantity = QuantityColumn(unit="product__unit__code")
    waiting = QuantityColumn(accessor="missing", verbose_name=_("Waits for"), orderable=False, card="")
    needed_on = DateColumn(card="price")
    created_at = DateTimeColumn(verbose_name=_("Held since"), card="note")
    expires_at = DateTimeColumn(css="nw broad", card="", empty_text="–")
    priority = NumberColumn(css="num broad", card="", empty_text="")
    status = BadgeColumn(tones={"active": "info", "fulfilled": "ok"}, card="")

    class Meta:
        model = Hold
        row_url = "inventory:hold_detail"
        order_by = "needed_on"
        row_actions = [
            Action(
                _("Release"),
                "inventory:hold_release",
                "inventory.release_hold",
                icon="lock-open",
                danger=True,
                when=lambda hold: hold.status == Hold.Status.ACTIVE,
            )
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._links: dict[tuple[int, int], Any] = {}

    def render_origin(self, record: Hold) -> Any:
        document = record.origin_type_id, record.origin_id
        if document not in self._links:  # an order holds several products
            self._links[document] = origin_link(record.origin, self.request)
        return self._links[document]

    def render_created_at(self, record: Hold, value: Any) -> Any:
        """On a phone, where no heading says what it is, with what the hold waits for."""
        since = format_html('<span class="only-s">{}</span> {}', gettext("held"), ago(value))
        if not self._waits(record):
            return since
        waits = gettext("waits for %(quantity)s") % {
            "quantity": format_quantity(record.missing, record.product.unit.code)  # type: ignore[attr-defined]
        }
        return format_html('{} <span class="only-s c-bad">· {}</span>', since, waits)

    @staticmethod
    def _waits(record: Hold) -> bool:
        return bool(record.missing) and record.is_counting(clock.now())  # type: ignore[attr-defined]

    def render_waiting(self, record: Hold, value: Decimal) -> Any:
        if not self._waits(record):
            return format_html('<span class="muted">{}</span>', "–")
        return format_html('<span class="c-bad">{}</span>', format_quantity(value, record.product.unit.code))

    def render_status(self, record: Hold) -> Any:
        if record.status == Hold.Status.ACTIVE and not record.is_counting(clock.now()):
            return format_html('<span class="badge">{}</span>', gettext("too old"))
        return self.columns["status"].column.cell(record.status, record)


class PlaceColumn(WhatColumn):
    """A place, set in as deep as it lies in others."""

    def bind(self, table: Any, name: str) -> None:
        super().bind(table, name)
        rows = Location.objects.physical().only("pk", "name", "parent_id")
        self.depths = {place.pk: depth for place, depth in places.as_tree(rows)}

    def draw(self, value: Any, record: Any) -> Any:
        depth = self.depths.get(record.pk, 0)
        return super().draw("\N{EM SPACE}" * (depth - 1) + f"↳ {value}" if depth else value, record)


class LocationTable(Table):
    """Places, as a tree unless they are sorted."""

    name = PlaceColumn("name", meta="code", verbose_name=_("Place"), order_by=("name", "id"))
    kind = BadgeColumn(card="price", quiet={"storage", "sale", "production", "quarantine"})
    parent = Column(accessor="parent__name", verbose_name=_("Inside"), card="", empty_text="–")
    worth = MoneyColumn(verbose_name=_("Worth"), card="stock")
    is_active = BoolColumn(yes=_("open"), no=_("closed"), verbose_name=_("State"), card="status")

    class Meta:
        model = Location
        order_by = "name"
        own_order = True
