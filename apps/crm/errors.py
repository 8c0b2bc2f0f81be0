"""What can go wrong with customers and points, each as a sentence for the person at the screen."""

from __future__ import annotations

from django.utils.translation import gettext as _

from backoffice.kernel.errors import DomainError


class CustomerExists(DomainError):
    """Another customer already carries this document."""

    def __init__(self, *, code: str, name: str) -> None:
        super().__init__(
            _("%(name)s (%(code)s) already has this document.") % {"name": name, "code": code}, field="document"
        )


class NotEnoughPoints(DomainError):
    """More points were asked for than the customer can spend today."""

    def __init__(self, *, asked: int, available: int) -> None:
        self.asked = asked
        self.available = available
        super().__init__(
            _("%(asked)s points asked, %(available)s available.") % {"asked": asked, "available": available},
            field="points",
        )


class NoProgram(DomainError):
    """Points were asked for, but no loyalty program is active."""

    def __init__(self) -> None:
        super().__init__(_("There is no active loyalty program."))


class ReasonMissing(DomainError):
    """A correction by hand was tried without saying why."""

    def __init__(self) -> None:
        super().__init__(_("Say why the points are corrected."), field="reason")


class PointsInvalid(DomainError):
    """A number of points that makes no sense for what was asked."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="points")
