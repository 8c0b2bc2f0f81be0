"""Where work orders take from and bring to, when nobody says."""

from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import Location
from apps.production.errors import NoPlace


def default_source() -> Location:
    """The first open storage place. Raises NoPlace."""
    return _first(Location.Kind.STORAGE)


def default_destination(product: Product) -> Location:
    """The first open place of sale for what is sold, the storage for what is worked on further. Raises NoPlace."""
    return _first(Location.Kind.SALE if product.is_sellable else Location.Kind.STORAGE)


def _first(kind: str) -> Location:
    found = (
        Location.objects.active().filter(kind=kind, parent=None).order_by("pk").first()
        or Location.objects.active().filter(kind=kind).order_by("pk").first()
        or Location.objects.active().physical().exclude(kind=Location.Kind.QUARANTINE).order_by("pk").first()
    )
    if found is None:
        raise NoPlace(_("There is no open place for stock yet. Make one first."))
    return found
