"""Points: earned, spent, corrected, reversed, expired. Every verb locks the account first, so that points never
go below zero and one cause earns once."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.crm.errors import NoProgram, NotEnoughPoints, PointsInvalid, ReasonMissing
from apps.crm.models import Customer, LoyaltyAccount, LoyaltyProgram, PointLot, PointMove, PointTransaction
from apps.crm.models.origin import origin_fields
from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.locks import lock

Kind = PointTransaction.Kind


@transaction.atomic
def earn(customer: Customer, *, amount: Decimal, origin: models.Model, key: str) -> PointTransaction | None:
    """Give points for a net amount paid, once per key and once per origin; None when there is nothing to give.

    Without an active program nothing is earned and nothing is raised: a sale must not fail for it.
    """
    program = LoyaltyProgram.objects.filter(is_active=True).first()
    if program is None:
        return None
    account = _locked_account(customer, program)
    if done := _done(key) or _earned(account, origin):
        return done
    points = program.points_for(amount)
    if points == 0:
        return None
    return _give(account, Kind.EARN, points, origin=origin, key=key)


@transaction.atomic
def redeem(
    customer: Customer, *, points: int, key: str, origin: models.Model | None = None, reason: str = ""
) -> PointTransaction:
    """Spend points, those that expire first being taken first; the same key spends once.

    Raises NotEnoughPoints rather than going below zero, NoProgram when no program is active.
    """
    if points <= 0:
        raise PointsInvalid(_("Say how many points to spend."))
    account = _locked_account(customer, _program())
    if done := _done(key):
        return done
    _expire(account, clock.today())
    return _take(account, Kind.REDEEM, points, origin=origin, key=key, reason=reason)


@transaction.atomic
def adjust(customer: Customer, *, points: int, reason: str, key: str = "") -> PointTransaction:
    """Correct the balance by hand, up or down. Raises ReasonMissing without a reason, NotEnoughPoints below zero."""
    if not reason.strip():
        raise ReasonMissing
    if points == 0:
        raise PointsInvalid(_("A correction of zero points changes nothing."))
    account = _locked_account(customer, _program())
    if key and (done := _done(key)):
        return done
    _expire(account, clock.today())
    if points > 0:
        return _give(account, Kind.ADJUST, points, key=key, reason=reason)
    return _take(account, Kind.ADJUST, -points, key=key, reason=reason)


@transaction.atomic
def reverse(origin: models.Model, *, reason: str = "") -> list[PointTransaction]:
    """Undo everything `origin` did to points: what it spent goes back to the same lots with their old expiry,
    what it earned is taken again – as far as it is still there, since a balance never goes below zero.

    Doing it twice changes nothing.
    """
    done: list[PointTransaction] = []
    found = PointTransaction.objects.filter(**origin_fields(origin), kind__in=(Kind.EARN, Kind.REDEEM))
    for account_id in sorted(set(found.values_list("account_id", flat=True))):
        account = lock(LoyaltyAccount(pk=account_id))
        # Redemptions first: the points they give back may be needed to take the earned ones away.
        for entry in list(found.filter(account=account, reversals=None).order_by("-kind", "pk")):
            undone = _undo(account, entry, origin, reason)
            if undone is not None:
                done.append(undone)
    return done


def expire_due(today: date | None = None) -> int:
    """Write off the points of every lot whose last day is over, one transaction an account. Returns how many points.

    Running it again, or at the same time, expires nothing twice.
    """
    today = today or clock.today()
    accounts = PointLot.objects.overdue(today).order_by("account_id").values_list("account_id", flat=True).distinct()
    total = 0
    for account_id in list(accounts):
        with transaction.atomic():
            total += _expire(lock(LoyaltyAccount(pk=account_id)), today)
    return total


def balance(customer: Customer, today: date | None = None) -> int:
    """Points the customer can spend today: the sum of the lots that have not expired."""
    lots = PointLot.objects.filter(account__customer=customer).spendable(today or clock.today())
    return lots.aggregate(points=Sum("remaining"))["points"] or 0


def _program() -> LoyaltyProgram:
    program = LoyaltyProgram.objects.filter(is_active=True).first()
    if program is None:
        raise NoProgram
    return program


def _locked_account(customer: Customer, program: LoyaltyProgram) -> LoyaltyAccount:
    account, _created = LoyaltyAccount.objects.get_or_create(customer=customer, program=program)
    return lock(account)


def _done(key: str) -> PointTransaction | None:
    return PointTransaction.objects.filter(key=key).first() if key else None


def _earned(account: LoyaltyAccount, origin: models.Model) -> PointTransaction | None:
    return PointTransaction.objects.filter(account=account, kind=Kind.EARN, **origin_fields(origin)).first()


def _book(account: LoyaltyAccount) -> int:
    """All points in the books, expired or not: what `balance_after` goes on from."""
    return account.lots.aggregate(points=Sum("remaining"))["points"] or 0


def _write(
    account: LoyaltyAccount, kind: str, changes: Iterable[tuple[PointLot, int]], *, before: int, **fields: Any
) -> PointTransaction:
    """One line of the ledger and what it did to each lot. `changes` are already applied to the lots."""
    changes = list(changes)
    points = sum(change for _lot, change in changes)
    entry = PointTransaction.objects.create(
        account=account,
        kind=kind,
        points=points,
        balance_after=before + points,
        at=clock.now(),
        by=current_actor().user,
        **fields,
    )
    PointMove.objects.bulk_create(
        PointMove(transaction=entry, lot=lot, points=change) for lot, change in changes if change
    )
    return entry


def _give(
    account: LoyaltyAccount,
    kind: str,
    points: int,
    *,
    origin: models.Model | None = None,
    key: str = "",
    reason: str = "",
) -> PointTransaction:
    before = _book(account)
    today = clock.today()
    months = account.program.expiry_months
    lot = PointLot.objects.create(
        account=account,
        earned=points,
        remaining=points,
        earned_on=today,
        expires_on=add_months(today, months) if months else None,
        **origin_fields(origin),
    )
    return _write(account, kind, [(lot, points)], before=before, key=key, reason=reason, **origin_fields(origin))


def _take(
    account: LoyaltyAccount,
    kind: str,
    points: int,
    *,
    origin: models.Model | None = None,
    key: str = "",
    reason: str = "",
) -> PointTransaction:
    lots = list(account.lots.spendable(clock.today()).by_expiry())
    available = sum(lot.remaining for lot in lots)
    if available < points:
        raise NotEnoughPoints(asked=points, available=available)
    before = _book(account)
    changes = _draw(lots, points)
    return _write(account, kind, changes, before=before, key=key, reason=reason, **origin_fields(origin))


def _draw(lots: Iterable[PointLot], points: int) -> list[tuple[PointLot, int]]:
    """Take up to `points` from the lots in their order, and save them."""
    changes: list[tuple[PointLot, int]] = []
    for lot in lots:
        taken = min(lot.remaining, points)
        if taken == 0:
            continue
        lot.remaining -= taken
        lot.save(update_fields=["remaining"])
        changes.append((lot, -taken))
        points -= taken
    return changes


def _undo(
    account: LoyaltyAccount, entry: PointTransaction, origin: models.Model, reason: str
) -> PointTransaction | None:
    before = _book(account)
    fields = {"reverses": entry, **origin_fields(origin)}
    moves = list(entry.moves.select_related("lot").order_by("pk"))
    if entry.kind == Kind.REDEEM:
        changes: list[tuple[PointLot, int]] = []
        for move in moves:
            move.lot.remaining -= move.points
            move.lot.save(update_fields=["remaining"])
            changes.append((move.lot, -move.points))
        return _write(account, Kind.REVERSE, changes, before=before, reason=reason, **fields)
    own = [move.lot for move in moves]
    others = account.lots.filter(remaining__gt=0).exclude(pk__in=[lot.pk for lot in own]).by_expiry()
    changes = _draw([*own, *others], entry.points)
    missing = entry.points + sum(change for _lot, change in changes)
    if missing:
        lost = _("%(points)s points were spent already.") % {"points": missing}
        reason = f"{reason} {lost}".strip()
    return _write(account, Kind.REVERSE, changes, before=before, reason=reason, **fields)


def _expire(account: LoyaltyAccount, today: date) -> int:
    lots = list(account.lots.overdue(today).by_expiry())
    if not lots:
        return 0
    before = _book(account)
    entry = _write(account, Kind.EXPIRE, _draw(lots, sum(lot.remaining for lot in lots)), before=before)
    return -entry.points


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last day of that month when it is shorter."""
    year, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + year, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
