"""Reading the company once a request, and changing it."""

from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django.db import transaction
from django.utils.dates import WEEKDAYS
from django.utils.formats import time_format
from django.utils.translation import gettext as _

from backoffice.kernel import audit, clock, state
from backoffice.kernel.compiled import Compiled
from backoffice.kernel.memory import forget, once

from .models import Company, OpeningHours

PK = 1
Hours = Mapping[int, tuple[time, time] | None]
_row: Compiled[Company] = Compiled(lambda pk: Company.objects.filter(pk=pk))


def current() -> Company:
    """The company as it stands; unsaved and with what a new house starts with when there is no row yet."""
    return once("company", lambda: next(iter(_row(PK)), None) or Company(pk=PK, name=_("Back office")))


@transaction.atomic
def update(*, revision: int | None = None, hours: Hours | None = None, **fields: Any) -> Company:
    """Change the company, and its hours where given (None closes a day). Creates the row the first time.

    Raises StaleRevision when somebody else changed it meanwhile.
    """
    company = Company.objects.filter(pk=PK).first()
    if company is None:
        company = Company(pk=PK, **fields)
        company.full_clean()
        with audit.noting(company, _rehoured(hours or {})):
            company.save(force_insert=True)
    else:
        for name, value in fields.items():
            setattr(company, name, value)
        company.full_clean()
        seen = company.revision if revision is None else revision
        with audit.noting(company, _rehoured(hours or {})):
            state.save_revised(company, revision=seen, fields=list(fields))
    for weekday, span in (hours or {}).items():
        OpeningHours.objects.filter(company=company, weekday=weekday).delete()
        if span is not None:
            OpeningHours.objects.create(company=company, weekday=weekday, opens=span[0], closes=span[1])
    forget("company")
    return company


def _rehoured(hours: Hours) -> str:
    """What the history says of days with other times than before; they are no columns of the company."""
    before = {one.weekday: (one.opens, one.closes) for one in OpeningHours.objects.filter(company_id=PK)}
    said = [
        f"{WEEKDAYS[day]} {_spoken(before.get(day))} → {_spoken(span)}"
        for day, span in sorted(hours.items())
        if span != before.get(day)
    ]
    return _("Counter hours: %(days)s") % {"days": "; ".join(said)} if said else ""


def _spoken(span: tuple[time, time] | None) -> str:
    return _("closed") if span is None else f"{time_format(span[0])}–{time_format(span[1])}"


def hours_on(day: date) -> OpeningHours | None:
    """When the counter is open on that day; None when it is closed or nobody has said."""
    return OpeningHours.objects.filter(company_id=PK, weekday=day.weekday()).first()


def open_until() -> time | None:
    """Until when the counter is open now; None when it is closed."""
    now = clock.local(clock.now())
    hours = hours_on(now.date())
    return hours.closes if hours and hours.opens <= now.time() < hours.closes else None
