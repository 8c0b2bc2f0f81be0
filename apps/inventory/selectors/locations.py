"""Places, and what lies inside them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db.models import Func, QuerySet

from apps.inventory.models import Location, PutAway, StockBalance
from backoffice.kernel.compiled import Compiled

_PHYSICAL = Compiled(lambda: Location.objects.physical().order_by("code").values_list("pk", "parent_id"))


class Tree:
    """All physical places and what is inside them, read once."""

    def __init__(self) -> None:
        self.inside: dict[int, list[int]] = defaultdict(list)
        self.physical: set[int] = set()
        for pk, parent_id in _PHYSICAL():
            self.physical.add(pk)
            if parent_id:
                self.inside[parent_id].append(pk)

    def scope(self, locations: Iterable[Location | int] | None) -> tuple[int, ...] | None:
        """The keys of the given places and of all inside them, in the order given. None is everywhere."""
        if locations is None:
            return None
        found: dict[int, None] = {}
        queue = [location if isinstance(location, int) else location.pk for location in locations]
        while queue:
            pk = queue.pop(0)
            if pk in self.physical and pk not in found:
                found[pk] = None
                queue = [*self.inside[pk], *queue]
        return tuple(found)


def scope(locations: Iterable[Location | int] | None) -> tuple[int, ...] | None:
    """The keys of the given physical places and of all that lie inside them, in the order given. None is everywhere."""
    return None if locations is None else Tree().scope(locations)


class Inside(Func):
    """The keys of a place and of all that lie inside it, for `location__in`; the place may be one of an outer query."""

    template = (
        "(WITH RECURSIVE inside(id) AS (SELECT %(expressions)s UNION SELECT place.id FROM inventory_location place "
        "JOIN inside ON place.parent_id = inside.id) SELECT id FROM inside)"
    )


def choices() -> QuerySet[Location]:
    """Open places that hold stock, for forms and filters."""
    return Location.objects.physical().active().order_by("name")


def usual() -> Location | None:
    """Where deliveries go when nobody says otherwise: the first open store, else the first open place."""
    rows = choices()
    rows = rows.exclude(kind=Location.Kind.QUARANTINE)
    return rows.filter(kind=Location.Kind.STORAGE).order_by("pk").first() or rows.order_by("pk").first()


def kept_at(product_ids: Collection[int]) -> dict[int, Location]:
    """Where each of the products is kept, by its key; who has no open place of its own is absent. One query."""
    rows = PutAway.objects.filter(product_id__in=product_ids, location__is_active=True).select_related("location")
    return {row.product_id: row.location for row in rows if row.location.kind != Location.Kind.QUARANTINE}


def as_tree(rows: Iterable[Location]) -> list[tuple[Location, int]]:
    """The places, each after the one around it and by name beside each other, with how deep it lies."""
    places = {row.pk: row for row in rows}
    inside: dict[int | None, list[Location]] = defaultdict(list)
    for row in sorted(places.values(), key=lambda place: place.name.casefold()):
        inside[row.parent_id if row.parent_id in places else None].append(row)
    found: list[tuple[Location, int]] = []
    queue = [(row, 0) for row in reversed(inside[None])]
    while queue:
        row, depth = queue.pop()
        found.append((row, depth))
        queue += [(child, depth + 1) for child in reversed(inside[row.pk])]
    return found


def path(location: Location) -> Sequence[Location]:
    """The places around a place, outermost first, ending with itself."""
    found = [location]
    while found[0].parent is not None and found[0].parent not in found:
        found.insert(0, found[0].parent)
    return found


def has_stock(location: Location) -> bool:
    """Whether anything lies there or in a place inside it."""
    return StockBalance.objects.filter(location_id__in=scope([location]) or (), quantity__gt=0).exists()
