"""Paying with points: they are worth money, and are spent in the transaction that makes the order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _

from apps.crm.errors import NoProgram, PointsInvalid
from apps.crm.models import Customer, LoyaltyProgram
from apps.crm.services import loyalty
from apps.orders.errors import PaymentRefused
from apps.orders.models import Order, Payment
from apps.orders.services.payments import Tender


def tender(customer: Customer, *, points: int, due: Decimal) -> Tender:
    """So many of the customer's points for what is due; never worth more than that.

    Raises PointsInvalid for points that buy nothing or more than is needed, NoProgram when no program is active.
    Whether the customer has them is seen when they are taken.
    """
    program = _program()
    amount = min(program.worth(max(points, 0)), due)
    if amount <= 0:
        raise PointsInvalid(_("So few points buy nothing."))
    most = program.points_to_pay(due)
    if points > most:
        raise PointsInvalid(_("%(points)s points pay for all of it.") % {"points": most})
    return Tender(Payment.Method.POINTS, amount, points=points)


def take(order: Order, tenders: Sequence[Tender]) -> None:
    """Spend the points that pay for the order. Inside the transaction that makes the order; once an order.

    Raises NotEnoughPoints, and PaymentRefused for points that nobody has or that are worth less than is said.
    """
    spent = [one for one in tenders if one.method == Payment.Method.POINTS]
    if not spent:
        return
    if order.customer is None or len(spent) > 1:
        raise PaymentRefused(_("Points are a customer's; say first who buys."))
    if spent[0].amount > _program().worth(spent[0].points):
        raise PaymentRefused(_("The points are not worth as much."), field="points")
    loyalty.redeem(order.customer, points=spent[0].points, key=f"redeem-order-{order.pk}", origin=order)


def give_back(order: Order, *, reason: str) -> None:
    """Undo what the order did to points, in the transaction that calls it off. Twice is once."""
    if order.customer_id is not None:
        loyalty.reverse(order, reason=reason)


def paid_with(order: Order) -> Decimal:
    """How much of the order was paid with points."""
    found = order.payments.filter(method=Payment.Method.POINTS, status=Payment.Status.CAPTURED)
    return found.aggregate(total=Sum("amount"))["total"] or Decimal(0)


def _program() -> LoyaltyProgram:
    program = LoyaltyProgram.objects.filter(is_active=True).first()
    if program is None:
        raise NoProgram
    return program
