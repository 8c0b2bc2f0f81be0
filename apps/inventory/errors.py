"""What the stock room refuses, in sentences for the person who asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError, NotAllowed, Remedy, StaleRevision
from backoffice.kernel.quantity import format_quantity


@dataclass(frozen=True)
class Shortage:
    """One product that is short: what, where, how much is there, who has it, how much was asked."""

    product_id: int
    sku: str
    unit: str
    place: str
    on_hand: Decimal
    held: Decimal
    holders: int
    asked: Decimal
    unusable: Decimal = Decimal(0)
    lot: str = ""
    who: str = ""

    @property
    def available(self) -> Decimal:
        return max(self.on_hand - self.unusable - self.held, Decimal(0))

    def sentence(self) -> str:
        """For example: CROISSANT at Shop: 10 on hand, 8 held (2 holds), 2 available; 5 asked."""
        subject = _("%(sku)s, lot %(lot)s,") % {"sku": self.sku, "lot": self.lot} if self.lot else self.sku
        parts = [_("%(quantity)s on hand") % {"quantity": format_quantity(self.on_hand)}]
        if self.unusable:
            parts.append(_("%(quantity)s expired or blocked") % {"quantity": format_quantity(self.unusable)})
        if self.held:
            parts.append(
                ngettext("%(quantity)s held (%(count)s hold)", "%(quantity)s held (%(count)s holds)", self.holders)
                % {"quantity": format_quantity(self.held), "count": self.holders}
            )
        parts.append(_("%(quantity)s available") % {"quantity": format_quantity(self.available)})
        return _("%(subject)s at %(place)s: %(numbers)s; %(asked)s asked.") % {
            "subject": subject,
            "place": self.place,
            "numbers": ", ".join(parts),
            "asked": format_quantity(self.asked, self.unit),
        }

    def remedies(self, *, named: bool = False) -> list[Remedy]:
        """What to do about it; `named` says of which product, where several are short."""
        found = self._remedies()
        if not named:
            return found
        return [
            replace(one, text=f"{self.sku}: {one.text}", plain=one.plain and f"{self.sku}: {one.plain}")
            for one in found
        ]

    def _remedies(self) -> list[Remedy]:
        found = []
        if self.available > 0:
            found.append(Remedy(_("Take %(quantity)s") % {"quantity": format_quantity(self.available, self.unit)}))
        try:
            card = reverse("inventory:product_card", args=[self.product_id])
        except NoReverseMatch:  # the stock room's screens are not mounted: a shell, a job
            return found
        if self.held and self.who:
            who = {"who": self.who}
            return [*found, Remedy(_("Held by %(who)s: see") % who, url=card, plain=_("Held by %(who)s") % who)]
        return [*found, Remedy(_("See who holds it") if self.held else _("See the stock"), url=card)]


class InsufficientStock(DomainError):
    """More was asked than is available. `shortages` has the figures, product by product."""

    field = "quantity"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = tuple(shortages)
        super().__init__(
            " ".join(shortage.sentence() for shortage in self.shortages),
            remedies=[one for shortage in self.shortages for one in shortage.remedies(named=len(self.product_ids) > 1)],
        )

    @property
    def product_ids(self) -> set[int]:
        return {shortage.product_id for shortage in self.shortages}


class StockHeld(InsufficientStock):
    """The stock is there, but others hold it. It may be taken all the same when it is really gone: `stock.waste`."""

    def __init__(self, shortage: Shortage, *, who: str, field: str) -> None:
        super().__init__([shortage])
        self.field = field
        self.message = self.beside = self.message + " " + _("Held by %(who)s.") % {"who": who}


class BadQuantity(DomainError):
    """A quantity that cannot be posted: not above zero, or zero once rounded to the unit's step."""

    field = "quantity"


class BookMoved(DomainError):
    """The book says something else than it said when the figure was typed. `book` is what it says now."""

    field = "counted"

    def __init__(self, message: str, *, book: Decimal) -> None:
        super().__init__(message)
        self.book = book


