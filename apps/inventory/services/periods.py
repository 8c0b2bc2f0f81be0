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
    closed = row.history.filter(closed_through=row.closed_through).order_by("history_date").first()
    who = closed.history_user.name if closed is not None and closed.history_user else ""
    raise ClosedPeriod(day, row.closed_through, who=who, what=what())


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
def reopen(*, after: date | None, reason: str, revision: int | None = None) -> StockPolicy:
    """Open the days after `after` again (all, for None). Raises ReasonMissing, BadPeriod when they are open already."""
    if not reason.strip():
        raise ReasonMissing
    row = policy.locked()
    if row.closed_through is None or (after is not None and after >= row.closed_through):
        raise BadPeriod(_("Those days are open already."), field="closed_through")
    row.closed_through = after
    with acting(reason=reason.strip()):
        return state.save_revised(row, revision=revision, fields=["closed_through"])
