"""Opening and changing work centres."""

from typing import Any

from django.db import transaction

from apps.production.models import WorkCenter
from backoffice.kernel import state


@transaction.atomic
def create(**fields: Any) -> WorkCenter:
    """A new work centre."""
    center = WorkCenter(**fields)
    center.full_clean()
    center.save()
    return center


@transaction.atomic
def update(center: WorkCenter, *, revision: int | None = None, **fields: Any) -> WorkCenter:
    """Change a work centre. Orders planned before keep the hourly cost they were planned with."""
    for name, value in fields.items():
        setattr(center, name, value)
    center.full_clean()
    return state.save_revised(center, revision=revision, fields=list(fields))
