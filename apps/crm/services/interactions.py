"""The written part of a customer's time line."""

from __future__ import annotations

from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from apps.crm.models import Customer, Interaction
from apps.crm.models.origin import origin_fields
from backoffice.kernel import clock
from backoffice.kernel.audit import current_actor
from backoffice.kernel.errors import DomainError


@transaction.atomic
def note(
    customer: Customer,
    *,
    summary: str,
    kind: str = Interaction.Kind.NOTE,
    channel: str = "",
    origin: models.Model | None = None,
    at: datetime | None = None,
) -> Interaction:
    """Write one line about a customer. Raises DomainError when there is nothing in it."""
    summary = summary.strip()
    if not summary:
        raise DomainError(_("Write something first."), field="summary")
    return Interaction.objects.create(
        customer=customer,
        kind=kind,
        channel=channel,
        summary=summary[: Interaction._meta.get_field("summary").max_length],
        at=at or clock.now(),
        by=current_actor().user,
        **origin_fields(origin),
    )
