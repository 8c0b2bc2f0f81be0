"""From lines of a till's log to tickets: what was sold together, when, and what is known about the money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from backoffice.kernel import money
from backoffice.transfers.rows import BadCell, Row

TICKET_LENGTH = 40
DATE_LENGTH = 10
MOST_UNITS = Decimal(1_000_000)
MOST_MONEY = Decimal(100_000_000)


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One line of the log, read. `amount` is None when the file does not say what was paid."""

    name: str
    day: date
    at: time
    quantity: Decimal
    amount: Decimal | None


@dataclass(slots=True)
class Item:
    """Everything of one name on one ticket: `paid` for the units whose price is known, and the `unpriced` rest."""

    name: str
    quantity: Decimal = Decimal(0)
    paid: Decimal = Decimal(0)
    unpriced: Decimal = Decimal(0)

    def add(self, line: SaleLine) -> None:
        self.quantity += line.quantity
        if line.amount is None:
            self.unpriced += line.quantity
        else:
            self.paid += line.amount

    def as_json(self) -> list[str]:
        return [self.name, str(self.quantity), str(self.paid), str(self.unpriced)]

    @classmethod
    def from_json(cls, parts: Sequence[str]) -> Item:
        name, quantity, paid, unpriced = parts
        return cls(name, Decimal(quantity), Decimal(paid), Decimal(unpriced))


@dataclass(slots=True)
class Ticket:
    """What was sold together: its number in the file, when, and its items in the order of the file."""

    number: str
    at: datetime  # the shop's wall clock
    items: dict[str, Item] = field(default_factory=dict)

    def as_json(self, external_id: str) -> dict[str, Any]:
        return {
            "id": external_id,
            "at": self.at.isoformat(),
            "items": [item.as_json() for item in self.items.values()],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ticket:
        items = [Item.from_json(parts) for parts in data["items"]]
        return cls(data["id"], datetime.fromisoformat(data["at"]), {item.name: item for item in items})


class Unreadable(Exception):
    """A ticket of which at least one line cannot be read: what is wrong, by line number."""

    def __init__(self, reasons: Mapping[int, BadCell]) -> None:
        super().__init__()
        self.reasons = reasons


def groups(rows: Iterable[Row], *, daily: bool) -> Iterator[list[Row]]:
    """The rows of each ticket together, in the order in which tickets begin.

    The whole file is held meanwhile: a till may well write the lines of two tickets in turn. With `daily` the same
    number on another day is another ticket. A row without a number is a group of its own.
    """
    found: dict[Any, list[Row]] = {}
    for row in rows:
        number = row.text("ticket")
        key: Any = (number, row.text("date")[:DATE_LENGTH] if daily else "") if number else row.line
        found.setdefault(key, []).append(row)
    yield from found.values()


def ticket(rows: Sequence[Row]) -> Ticket:
    """The ticket that these rows are. Raises Unreadable: half a ticket would be worse than none."""
    lines: list[SaleLine] = []
    wrong: dict[int, BadCell] = {}
    for row in rows:
        try:
            lines.append(line(row))
            if lines[-1].day != lines[0].day:
                raise BadCell("date", _("The other lines of this ticket are of another day."))
        except BadCell as bad:
            wrong[row.line] = bad
    if wrong:
        raise Unreadable(wrong)
    made = Ticket(rows[0].text("ticket"), datetime.combine(lines[0].day, min(sold.at for sold in lines)))
    for sold in lines:
        made.items.setdefault(sold.name, Item(sold.name)).add(sold)
    return made


def line(row: Row) -> SaleLine:
    """One row, read strictly. Raises BadCell."""
    number = row.required("ticket")
    if len(number) > TICKET_LENGTH:
        raise BadCell("ticket", _("A ticket number has at most %(most)s characters.") % {"most": TICKET_LENGTH})
    name = row.required("item")
    row.required("date")
    day = row.date("date")
    assert day is not None
    quantity = row.decimal("quantity", places=6)
    if quantity is None:
        quantity = Decimal(1)
    if quantity <= 0:
        raise BadCell("quantity", _("Only sales can be imported, no returns: this must be more than zero."))
    if quantity > MOST_UNITS:
        raise BadCell("quantity", _("This is more than anybody sells on one ticket."))
    return SaleLine(name, day, _time(row), quantity, _amount(row, quantity))


def _time(row: Row) -> time:
    if row.has("time"):
        return (row.time("time") or time(0)).replace(tzinfo=None)
    # A till that writes one column for both: what follows the date.
    rest = row.text("date")[DATE_LENGTH:].lstrip(" T,")
    if not rest:
        return time(0)
    try:
        return time.fromisoformat(rest[:8])
    except ValueError:
        raise BadCell("date", _("This is not a time of day."), _("Write 2026-11-23 09:58.")) from None


def _amount(row: Row, quantity: Decimal) -> Decimal | None:
    """What was paid for the line: the line's amount where the file has one, else price times quantity."""
    amount = row.decimal("amount", places=2, minimum=0)
    if amount is None:
        price = row.decimal("price", places=4, minimum=0)
        if price is None:
            return None
        amount = money.round_money(price * quantity)
    if amount > MOST_MONEY:
        raise BadCell("amount" if row.text("amount") else "price", _("This is more than anybody pays at a counter."))
    return amount
