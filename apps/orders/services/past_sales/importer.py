"""The way of a till's log through upload, names, preview and apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.formats import date_format
from django.utils.timezone import make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.catalog.models import Product
from apps.orders.models import Channel, Order
from backoffice.kernel import clock, money
from backoffice.kernel.quantity import format_quantity
from backoffice.transfers.importer import Applied, BadCell, Decision, Fact, Importer, MapEntry, Row, RowResult, Target

from . import matching, reading, writing
from .columns import COLUMNS
from .options import PastSalesOptions
from .reading import Item, Ticket, Unreadable

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow, TransferRun


class PastSalesImporter(Importer):
    """One ticket of the file is one completed order. The same file again finds every ticket there and writes none."""

    key = "past_sales"
    permission = "orders.import_past_sales"
    title = gettext_lazy("Import past sales")
    help = gettext_lazy(
        "The log of another till: one line for everything that was sold. Tickets become completed orders of the past. "
        "No stock moves, and our own order numbers go on as they are."
    )
    thing = gettext_lazy("Ticket")
    columns = COLUMNS
    options_form = PastSalesOptions
    needs_mapping = True
    create_label = gettext_lazy("Price, when created")
    check_size = 1000
    apply_size = 500
    done_url = "orders:order_list"
    undoable = True
    undone_new = gettext_lazy("made by it: cancelled")
    undo_note = gettext_lazy(
        "Past sales are sealed like any other: they are not removed but cancelled for your reason, and no figure "
        "counts them any more. Their tickets can be imported again. Products that were made for them stay."
    )
    figure_labels: ClassVar[Mapping[str, Any]] = {
        "tickets": gettext_lazy("tickets"),
        "orders": gettext_lazy("past orders"),
        "lines": gettext_lazy("order lines"),
        "units": gettext_lazy("units"),
        "empty": gettext_lazy("empty tickets"),
        "there": gettext_lazy("imported before"),
        "estimated": gettext_lazy("estimated prices"),
        "products": gettext_lazy("new products"),
    }

    def __init__(self, run: TransferRun) -> None:
        super().__init__(run)
        self.figures: Counter[str] = Counter()
        self.units = Decimal(0)

    @cached_property
    def channel(self) -> Channel:
        """The channel that was chosen on the upload page."""
        return Channel.objects.select_related("price_list").get(pk=self.options["channel"])

    @cached_property
    def decided(self) -> dict[str, Decision]:
        """What was decided for each name, read once."""
        return self.decisions

    # --- names ---
    def scan(self, rows: Iterator[Row]) -> list[MapEntry]:
        counts: Counter[str] = Counter(row.text("item") for row in rows)
        counts.pop("", None)
        return matching.propose(counts, importer=self.key)

    def targets(self) -> Sequence[Target]:
        rows = Product.objects.active().order_by("name", "pk").values_list("sku", "name")
        return [Target(sku, name) for sku, name in rows]

    def created_with(self, answer: str) -> str:
        return matching.price_text(answer)

    # --- preview ---
    def batches(self, rows: Iterator[Row]) -> Iterator[Sequence[Row]]:
        """Whole tickets, as many at a time as make about `check_size` lines."""
        batch: list[Row] = []
        for group in reading.groups(rows, daily=self.daily):
            batch += group
            if len(batch) >= self.check_size:
                yield batch
                batch = []
        if batch:
            yield batch

    def check(self, rows: Sequence[Row]) -> Iterable[RowResult]:
        tickets: list[tuple[list[Row], Ticket]] = []
        for group in reading.groups(rows, daily=self.daily):
            self.figures["tickets"] += 1
            try:
                tickets.append((group, reading.ticket(group)))
            except Unreadable as wrong:
                yield from self._refused(group, wrong)
        there = writing.existing(self.channel, [self.external_id(ticket) for _group, ticket in tickets])
        for group, ticket in tickets:
            if clash := self._clash(ticket, there):
                yield from (row.refuse(clash) for row in group)
            else:
                yield self._judged(group[0], ticket, there)

    def checked(self) -> Mapping[str, int]:
        names = ("tickets", "orders", "lines", "units", "empty", "there")
        self.figures["units"] = int(self.units)
        return {name: self.figures[name] for name in names}

    def facts(self, rows: Sequence[TransferRow]) -> Mapping[int, Sequence[Fact]]:
        """What is on each ticket; what was paid for it, where the file says so."""
        return {row.pk: [_fact(item) for item in Ticket.from_json(row.data).items.values()] for row in rows}

    # --- apply ---
    def apply(self, rows: Sequence[TransferRow]) -> Applied:
        tickets = {row.pk: Ticket.from_json(row.data) for row in rows}
        there = writing.existing(self.channel, [ticket.number for ticket in tickets.values()])
        refused = {
            pk: _("This ticket was imported meanwhile.") for pk, ticket in tickets.items() if ticket.number in there
        }
        fresh = [ticket for pk, ticket in tickets.items() if pk not in refused]
        names = {name for ticket in fresh for name in ticket.items if not self._is_ignored(name)}
        products = matching.resolve(self.decided, names)
        # In the order of the file, so that who made what does not depend on a set's mood.
        missing = dict.fromkeys(name for ticket in fresh for name in ticket.items if name in names - products.keys())
        made = 0
        for name in missing:
            products |= matching.resolve(self.decided, [name])  # two names may make one product
            if name not in products:
                price = Decimal(self.decided[name].target) if self.decided[name].target else None
                products[name] = matching.create(name, price_list=self.channel.price_list, price=price)
                made += 1
        written = writing.write(self.channel, fresh, products)
        figures = {
            "orders": written.orders,
            "lines": written.lines,
            "units": int(written.units),
            "estimated": written.estimated,
            "products": made,
        }
        return Applied(figures=figures, refused=refused)

    # --- undo ---
    def obstacles(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Past orders that somebody changed, or built on."""
        why = writing.obstacles(self.channel, [row.data["id"] for row in rows])
        return {row.pk: why[row.data["id"]] for row in rows if row.data["id"] in why}

    def undo(self, rows: Sequence[TransferRow]) -> Mapping[int, str]:
        """Cancel the orders of the tickets."""
        kept = self.obstacles(rows)
        names = [row.data["id"] for row in rows if row.pk not in kept]
        writing.take_back(self.channel, names, mark=f"~{self.run.pk}")
        return kept

    # --- words ---
    @property
    def daily(self) -> bool:
        return bool(self.options.get("daily"))

    def external_id(self, ticket: Ticket) -> str:
        """The ticket's number in our books: P-1042, with the till and the day where numbers would not be unique."""
        till = self.options.get("till") or ""
        day = f"{ticket.at:%Y%m%d}" if self.daily else ""
        return "-".join(part for part in ("P", till, day, ticket.number) if part)

    def _is_ignored(self, name: str) -> bool:
        decision = self.decided.get(name)
        return decision is None or decision.action == "ignore"

    def _clash(self, ticket: Ticket, there: Mapping[str, tuple[int, datetime]]) -> BadCell | None:
        """What is wrong when the number was used before, for another ticket."""
        _pk, placed_at = there.get(self.external_id(ticket), (0, None))
        if placed_at is None or placed_at == make_aware(ticket.at):
            return None
        other = date_format(clock.local(placed_at), "SHORT_DATETIME_FORMAT")
        return BadCell(
            "ticket",
            _("Another ticket of this number is there already, of %(when)s.") % {"when": other},
            _("If it comes from another till, give the till a name on the first page."),
        )

    def _judged(self, row: Row, ticket: Ticket, there: Mapping[str, tuple[int, datetime]]) -> RowResult:
        external_id = self.external_id(ticket)
        label = _("Ticket %(number)s") % {"number": ticket.number}
        when = date_format(ticket.at, "SHORT_DATETIME_FORMAT")
        if external_id in there:
            self.figures["there"] += 1
            url = Order(pk=there[external_id][0]).get_absolute_url()
            return row.unchanged(label=label, meta=_("%(when)s · imported before") % {"when": when}, url=url)
        kept = {name: item for name, item in ticket.items.items() if not self._is_ignored(name)}
        if not kept:
            self.figures["empty"] += 1
            return row.unchanged(label=label, meta=_("%(when)s · nothing but ignored names") % {"when": when})
        ticket.items = kept
        self.figures["orders"] += 1
        self.figures["lines"] += len(kept)
        self.units += sum((item.quantity for item in kept.values()), Decimal(0))
        items = ngettext("%(count)s item", "%(count)s items", len(kept)) % {"count": len(kept)}
        return row.new(label=label, meta=f"{when} · {items}", data=ticket.as_json(external_id))

    def _refused(self, group: Sequence[Row], wrong: Unreadable) -> Iterator[RowResult]:
        """Every line of the ticket comes back, so that the corrected file makes the whole of it."""
        first = min(wrong.reasons)
        for row in group:
            if bad := wrong.reasons.get(row.line):
                yield row.refuse(bad)
            else:
                yield row.refuse(_("Line %(line)s of the same ticket cannot be read.") % {"line": first})


def _fact(item: Item) -> Fact:
    quantity = format_quantity(item.quantity)
    return Fact(item.name, quantity if item.unpriced else f"{quantity} · {money.format_amount(item.paid)}")
