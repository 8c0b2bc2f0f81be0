"""Closing the book: nothing is posted on a day that is closed. What was wrong then is corrected today."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.inventory.errors import BadPeriod, ClosedPeriod, ReasonMissing
from apps.inventory.models import StockPolicy
from apps.inventory.services import policy
from backoffice.kernel import clock, state
from backoffice.kernel.audit import acting


def refuse_closed(occurred_at: datetime, *, now: datetime, what: Callable[[], str] = str) -> None:
    """Raise ClosedPeriod when the day is closed; `what` tells what would have been posted.

    Today never is, so what happens now asks the database nothing. Holds the policy's row until the transaction ends: a
    period is not closed while something is posted into it.
    """
    day = clock.local(occurred_at).date()
    if day >= clock.local(now).date():
        return
    # Made when nobody has set any rules yet: a row that is not there keeps nobody waiting.
    row = policy.locked()
    if row.closed_through is None or day > row.closed_through:
        return
    raise ClosedPeriod(day, row.closed_through, who=closed_by(row), what=what())


def closed_by(row: StockPolicy) -> str:
    """Who closed the book through the day it is closed through; empty when nobody is known.

    The day may have been closed before, opened again, and other rules changed since.
    """
    who = ""
    for entry in row.history.select_related("history_user").order_by("-history_id").iterator():
        if entry.closed_through != row.closed_through:
            break
        who = str(entry.history_user.name) if entry.history_user else ""
    return who


@transaction.atomic
def close(through: date, *, reason: str = "", revision: int | None = None) -> StockPolicy:
    """Close the book up to and with that day. Raises BadPeriod for today or later, or a day that is closed already."""
    row = policy.locked()
    if through >= clock.today():
        raise BadPeriod(
            _("The book is closed through yesterday at the latest, %(day)s: today things still happen.")
            % {"day": date_format(clock.today() - timedelta(days=1), "SHORT_DATE_FORMAT")},
            field="closed_through",
        )
    if row.closed_through is not None and through <= row.closed_through:
        raise BadPeriod(
            _("The book is closed through %(day)s already. Choose a later day, or open the period again.")
            % {"day": date_format(row.closed_through, "SHORT_DATE_FORMAT")},
            field="closed_through",
        )
    row.closed_through = through
    with acting(reason=reason.strip() or None):
        return state.save_revised(row, revision=revision, fields=["closed_through"])


@transaction.atomic
def reopen(*, after: date | None, reason: str, seen: date | None = None, revision: int | None = None) -> StockPolicy:
    """Open the days after `after` again (all, for None). `seen` is the closed day that the person was shown.

    Raises ReasonMissing, BadPeriod when nothing would be opened, or the book is closed through another day by now.
    """
    if not reason.strip():
        raise ReasonMissing
    row = policy.locked()
    if row.closed_through is None:
        raise BadPeriod(_("Those days are open already."), field="closed_through")
    closed = date_format(row.closed_through, "SHORT_DATE_FORMAT")
    if seen is not None and seen != row.closed_through:
        who = closed_by(row) or _("the system")
        raise BadPeriod(
            _("The book is closed through %(day)s by now, by %(who)s, not %(seen)s. Nothing was opened; look again.")
            % {"day": closed, "who": who, "seen": date_format(seen, "SHORT_DATE_FORMAT")}
        )
    if after is not None and after >= row.closed_through:
        raise BadPeriod(
            _("The book is closed through %(day)s: nothing would be opened. Choose an earlier day, or leave it blank.")
            % {"day": closed},
            field="closed_through",
        )
    row.closed_through = after
    with acting(reason=reason.strip()):
        return state.save_revised(row, revision=revision, fields=["closed_through"])