class BadMove(DomainError):
    """A move that makes no sense: nowhere to nowhere, a lot of another product, a closed place."""


class PlaceClosed(BadMove):
    """Stock would come to a place that is closed."""


class KeptElsewhere(StaleRevision):
    """Somebody said where the product is kept since the form was opened; `place` is "" for nowhere of its own."""

    field = "location"

    def __init__(self, product: str, *, place: str) -> None:
        text = (
            _("%(product)s is kept at %(place)s since the form was opened. Save again, if it is to be as below.")
            if place
            else _(
                "%(product)s has no place of its own since the form was opened. Save again, if it is to be as below."
            )
        )
        DomainError.__init__(self, text % {"product": product, "place": place})


class NotStocked(DomainError):
    """The product is made on demand; there is no stock of it."""

    field = "product"

    def __init__(self, sku: str) -> None:
        super().__init__(_("%(sku)s is made on demand and has no stock.") % {"sku": sku})


class ReasonMissing(DomainError):
    """A correction or a loss needs a reason."""

    field = "reason"

    def __init__(self) -> None:
        super().__init__(_("Say why."))


class ExpiryMissing(DomainError):
    """A perishable product came without its expiry."""

    field = "expires_on"

    def __init__(self, product: str, *, days: int, suggested: date) -> None:
        self.suggested = suggested
        super().__init__(
            _("Expiry is needed for %(product)s. Suggested %(date)s, %(days)s days.")
            % {"product": product, "date": date_format(suggested, "SHORT_DATE_FORMAT"), "days": days}
        )


class LotMismatch(DomainError):
    """The lot is there already and says something else."""

    field = "lot_code"


class LotRegraded(StaleRevision):
    """Somebody said of which grade the lot is, or how much less it is worth, since the form was opened."""

    def __init__(self, lot: Any) -> None:
        DomainError.__init__(
            self,
            _(
                "Lot %(lot)s of %(product)s is of %(grade)s grade and marked down by %(percent)s %% since the form was "
                "opened. Save again, if it is to be as below."
            )
            % {
                "lot": lot.label,
                "product": lot.product.name,
                "grade": lot.get_grade_display(),
                "percent": lot.markdown_percent,
            },
        )


class LotNotUsable(DomainError):
    """The lot is expired or blocked."""

    field = "lot"


class LotStateKept(DomainError):
    """The lot is blocked, in quarantine or in use already: somebody did it before."""


class HoldResolved(DomainError):
    """The hold was fulfilled, released or expired before: a hold resolves once."""


class AlreadyReversed(DomainError):
    """The operation cannot be reversed, or was reversed before."""


class LocationInUse(DomainError):
    """The place still has stock, and cannot be closed."""


class NothingToCount(DomainError):
    """The book has nothing of what was to be counted."""

    field = "location"

    def __init__(self) -> None:
        super().__init__(_("The book has no stock there. Choose another place, category or list."))


class NotCounting(DomainError):
    """The count is over: nothing is written down any more."""

    def __init__(self, number: str, status: str, *, since: str = "", opens: bool = True) -> None:
        text = (
            _("%(number)s is %(status)s%(since)s; nothing more is counted in it. Start a new count, or open it again.")
            if opens
            else _("%(number)s is %(status)s%(since)s; nothing more is counted in it. Start a new count.")
        )
        super().__init__(text % {"number": number, "status": status, "since": since})

    @classmethod
    def of(cls, count: Any, *, since: str = "") -> "NotCounting":
        """For this count: one for approval is opened again, one that is posted or given up is not."""
        opens = count.Status.OPEN in count.TRANSITIONS.get(count.status, ())
        return cls(count.number, str(count.get_status_display()), since=since, opens=opens)


