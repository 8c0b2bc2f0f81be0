"""The figures of a refusal."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import Shortage
from apps.inventory.models import Hold, HoldAllocation, Location, Lot
from apps.inventory.selectors.cells import ZERO, Cell

NAMED = 2


def shortage(
    product: Product,
    cells: Iterable[Cell],
    *,
    asked: Decimal,
    on: date,
    now: datetime,
    scope: Collection[int] | None,
    lot: Lot | None = None,
    exclude: Model | None = None,
    any_state: bool = False,
) -> Shortage:
    """What there is of a product in the places of `scope`, for the sentence that refuses `asked`.

    `any_state` counts expired and blocked stock as there to be taken: waste and transfers may take it.
    """
    here = [
        cell
        for cell in cells
        if (scope is None or cell.location_id in scope) and (lot is None or cell.lot_id == lot.pk)
    ]
    usable = here if any_state else [cell for cell in here if cell.usable(on)]
    on_hand = sum((cell.on_hand for cell in here), ZERO)
    holders, who = _holders(usable, now=now, exclude=exclude)
    return Shortage(
        product_id=product.pk,
        sku=product.sku,
        unit=product.unit.code,
        place=place_names(scope),
        on_hand=on_hand,
        unusable=on_hand - sum((cell.on_hand for cell in usable), ZERO),
        held=sum((cell.held for cell in usable), ZERO),
        holders=holders,
        asked=asked,
        lot=lot.code if lot is not None and not lot.is_silent else "",
        who=who,
    )


def place_names(scope: Collection[int] | None) -> str:
    if scope is None:
        return _("all places")
    names = list(Location.objects.filter(pk__in=scope).order_by("name").values_list("name", flat=True)[:4])
    if not names:
        return _("no open place")
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")


def _holders(cells: Collection[Cell], *, now: datetime, exclude: Model | None) -> tuple[int, str]:
    """How many hold some of it, and the names of the first."""
    places = {(cell.lot_id, cell.location_id) for cell in cells if cell.held > 0}
    rows = HoldAllocation.objects.filter(
        Hold.counting_condition(now, prefix="hold__"), lot_id__in={lot_id for lot_id, _place in places}
    )
    if exclude is not None:
        kind = ContentType.objects.get_for_model(exclude)
        rows = rows.exclude(hold__origin_type=kind, hold__origin_id=exclude.pk)
    found = {
        hold_id
        for hold_id, lot_id, location_id in rows.values_list("hold_id", "lot_id", "location_id")
        if (lot_id, location_id) in places
    }
    first = Hold.objects.filter(pk__in=sorted(found)[:NAMED]).order_by("pk").prefetch_related("origin")
    names = [str(hold.origin or hold) for hold in first] if found else []
    return len(found), ", ".join(names) + (" …" if len(found) > NAMED else "")
