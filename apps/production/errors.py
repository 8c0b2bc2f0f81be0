"""What the bakery refuses, in sentences for the person who asked."""

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from backoffice.kernel.errors import DomainError, Remedy
from backoffice.kernel.quantity import format_quantity


class RecipeCycle(DomainError):
    """A recipe would contain itself. The path says how."""

    field = "lines"

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        super().__init__(_("A recipe cannot contain itself: %(path)s.") % {"path": " → ".join(path)})


class RecipeFrozen(DomainError):
    """Work orders were made from this version: it does not change any more."""

    def __init__(self, recipe: object, *, remedies: Sequence[Remedy] = ()) -> None:
        super().__init__(
            _("%(recipe)s was used by work orders and does not change any more. Make a new version.")
            % {"recipe": recipe},
            remedies=remedies,
        )


class RecipeIncomplete(DomainError):
    """A recipe lacks something, or says something impossible."""


class NoRecipe(DomainError):
    """The product has no recipe in use."""

    field = "product"

    def __init__(self, product: object) -> None:
        super().__init__(_("%(product)s has no recipe in use.") % {"product": product})


class NoPlace(DomainError):
    """There is no open place to take from or to bring to."""

    field = "source"


class BadPlan(DomainError):
    """A plan or an order that cannot be made as asked."""

    field = "quantity"


class ReasonMissing(DomainError):
    """Waste and aborted work need a reason."""

    field = "reason"

    def __init__(self) -> None:
        super().__init__(_("Say why."))


class QuantityDiffers(DomainError):
    """What was reported is far from what was planned: a second look, then confirm."""

    field = "confirmed"

    def __init__(self, *, reported: Decimal, planned: Decimal, unit: str) -> None:
        self.reported, self.planned = reported, planned
        super().__init__(
            _("%(reported)s reported, %(planned)s planned. Confirm that this is right.")
            % {"reported": format_quantity(reported, unit), "planned": format_quantity(planned, unit)}
        )


class NothingReported(DomainError):
    """A report without quantities."""

    field = "quantity"

    def __init__(self) -> None:
        super().__init__(_("Report what came out."))
