"""Opening and closing places."""

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadMove, LocationInUse
from apps.inventory.models import Location, PutAway, ReorderRule
from apps.inventory.selectors import locations as places
from apps.inventory.services import alerts, refusals, stock_locks
from backoffice.kernel import state
from backoffice.kernel.compiled import Compiled

_OF_KIND = Compiled(lambda kind: Location.objects.filter(kind=kind))
_CLOSED = Compiled(lambda places: Location.objects.filter(pk__in=places, is_active=False))


def virtual(kind: str) -> Location:
    """The counter-account of that kind: "supplier", "customer", "consumed", "waste" or "adjustment"."""
    if kind not in Location.VIRTUAL:
        raise ValueError(f"{kind!r} is no virtual kind.")
    if there := _OF_KIND(str(kind)):
        return there[0]
    found, _created = Location.objects.get_or_create(
        kind=kind, defaults={"code": f"*{kind}", "name": str(Location.Kind(kind).label).capitalize()}
    )
    return found


@transaction.atomic
def create(*, code: str, name: str, kind: str = Location.Kind.STORAGE, parent: Location | None = None) -> Location:
    """Open a place. Raises BadMove when it would be virtual, or inside a virtual one."""
    _check(Location(code=code, name=name, kind=kind, parent=parent))
    return Location.objects.create(code=code, name=name, kind=kind, parent=parent)


@transaction.atomic
def update(
    location: Location, *, code: str, name: str, kind: str, parent: Location | None, revision: int | None = None
) -> Location:
    """Change a place. Raises BadMove for a circle, StaleRevision when someone else changed it."""
    before = Location.objects.select_related("parent").get(pk=location.pk)
    location.code, location.name, location.kind, location.parent = code, name, kind, parent
    _check(location)
    if (before.kind, before.parent_id) != (kind, location.parent_id):
        _look_again(before, location)
    return state.save_revised(location, revision=revision, fields=["code", "name", "kind", "parent"])


@transaction.atomic
def keep_at(product: Product, location: Location | None) -> PutAway | None:
    """From now on the product is brought to that place when it comes; None: to wherever the delivery goes.

    Raises BadMove for a place that is closed, that holds no stock, or whose stock is not for use.
    """
    stock_locks.lock_products([product.pk])
    row = PutAway.objects.filter(product=product).first()
    if location is None:
        if row is not None:
            row.delete()
        return None
    if not location.is_active or not location.is_physical or location.kind == Location.Kind.QUARANTINE:
        raise BadMove(
            _("%(place)s is closed, or not a place to keep things at. Choose another one.") % {"place": location},
            field="location",
        )
    if row is None:
        return PutAway.objects.create(product=product, location=location)
    if row.location_id != location.pk:
        row.location = location
        row.save(update_fields=["location", "updated_at"])
    return row


def closed_of(location_ids: Collection[int]) -> list[Location]:
    """Those of the places that are closed. The others stay open until the transaction ends: `close` waits for it.

    A lock that any number of arrivals share. Their rows alone would not do: PostgreSQL looks at foreign keys, and locks
    what they point to, only when the transaction commits.
    """
    if not location_ids:
        return []
    if connection.vendor == "postgresql":
        keys = sorted(location_ids)
        marks = ", ".join(["%s"] * len(keys))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT is_active FROM inventory_location WHERE id IN ({marks}) ORDER BY id FOR KEY SHARE",  # noqa: S608
                keys,
            )
            if all(is_active for (is_active,) in cursor.fetchall()):
                return []
    return _CLOSED(location_ids)


@transaction.atomic
def close(location: Location, *, revision: int | None = None) -> Location:
    """Close a place for good use. Its minimums rest until it is opened again.

    Raises LocationInUse while anything is in it, BadMove when it is closed already.
    """
    if not Location.objects.select_for_update().get(pk=location.pk).is_active:
        raise BadMove(
            _("%(place)s is closed%(since)s already.")
            % {"place": location, "since": refusals.since_when(location, is_active=False)}
        )
    if places.has_stock(location):
        raise refusals.still_there(location, places.scope([location]) or ())
    if inside := list(location.children.filter(is_active=True).order_by("name")[:5]):
        raise LocationInUse(
            _("%(place)s has open places inside: %(inside)s. Close them first.")
            % {"place": location, "inside": ", ".join(place.name for place in inside)}
        )
    location.is_active = False
    _look_again(location)
    return state.save_revised(location, revision=revision, fields=["is_active"])


@transaction.atomic
def reopen(location: Location, *, revision: int | None = None) -> Location:
    """Open a closed place again; its minimums count again."""
    location.is_active = True
    _look_again(location)
    return state.save_revised(location, revision=revision, fields=["is_active"])


def minimums_of(location: Location) -> QuerySet[ReorderRule]:
    """The least that should be there of what, by name."""
    return ReorderRule.objects.filter(location=location).select_related("product").order_by("product__name", "pk")


def _look_again(*around: Location) -> None:
    """What a place and those around it should have at least is looked at anew, once this is committed."""
    counting = {place.pk for one in around for place in places.path(one)}
    alerts.moved(ReorderRule.objects.filter(location__in=counting).values_list("product_id", flat=True))


def _check(location: Location) -> None:
    if location.kind in Location.VIRTUAL:
        raise BadMove(_("Counter-accounts are made by the program."), field="kind")
    if location.parent is None:
        return
    if not location.parent.is_physical:
        raise BadMove(_("A place cannot be inside a counter-account."), field="parent")
    around = places.path(location.parent)
    if location.pk and any(place.pk == location.pk for place in around):
        names = " → ".join(place.name for place in around)
        raise BadMove(_("A place cannot be inside itself: %(path)s.") % {"path": names}, field="parent")
