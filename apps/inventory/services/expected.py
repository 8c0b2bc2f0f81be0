"""The book of what is coming. Production and purchasing write down what they announce; availability reads it."""

from datetime import datetime
from decimal import Decimal

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from apps.catalog.models import Product
from apps.inventory.errors import BadQuantity
from apps.inventory.models import ExpectedArrival, Location
from backoffice.kernel import rows
from backoffice.kernel.compiled import CompiledDelete

_CLEAR = CompiledDelete(lambda kind, pk: ExpectedArrival.objects.filter(origin_type_id=kind, origin_id=pk))


@transaction.atomic
def record(
    origin: Model, *, product: Product, quantity: Decimal, location: Location, due_at: datetime
) -> ExpectedArrival:
    """Announce that `origin` brings so much of a product to a place. Said again, it replaces what was said before.

    Raises BadQuantity for nothing; use `clear` when nothing comes any more.
    """
    if quantity <= 0:
        raise BadQuantity(_("%(product)s: the quantity must be above zero.") % {"product": product.name})
    arrival = ExpectedArrival(
        origin_type=ContentType.objects.get_for_model(origin),
        origin_id=origin.pk,
        product=product,
        location=location,
        quantity=quantity,
        due_at=due_at,
    )
    where = ("origin_type", "origin_id", "product", "location")
    return rows.upsert([arrival], unique=where, fields=("quantity", "due_at"))[0]


@transaction.atomic
def clear(origin: Model) -> int:
    """Nothing more comes from `origin`: it arrived, or was cancelled. Returns how many lines that were."""
    return _CLEAR(ContentType.objects.get_for_model(origin).pk, origin.pk)
