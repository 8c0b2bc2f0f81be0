"""The last move of a stock, in words: for who asks where it went."""

from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.models import Location, Lot, Move
from apps.inventory.selectors.layers import looking_like
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity


def last_of(lot: Lot, location: Location | None = None) -> str:
    """How much of it went from where to where last, when, who did it and the number; "" when it never moved.

    With a `location` only what came there or left.
    """
    moves = Move.objects.filter(lot__in=looking_like(lot))
    return _told(moves if location is None else moves.filter(Q(source=location) | Q(destination=location)))


def last_of_product(product: Product) -> str:
    """The same of all lots of a product."""
    return _told(Move.objects.filter(product=product))


def _told(moves: QuerySet[Move]) -> str:
    moves = moves.filter(quantity__gt=0).select_related("product__unit", "source", "destination", "operation__actor")
    move = moves.order_by("-pk").first()
    if move is None:
        return ""
    done = move.operation
    told = [
        format_quantity(move.quantity, move.product.unit.code),
        f"{move.source.called} → {move.destination.called}",
        date_format(clock.local(done.occurred_at), "SHORT_DATETIME_FORMAT"),
        *([_("by %(who)s") % {"who": done.actor.name}] if done.actor else []),
        done.number,
    ]
    return ", ".join(told)
