"""Customers, their time line, their points and what they bought."""

from .customer import Address, Customer
from .interaction import Interaction
from .loyalty import LoyaltyAccount, LoyaltyProgram, PointLot, PointMove, PointTransaction
from .purchase import Purchase, PurchaseItem

__all__ = [
    "Address",
    "Customer",
    "Interaction",
    "LoyaltyAccount",
    "LoyaltyProgram",
    "PointLot",
    "PointMove",
    "PointTransaction",
    "Purchase",
    "PurchaseItem",
]
