"""What selling refuses, in sentences for the person at the till."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.kernel import money
from backoffice.kernel.errors import DomainError


class SessionClosed(DomainError):
    """The tab was ordered or given up already."""

    def __init__(self, session: object) -> None:
        super().__init__(_("%(tab)s is closed; open a new tab.") % {"tab": session})


class HandleTaken(DomainError):
    """Two open tabs of one channel cannot have the same name."""

    field = "handle"

    def __init__(self, handle: str) -> None:
        super().__init__(_("There is an open tab “%(handle)s” already.") % {"handle": handle})


class NothingToOrder(DomainError):
    """The tab is empty."""

    def __init__(self) -> None:
        super().__init__(_("There is nothing on this tab yet."))


class NotSellable(DomainError):
    """The product is retired, or not for sale."""

    field = "product"

    def __init__(self, product: object) -> None:
        super().__init__(_("%(product)s is not for sale.") % {"product": product})


class BadQuantity(DomainError):
    """A quantity below zero, or one that does not fit the product's unit."""

    field = "quantity"


class TotalChanged(DomainError):
    """The price is no longer the one that was shown."""

    def __init__(self, *, shown: Decimal, now: Decimal) -> None:
        self.shown, self.now = shown, now
        super().__init__(
            _("The total was %(shown)s and is %(now)s now. Nothing was ordered; look at it again.")
            % {"shown": money.format_money(shown), "now": money.format_money(now)}
        )


class Unsettled(DomainError):
    """An issue must be settled before the tab can be ordered."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(" ".join(texts))


class ReasonMissing(DomainError):
    """What is taken back needs a reason."""

    field = "reason"

    def __init__(self) -> None:
        super().__init__(_("Say why."))


class StillDue(DomainError):
    """The order is handed over only when it is paid."""

    def __init__(self, due: Decimal) -> None:
        super().__init__(_("%(due)s is still to be paid. Take the payment first.") % {"due": money.format_money(due)})


class WrongWay(DomainError):
    """A delivery is sent out, and what is picked up is handed over; not the other way round."""


class PaymentRefused(DomainError):
    """The amount does not fit the order, or the payment cannot be given back."""

    field = "amount"
