"""Which runs a person may see: those of the imports they may do."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from backoffice.transfers import imports
from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRun
from backoffice.ui.permissions import may

VIEW, ADD, CHANGE = "transfers.view_transferrun", "transfers.add_transferrun", "transfers.change_transferrun"
UNDO = "transfers.undo_transferrun"


def visible(user: Any) -> QuerySet[TransferRun]:
    """The runs of every import that the user may do."""
    return TransferRun.objects.filter(importer__in=[importer.key for importer in imports.allowed(user)])


def run_or_404(request: HttpRequest, pk: int) -> TransferRun:
    """One of them."""
    return get_object_or_404(visible(request.user).select_related("started_by", "undone_by"), pk=pk)


def importer_or_403(request: HttpRequest, key: str) -> type[Importer]:
    """The importer of a URL, for who may use it."""
    importer = imports.find_or_404(key)
    if not may(request.user, importer.permission):
        raise PermissionDenied
    return importer