class CountPosted(NotAllowed):
    """The count was posted before: its differences are in the book once."""

    def __init__(self, count: Any, *, since: str) -> None:
        super().__init__(count, current=str(count.get_status_display()), wanted="")
        self.message = self.beside = _(
            "%(number)s is posted%(since)s: its differences are in the book. Start a new count to change them."
        ) % {"number": count.number, "since": since}


class BadMoment(DomainError):
    """What was counted was counted before the count began, or will be."""

    field = "at"

    def __init__(self, began: datetime) -> None:
        super().__init__(
            _("The count began %(when)s; what was counted was counted since.")
            % {"when": date_format(clock.local(began), "SHORT_DATETIME_FORMAT")}
        )


class CountedMeanwhile(DomainError):
    """Somebody wrote down a figure for the line since it was shown. `counted` has theirs, `given` is ours."""

    field = "quantity"

    def __init__(self, line: Any, *, given: Decimal | None) -> None:
        self.counted, self.given = line, given
        unit, who = line.product.unit.code, line.counted_by.name if line.counted_by else _("somebody")
        if line.counted is None:
            text = _("%(product)s, %(place)s: the figure was taken back in the meantime.") % {
                "product": line.product.name,
                "place": line.location.name,
            }
        else:
            text = _("%(product)s, %(place)s: %(who)s wrote down %(theirs)s in the meantime. Nothing was replaced.") % {
                "product": line.product.name,
                "place": line.location.name,
                "who": who,
                "theirs": format_quantity(line.counted, unit),
            }
        super().__init__(text)


class ApprovalNeeded(DomainError):
    """The differences of a count are worth more than may be posted without approval."""

    def __init__(self, total: str, tolerance: str, *, who: Sequence[str]) -> None:
        super().__init__(f"{self.says(total, tolerance, who=who)} {_('Send it for approval.')}")

    @staticmethod
    def says(total: str, tolerance: str, *, who: Sequence[str]) -> str:
        """What the differences are worth, what may be posted by everybody, and whose turn it is above that."""
        if not who:
            return _(
                "The differences add up to %(total)s; above %(tolerance)s somebody has to approve, and nobody may yet. "
                "The right is given under People."
            ) % {"total": total, "tolerance": tolerance}
        return _(
            "The differences add up to %(total)s; above %(tolerance)s it is posted by who may approve: %(who)s."
        ) % {
            "total": total,
            "tolerance": tolerance,
            "who": ", ".join(who),
        }


class CountChanged(DomainError):
    """Somebody wrote down a figure since whoever posts looked at them."""

    def __init__(self, number: str) -> None:
        super().__init__(
            _("Somebody wrote down another figure in %(number)s meanwhile. Look at what it says now, then post it.")
            % {"number": number}
        )


class CountOvertaken(DomainError):
    """Less is left than a counted difference would take away."""


class BadPurchase(DomainError):
    """A purchase order that cannot be made, sent or received so."""


class BadCorrection(DomainError):
    """A cost that cannot be corrected so."""


class BadPeriod(DomainError):
    """A day that the book cannot be closed or opened at."""


class ClosedPeriod(DomainError):
    """Something would be posted on a day that is closed."""

    field = "occurred_at"

    def __init__(self, day: date, through: date, *, who: str = "", what: str = "") -> None:
        closed = date_format(through, "SHORT_DATE_FORMAT")
        by = _("closed through %(day)s by %(who)s") % {"day": closed, "who": who} if who else ""
        text = _("Nothing is posted on %(day)s any more: the book is %(closed)s. Post it today, and say why.") % {
            "day": date_format(day, "SHORT_DATE_FORMAT"),
            "closed": by or _("closed through %(day)s") % {"day": closed},
        }
        super().__init__(f"{what} {text}" if what else text)


class BadPattern(DomainError):
    """A pattern of lot codes that names what there is not, or cannot tell two lots of a day apart."""

    field = "lot_pattern"


class AlertSettled(DomainError):
    """The alert is over, or somebody acknowledged it before."""
