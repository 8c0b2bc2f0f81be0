"""What a customer's points could pay."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from apps.crm.models import Customer, LoyaltyProgram
from apps.crm.services import loyalty


@dataclass(frozen=True)
class Offer:
    """Points that can be spent today, and how many of them what is due would take."""

    program: LoyaltyProgram
    balance: int
    due: Decimal

    @property
    def most(self) -> int:
        return min(self.balance, self.program.points_to_pay(self.due))

    def worth(self, points: int) -> Decimal:
        """What so many points pay of what is due."""
        return min(self.program.worth(points), self.due)

    @property
    def value(self) -> Decimal:
        """What all the points are worth."""
        return self.program.worth(self.balance)


def offered(customer: Customer | None, due: Decimal) -> Offer | None:
    """The offer to pay with points; None when there is nobody, nothing due, or nothing that the points could buy."""
    if customer is None or due <= 0:
        return None
    program = LoyaltyProgram.objects.filter(is_active=True).first()
    if program is None:
        return None
    offer = Offer(program, loyalty.balance(customer), due)
    return offer if offer.most and program.worth(offer.most) > 0 else None
