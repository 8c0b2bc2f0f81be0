"""Points as a statement, and the proof that the books agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum, prefetch_related_objects
from django.utils.translation import gettext_noop

from apps.crm.models import Customer, LoyaltyAccount, LoyaltyProgram, PointLot, PointMove, PointTransaction
from backoffice.kernel import clock, money

SHOWN = 12


@dataclass(frozen=True)
class StatementLine:
    """One lot of a customer's points."""

    lot: PointLot
    days_left: int | None
    is_expired: bool

    @property
    def share_left(self) -> int:
        """How much of the lot is left, from 0 to 100, for its bar."""
        return self.lot.remaining * 100 // self.lot.earned

    @property
    def url(self) -> str:
        """Where the points come from; blank when that has no page."""
        origin: Any = self.lot.origin
        return str(origin.get_absolute_url()) if hasattr(origin, "get_absolute_url") else ""

    @property
    def is_soon(self) -> bool:
        return self.lot.remaining > 0 and self.days_left is not None and 0 <= self.days_left <= 90


@dataclass(frozen=True)
class Statement:
    """Lots of a customer, oldest first, with the totals of all; what can be spent today, and what that is worth."""

    lines: tuple[StatementLine, ...]
    lots: int
    earned: int
    spent: int
    left: int
    spendable: int
    worth: Decimal


@dataclass(frozen=True)
class Difference:
    """Two books that should say the same."""

    kind: str
    subject: str
    expected: str
    found: str
    about: tuple[str, int] | None = None


def lots_of(customer: Customer) -> list[PointLot]:
    """All lots of a customer's points, oldest first."""
    return list(
        PointLot.objects.filter(account__customer=customer)
        .select_related("account__program")
        .order_by("earned_on", "pk")
    )


def statement(
    customer: Customer,
    *,
    limit: int | None = None,
    today: date | None = None,
    lots: Sequence[PointLot] | None = None,
) -> Statement:
    """The customer's lots, oldest first; with a limit those that will be spent next, then the latest of the others.

    One query, and one for each kind of origin.
    """
    today = today or clock.today()
    lots = lots_of(customer) if lots is None else list(lots)
    shown = lots if limit is None else _next(lots, limit)
    prefetch_related_objects(shown, "origin")
    lines = tuple(
        StatementLine(
            lot=lot,
            days_left=(lot.expires_on - today).days if lot.expires_on else None,
            is_expired=_expired(lot, today),
        )
        for lot in shown
    )
    earned, left = sum(lot.earned for lot in lots), sum(lot.remaining for lot in lots)
    good = [lot for lot in lots if not _expired(lot, today)]
    worth = sum((lot.remaining * lot.account.program.redeem_value for lot in good), Decimal(0))
    return Statement(
        lines,
        lots=len(lots),
        earned=earned,
        spent=earned - left,
        left=left,
        spendable=sum(lot.remaining for lot in good),
        worth=money.round_money(worth),
    )


def _next(lots: Sequence[PointLot], limit: int) -> list[PointLot]:
    """Lots with points left go first; what room is left is for the latest that are spent."""
    left = sorted((lot for lot in lots if lot.remaining), key=lambda lot: (lot.expires_on or date.max, lot.pk))[:limit]
    spent = [lot for lot in lots if not lot.remaining]
    kept = {lot.pk for lot in (*left, *spent[max(0, len(spent) - (limit - len(left))) :])}
    return [lot for lot in lots if lot.pk in kept]


def _expired(lot: PointLot, today: date) -> bool:
    return lot.expires_on is not None and lot.expires_on < today


@dataclass(frozen=True)
class ProgramFigures:
    """What a program owes its members."""

    members: int
    points: int
    expiring: int


def program_figures(program: LoyaltyProgram, *, until: date, today: date | None = None) -> ProgramFigures:
    """Members, points they could spend today, and how many of those expire on or before `until`."""
    lots = PointLot.objects.filter(account__program=program).spendable(today or clock.today())
    return ProgramFigures(
        members=LoyaltyAccount.objects.filter(program=program).count(),
        points=lots.aggregate(points=Sum("remaining"))["points"] or 0,
        expiring=lots.filter(expires_on__lte=until).aggregate(points=Sum("remaining"))["points"] or 0,
    )


def differences() -> list[Difference]:
    """Where the points disagree: lots with moves, moves with their transactions, balances with the running sum."""
    return [*_lots(), *_transactions(), *_balances()]


def _lots() -> list[Difference]:
    moved = dict(PointMove.objects.values_list("lot_id").annotate(Sum("points")))
    return [
        Difference("point lot", f"lot {pk}", str(moved.get(pk, 0)), str(remaining), ("crm.Customer", customer))
        for pk, remaining, customer in PointLot.objects.values_list(
            "pk", "remaining", "account__customer_id"
        ).iterator()
        if moved.get(pk, 0) != remaining
    ]


def _transactions() -> list[Difference]:
    moved = dict(PointMove.objects.values_list("transaction_id").annotate(Sum("points")))
    return [
        Difference(
            "point transaction", f"transaction {pk}", str(moved.get(pk, 0)), str(points), ("crm.Customer", customer)
        )
        for pk, points, customer in PointTransaction.objects.values_list(
            "pk", "points", "account__customer_id"
        ).iterator()
        if moved.get(pk, 0) != points
    ]


def _balances() -> list[Difference]:
    found: list[Difference] = []
    running: defaultdict[int, int] = defaultdict(int)
    rows = PointTransaction.objects.order_by("pk").values_list("pk", "account_id", "points", "balance_after")
    for pk, account, points, balance in rows.iterator():
        running[account] += points
        if running[account] != balance:
            found.append(
                Difference("point balance", f"transaction {pk}", expected=str(running[account]), found=str(balance))
            )
            running[account] = balance
    return found


KINDS = [
    gettext_noop("point lot"),
    gettext_noop("point transaction"),
    gettext_noop("point balance"),
]
"""What may be found, named so that it can be said in every language."""
