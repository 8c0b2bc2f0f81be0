"""Taking a lot back with everything that was made from it."""

from django.db import transaction
from django.utils.translation import gettext as _

from apps.inventory.errors import ReasonMissing
from apps.inventory.models import Lot
from apps.inventory.selectors import recall
from apps.inventory.services import lots, stock_locks
from backoffice.kernel.locks import retry_conflict


@retry_conflict
@transaction.atomic
def block_all(lot: Lot, *, reason: str) -> list[Lot]:
    """Block the lot and every lot made from it, however many steps away. Returns those that were not blocked before.

    Holds on them move to other stock, or wait. Said twice it changes nothing more. Raises ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    members, locked = recall.family(lot), set[int]()
    while new := {member.lot.product_id for member in members} - locked:  # more may be made of it while we wait
        stock_locks.lock_products(new)
        locked |= new
        members = recall.family(lot)
    done = [member.lot for member in members if member.lot.status != Lot.Status.BLOCKED]
    lots.block_together(done, reason=_("Recall of %(lot)s: %(reason)s") % {"lot": lot.label, "reason": reason.strip()})
    return done
