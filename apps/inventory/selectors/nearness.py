"""When a last good day is near: one rule for alerts, lists, cards, the home page and paper.

So many days ahead as the house's rules say (Stock value › Rules). What does not last longer than that at all is near on
its last day only: bread that lives two days is no news on its first, and has to go on its last. What is good on the day
it is made alone is never near: it would be from the oven on.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import DateField, F, Func, IntegerField, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThan

from apps.inventory.models import StockPolicy
from backoffice.kernel import clock
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.memory import once

MEMORY = "stock.expiry_days"
_DAYS: Compiled[tuple[int]] = Compiled(lambda pk: StockPolicy.objects.filter(pk=pk).values_list("expiry_days"))


def days() -> int:
    """How many days before the last good day the house wants to know. Read once a request."""
    return once(MEMORY, _read)


def column() -> Subquery:
    """The same as a column, for a page whose rows are read with it; what came is handed to `known`."""
    return Subquery(StockPolicy.objects.filter(pk=StockPolicy.PK).values("expiry_days"))


def known(found: int | None) -> None:
    """`days` was read together with something else: this request need not read it again."""
    once(MEMORY, lambda: StockPolicy().expiry_days if found is None else found)


def _read() -> int:
    for (found,) in _DAYS(StockPolicy.PK):
        return found
    return StockPolicy().expiry_days


@dataclass(frozen=True)
class Nearness:
    """The rule as it stands today, read once for all that a page shows."""

    today: date
    days: int

    @property
    def until(self) -> date:
        """The last of the days that are near."""
        return self.today + timedelta(days=self.days)

    def is_near(self, last_day: date | None, shelf_life_days: int | None) -> bool:
        """Whether something that is good until `last_day`, and lives so long when it is new, is about to expire."""
        if last_day is None or not self.today <= last_day <= self.until:
            return False
        if shelf_life_days is None or shelf_life_days > self.days:
            return True
        return last_day == self.today and shelf_life_days > 0

    def tone(self, last_day: date | None, shelf_life_days: int | None) -> str:
        """How the day looks: "bad" when it is over, "warn" when it is near, "" otherwise."""
        if last_day is not None and last_day < self.today:
            return "bad"
        return "warn" if self.is_near(last_day, shelf_life_days) else ""


def now() -> Nearness:
    """The rule, today."""
    return Nearness(clock.today(), days())


def condition(today: Any, *, prefix: str = "", product: str = "product__") -> Q:
    """What is near on that day, for a query that reaches the lot and its product through these prefixes. The rule is
    read within the query."""
    life = f"{product}shelf_life_days"
    lasting = Q(**{f"{life}__isnull": True}) | Q(GreaterThan(F(life), in_force()))
    lasting |= Q(**{f"{prefix}expires_on": today, f"{life}__gt": 0})
    return Q(**{f"{prefix}expires_on__gte": today, f"{prefix}expires_on__lte": _Ahead(today)}) & lasting


def in_force() -> Coalesce:
    """`days`, within a query."""
    rule = StockPolicy.objects.filter(pk=StockPolicy.PK).values("expiry_days")
    return Coalesce(Subquery(rule), Value(StockPolicy().expiry_days), output_field=IntegerField())


class _Ahead(Func):
    """A day and as many more as the rule says."""

    output_field = DateField()

    def __init__(self, *expressions: Any) -> None:
        given = expressions if len(expressions) == 2 else (Value(expressions[0], output_field=DateField()), in_force())
        super().__init__(*given)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        day, days = (compiler.compile(part) for part in self.source_expressions)
        return f"({day[0]}::date + ({days[0]})::integer)", [*day[1], *days[1]]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        day, days = (compiler.compile(part) for part in self.source_expressions)
        return f"date({day[0]}, '+' || {days[0]} || ' days')", [*day[1], *days[1]]
