"""Session (mutable) → Order (sealed) → Directive (durable side effect)."""

from .channel import Channel, ChannelLocation
from .order import Order, OrderLine, OrderLineLot
from .payment import Payment, PaymentTransaction
from .session import OrderSession, SessionLine

__all__ = [
    "Channel",
    "ChannelLocation",
    "Order",
    "OrderLine",
    "OrderLineLot",
    "OrderSession",
    "Payment",
    "PaymentTransaction",
    "SessionLine",
]
