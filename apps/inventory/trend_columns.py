"""How the stock of a row's product went, and how long it lasts: two columns of the stock list.

The rows come `with_trend`. What is kept is of one day; on any other, and before the job ran, nothing is known.
"""

from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from apps.inventory.selectors import daily
from backoffice.kernel import clock
from backoffice.kernel.fields import QuantityField
from backoffice.kernel.quantity import format_quantity
from backoffice.ui import bars
from backoffice.ui.columns import Column

UNKNOWN = SafeString("<i>–</i>")
LONG = 999
"""Days; what lasts longer lasts for nobody knows how long."""


class _OfTrend(Column):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, accessor="pk", orderable=False, **kwargs)
        self.table: Any = None
        self.today = ""

    def bind(self, table: Any, name: str) -> None:
        self.table, self.today = table, clock.today().isoformat()


class TrendColumn(_OfTrend):
    """The last days as bars, with the minimum as a line; in words the least and the most that there was."""

    def cell(self, value: Any, record: Any) -> Any:
        if record.trend_day != self.today:
            return UNKNOWN
        on_hand = _whole(self.table.numbers(record).on_hand)
        return _drawn(record.trend_ends, on_hand, _whole(record.minimum) if record.minimum else None, get_language())


@lru_cache(maxsize=1024)
def _drawn(kept: str | None, on_hand: int, minimum: int | None, language: str | None) -> SafeString:
    """A cell, which stays as it is until something moves."""
    ends = [*daily.read(kept), on_hand]
    least, most = min(ends), max(ends)
    said = format_quantity(daily.exactly(least))
    if most != least:
        said += f"–{format_quantity(daily.exactly(most))}"
    return bars.drawn(ends, minimum=minimum, said=said)


class CoverColumn(_OfTrend):
    """For how many days what is usable is enough, at the pace of the last whole days."""

    css = "num broad"

    def _days(self, record: Any) -> Decimal | None:
        if record.trend_day != self.today or not record.trend_used:
            return None
        numbers = self.table.numbers(record)
        return daily.lasts(numbers.on_hand - numbers.unusable, daily.exactly(record.trend_used), record.trend_days)

    def cell(self, value: Any, record: Any) -> Any:
        days = self._days(record)
        if days is None:
            return UNKNOWN
        if days > LONG:
            return gettext("> %(days)s d") % {"days": LONG}
        return gettext("%(days)s d") % {"days": format_quantity(daily.rounded(days))}

    def export(self, value: Any, record: Any) -> Any:
        days = self._days(record)
        return None if days is None else daily.rounded(days)


def _whole(quantity: Decimal) -> int:
    return int(quantity.scaleb(QuantityField.places))
