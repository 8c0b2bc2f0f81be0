"""What the catalogue refuses, in sentences for the person who asked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.kernel import clock
from backoffice.kernel.errors import DomainError, StaleRevision

SHOWN = 5


class InvalidProduct(DomainError):
    """A field of a product, pack, category or price list breaks a rule; `field` names it."""


class CategoryCycle(DomainError):
    """A category cannot lie inside itself; the message shows the path that would close."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(
            _("%(name)s cannot be put there: %(path)s would be a circle.")
            % {"name": path[0], "path": " → ".join(path)},
            field="parent",
        )


class BundleCycle(DomainError):
    """A bundle cannot hold itself, however deep; the message shows the path that would close."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(
            _("%(name)s cannot hold it: %(path)s would be a circle.") % {"name": path[0], "path": " → ".join(path)},
            field="component",
        )


class ChangedMeanwhile(StaleRevision):
    """Somebody else changed a row since the person looked; the message says what it is now."""

    def __init__(self, now: str) -> None:
        DomainError.__init__(self, _("Somebody changed it meanwhile; now it is: %s") % now)


class CategoryInUse(DomainError):
    """A category that still holds products or categories is not deleted."""

    def __init__(self, name: str, *, products: int, children: int) -> None:
        held = []
        if products:
            held.append(ngettext("%d product", "%d products", products) % products)
        if children:
            held.append(ngettext("%d category", "%d categories", children) % children)
        super().__init__(
            _("%(name)s still holds %(held)s. Move them first.") % {"name": name, "held": _(" and ").join(held)}
        )


class AxisInUse(DomainError):
    """What tells variants apart cannot be taken from them; the message names products that have such variants."""

    def __init__(self, *, attribute: str, products: Sequence[str]) -> None:
        shown = ", ".join(products[:SHOWN])
        if len(products) > SHOWN:
            shown = _("%(names)s and %(more)d more") % {"names": shown, "more": len(products) - SHOWN}
        super().__init__(
            _("%(attribute)s stays: it tells the variants of %(products)s apart.")
            % {"attribute": attribute, "products": shown}
        )


class MediaRefused(DomainError):
    """A picture or video is not taken in."""

    status = 422


class PriceRefused(DomainError):
    """The price, its start or its list breaks a rule."""


class TooManyPrices(PriceRefused):
    """More prices than one page shows and one transaction sets."""

    def __init__(self, most: int, *, field: str | None = None) -> None:
        super().__init__(_("More than %(most)s products; narrow the choice down.") % {"most": f"{most:,}"}, field=field)


class NoPriceChanges(PriceRefused):
    """A rule that leaves every price as it is."""

    def __init__(self) -> None:
        super().__init__(_("No price would change: they are so already, or have no price in that list."))


class PriceListCycle(InvalidProduct):
    """A list cannot follow itself, by however many others."""

    def __init__(self, path: Sequence[str]) -> None:
        super().__init__(
            _("%(name)s cannot follow that list: %(path)s would be a circle.")
            % {"name": path[0], "path": " → ".join(path)},
            field="base",
        )


class PriceChanged(StaleRevision):
    """Somebody else set this price since the person looked."""

    def __init__(self, *, name: str, shown: str, now: str) -> None:
        DomainError.__init__(
            self,
            _("The price of %(name)s was %(shown)s when you opened it and is %(now)s now.")
            % {"name": name, "shown": shown, "now": now},
            field="amount",
        )


class PricesMoved(DomainError):
    """Some of many prices are no longer what the preview showed; none was set."""

    def __init__(self, names: Sequence[str]) -> None:
        shown = ", ".join(names[:SHOWN])
        if len(names) > SHOWN:
            shown = _("%(names)s and %(more)d more") % {"names": shown, "more": len(names) - SHOWN}
        super().__init__(
            _("Prices changed since you looked, so nothing was set. Look again: %(names)s.") % {"names": shown}
        )


class EqualRank(InvalidProduct):
    """Two rules of one rank could both count: which one would be chance."""

    def __init__(self, name: str, *, other: str, rank: int) -> None:
        super().__init__(
            _("%(other)s has the rank %(rank)d too and may count at the same time. Give %(name)s another rank.")
            % {"other": other, "rank": rank, "name": name},
            field="priority",
        )


class CouponRefused(DomainError):
    """The code opens nothing now."""

    field = "coupon"


class PromotionUsedUp(DomainError):
    """Somebody else took the last use of a promotion or coupon at the same moment."""

    def __init__(self, name: str) -> None:
        super().__init__(_("%(name)s was used up at this moment. Look at the new total.") % {"name": name})


class NoPrice(DomainError):
    """A quote asks for products that have no price; `products` holds (id, name) pairs."""

    def __init__(self, products: Iterable[tuple[int, str]], *, price_list: str, at: datetime) -> None:
        self.products = tuple(products)
        names = ", ".join(name for _pk, name in self.products[:SHOWN])
        if len(self.products) > SHOWN:
            names = _("%(names)s and %(more)d more") % {"names": names, "more": len(self.products) - SHOWN}
        super().__init__(
            _("No price on %(day)s in the list %(list)s for: %(names)s.")
            % {"day": date_format(clock.local(at), "SHORT_DATE_FORMAT"), "list": price_list, "names": names}
        )


class NoPack(DomainError):
    """The quantity cannot be turned into the product's own unit."""

    def __init__(self, *, product: str, unit: str, asked: str) -> None:
        super().__init__(
            _("%(product)s is kept in %(unit)s, and how much of it one %(asked)s holds is not written down.")
            % {"product": product, "unit": unit, "asked": asked},
            field="unit",
        )
