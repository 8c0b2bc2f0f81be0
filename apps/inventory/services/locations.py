"""Opening and closing places."""

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadMove, KeptElsewhere, LocationInUse
from apps.inventory.models import Hold, Location, PutAway, ReorderRule, StockBalance
from apps.inventory.selectors import locations as places
from apps.inventory.selectors import place_uses
from apps.inventory.services import alerts, allocation, refusals, stock_locks
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
    """Open a place. Raises BadMove when it would be virtual, or inside a virtual or a closed one."""
    _check(Location(code=code, name=name, kind=kind, parent=parent), moved=parent is not None)
    return Location.objects.create(code=code, name=name, kind=kind, parent=parent)


@transaction.atomic
def update(
    location: Location, *, code: str, name: str, kind: str, parent: Location | None, revision: int | None = None
) -> Location:
    """Change a place. Raises BadMove for a circle and a closed place around it, StaleRevision when it was changed.

    What lies in a place of quarantine is not for use: holds on it move to other stock, or wait. What may be used again,
    or by others, serves who waits.
    """
    before = Location.objects.select_related("parent").get(pk=location.pk)
    moved = before.parent_id != (parent.pk if parent else None)
    barred = (before.kind == Location.Kind.QUARANTINE) != (kind == Location.Kind.QUARANTINE)
    touched = stock_locks.lock_products(_in_reach(before, barred=barred)) if moved or barred else {}
    if moved:  # two people do not put places into each other
        list(Location.objects.physical().order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
    location.code, location.name, location.kind, location.parent = code, name, kind, parent
    _check(location, moved=moved)
    if moved or before.kind != kind:
        _look_again(before, location)
    state.save_revised(location, revision=revision, fields=["code", "name", "kind", "parent"])
    if barred and kind == Location.Kind.QUARANTINE:
        allocation.leave(location)
    elif touched:
        allocation.serve(touched)
    return location


def _in_reach(location: Location, *, barred: bool) -> QuerySet[StockBalance, int]:
    """The products whose stock may back other holds once the place is of another kind, or elsewhere."""
    if barred:
        return StockBalance.objects.filter(location=location).values_list("product_id", flat=True).distinct()
    wanted = Hold.objects.filter(status=Hold.Status.ACTIVE).values("product_id")
    there = StockBalance.objects.filter(location_id__in=places.scope([location]) or (), product_id__in=wanted)
    return there.values_list("product_id", flat=True).distinct()


@transaction.atomic
def keep_at(product: Product, location: Location | None, *, seen: int | None = None) -> PutAway | None:
    """From now on the product is brought to that place when it comes; None: to wherever the delivery goes.

    Raises BadMove for a place that is closed, that holds no stock, or whose stock is not for use; KeptElsewhere when it
    is not at the place with the key `seen` (0: none) any more, and was not brought where it shall be.
    """
    stock_locks.lock_products([product.pk])
    row = PutAway.objects.filter(product=product).select_related("location").first()
    now = row.location_id if row is not None else 0
    if seen is not None and now not in (seen, location.pk if location else 0):
        raise KeptElsewhere(product.name, place=row.location.name if row is not None else "")
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

    Raises LocationInUse while anything is in it or somebody needs it, BadMove when it is closed already, StaleRevision
    when it was changed, or opened again, since it was looked at.
    """
    fresh = Location.objects.select_for_update().get(pk=location.pk)
    if not fresh.is_active:
        raise BadMove(
            _("%(place)s is closed%(since)s already.")
            % {"place": location, "since": refusals.since_when(location, is_active=False)}
        )
    state.check_revision(fresh, revision)
    if places.has_stock(location):
        raise refusals.still_there(location, places.scope([location]) or ())
    if inside := list(location.children.filter(is_active=True).order_by("name")[:5]):
        raise LocationInUse(
            _("%(place)s has open places inside: %(inside)s. Close them first.")
            % {"place": location, "inside": ", ".join(place.name for place in inside)}
        )
    if needed := next((use.text for use in place_uses.of(location) if use.is_needed), ""):
        raise LocationInUse(needed)
    location.is_active = False
    _look_again(location)
    return state.save_revised(location, revision=revision, fields=["is_active"])


@transaction.atomic
def reopen(location: Location, *, revision: int | None = None) -> Location:
    """Open a closed place again; its minimums count again.

    Raises BadMove when it is open already or lies in a closed place, StaleRevision when it was changed since.
    """
    fresh = Location.objects.select_for_update().get(pk=location.pk)
    if fresh.is_active:
        raise BadMove(
            _("%(place)s is open%(since)s already.")
            % {"place": location, "since": refusals.since_when(location, is_active=True)}
        )
    state.check_revision(fresh, revision)
    if fresh.parent_id and (around := closed_of([fresh.parent_id])):
        raise BadMove(
            _("%(place)s lies in %(around)s, which is closed. Open that one first, or put %(place)s elsewhere.")
            % {"place": location, "around": around[0]}
        )
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


def _check(location: Location, *, moved: bool) -> None:
    if location.kind in Location.VIRTUAL:
        raise BadMove(_("Counter-accounts are made by the program."), field="kind")
    if location.parent is None:
        return
    if not location.parent.is_physical:
        raise BadMove(_("A place cannot be inside a counter-account."), field="parent")
    if moved and closed_of([location.parent.pk]):
        text = _("%(place)s is closed. Choose another place, or open it again.")
        raise BadMove(text % {"place": location.parent}, field="parent")
    around = places.path(Location.objects.get(pk=location.parent.pk))
    if location.pk and any(place.pk == location.pk for place in around):
        names = " → ".join(place.name for place in around)
        raise BadMove(_("A place cannot be inside itself: %(path)s.") % {"path": names}, field="parent")
