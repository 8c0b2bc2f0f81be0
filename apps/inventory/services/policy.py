"""The stock room's own rules, in one row."""

from datetime import date
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.errors import BadQuantity
from apps.inventory.models import StockPolicy
from apps.inventory.selectors import nearness
from apps.inventory.services import lot_codes
from backoffice.kernel import state
from backoffice.kernel.memory import forget, once

MOST_DAYS = 365
LONGEST_REASON = 60
REASONS = "stock.waste_reasons"


def current() -> StockPolicy:
    """The rules as they stand; what a new house starts with when nobody has set them."""
    return StockPolicy.objects.filter(pk=StockPolicy.PK).first() or StockPolicy(pk=StockPolicy.PK)


@transaction.atomic
def locked() -> StockPolicy:
    """The row, made when it is not there yet, locked until the transaction ends."""
    StockPolicy.objects.bulk_create([StockPolicy(pk=StockPolicy.PK)], ignore_conflicts=True)
    return StockPolicy.objects.select_for_update().get(pk=StockPolicy.PK)


@transaction.atomic
def update(
    *,
    count_tolerance: Decimal,
    expiry_days: int | None = None,
    lot_pattern: str | None = None,
    waste_reasons: str | None = None,
    revision: int | None = None,
) -> StockPolicy:
    """Change the rules; what is not given stays. Alerts follow the days, new lots the pattern, and who writes something
    off chooses from the reasons: one a line, said twice is once.

    Raises BadQuantity for a tolerance below zero or more days than a year, BadPattern, StaleRevision when someone else
    changed it.
    """
    if count_tolerance < 0:
        raise BadQuantity(_("A tolerance is not below zero."), field="count_tolerance")
    if expiry_days is not None and not 0 <= expiry_days <= MOST_DAYS:
        raise BadQuantity(_("Between 0 and %(most)s days.") % {"most": MOST_DAYS}, field="expiry_days")
    pattern = None if lot_pattern is None else lot_codes.check(lot_pattern)
    row = locked()
    row.count_tolerance = count_tolerance
    row.lot_pattern = pattern or row.lot_pattern
    row.expiry_days = row.expiry_days if expiry_days is None else expiry_days
    row.waste_reasons = row.waste_reasons if waste_reasons is None else "\n".join(_lines(waste_reasons))
    fields = ["count_tolerance", "expiry_days", "lot_pattern", "waste_reasons"]
    saved = state.save_revised(row, revision=revision, fields=fields)
    forget(nearness.MEMORY)
    forget(REASONS)
    return saved


def _lines(text: str) -> list[str]:
    found = {line.strip()[:LONGEST_REASON].casefold(): line.strip()[:LONGEST_REASON] for line in text.splitlines()}
    return [line for line in found.values() if line]


def waste_reasons() -> list[str]:
    """The codes that are chosen from when stock is written off: the house's own, or the usual. Read once a request."""
    return once(REASONS, lambda: _lines(current().waste_reasons)) or [
        _("Expired"),
        _("Left over at closing"),
        _("Spoiled"),
        _("Dropped or broken"),
        _("Tasted or given away"),
        _("Missing"),
    ]


def closed_through() -> date | None:
    """The last day of the closed book, when one was closed."""
    return current().closed_through
