"""Promotions over a month."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q

from apps.catalog.models import Promotion
from backoffice.kernel import clock


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar with the rules that count on it; `over` while the month is not: a phone begins today."""

    day: date
    inside: bool
    today: bool
    over: bool
    rules: list[Promotion]


def month(first: date) -> list[list[Day]]:
    """The weeks of the month, with the active rules of each day. One query."""
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    start, end = clock.at(weeks[0][0]), clock.at(weeks[-1][-1] + timedelta(days=1))
    rows = list(
        Promotion.objects.filter(Q(valid_to=None) | Q(valid_to__gt=start), is_active=True, valid_from__lt=end).order_by(
            "from_hour", "priority", "name"
        )
    )
    today, last = clock.today(), weeks[-1][-1]
    return [
        [
            Day(
                day, day.month == first.month, day == today, day < today <= last, [row for row in rows if _on(row, day)]
            )
            for day in week
        ]
        for week in weeks
    ]


def _on(promotion: Promotion, day: date) -> bool:
    start, end = clock.day_bounds(day)
    if promotion.valid_from >= end or (promotion.valid_to is not None and promotion.valid_to <= start):
        return False
    return not promotion.weekdays or day.weekday() in promotion.weekdays
