"""Where work orders take from and bring to, when nobody says."""

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import Location
from apps.inventory.selectors import locations
from apps.production.errors import NoPlace
from apps.production.models import Recipe, RecipeStep
from backoffice.kernel.compiled import Compiled

_CENTERS = Compiled(
    lambda recipe: (
        RecipeStep.objects.filter(recipe_id=recipe)
        .order_by("position", "pk")
        .values_list("work_center__takes_from_id", "work_center__puts_to_id")
    )
)


def default_source(recipe: Recipe | None = None) -> Location:
    """Where the work centre of the recipe's first step takes from, else the first open storage. Raises NoPlace."""
    steps = _CENTERS(recipe.pk) if recipe is not None else []
    return (_open(steps[0][0]) if steps else None) or _first(Location.Kind.STORAGE)


def default_destination(product: Product, recipe: Recipe | None = None) -> Location:
    """Where the product is kept, or where the work centre of the recipe's last step puts to; else the first open place
    of sale for what is sold, the storage for what is worked on further. Raises NoPlace."""
    if own := locations.kept_at([product.pk]).get(product.pk):
        return own
    steps = _CENTERS(recipe.pk) if recipe is not None else []
    there = _open(steps[-1][1]) if steps else None
    return there or _first(Location.Kind.SALE if product.is_sellable else Location.Kind.STORAGE)


def _open(pk: int | None) -> Location | None:
    return Location.objects.active().filter(pk=pk).first() if pk else None


def _first(kind: str) -> Location:
    found = (
        Location.objects.active().filter(kind=kind, parent=None).order_by("pk").first()
        or Location.objects.active().filter(kind=kind).order_by("pk").first()
        or Location.objects.active().physical().exclude(kind=Location.Kind.QUARANTINE).order_by("pk").first()
    )
    if found is None:
        raise NoPlace(_("There is no open place for stock yet. Make one first."))
    return found
