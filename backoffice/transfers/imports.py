"""The importers that the composition names, and what a person may import."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.http import Http404
from django.utils.module_loading import import_string

from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRun
from backoffice.ui.permissions import may


def registry() -> Mapping[str, str]:
    """Key → dotted path. Looked up late, because the composition names things of all apps."""
    named: Mapping[str, str] = import_module("backoffice.composition").IMPORTS
    return named


def find(key: str) -> type[Importer]:
    """The importer class. KeyError when nothing is named so."""
    importer: type[Importer] = import_string(registry()[key])
    return importer


def find_or_404(key: str) -> type[Importer]:
    """The importer class for a URL."""
    try:
        return find(key)
    except (KeyError, ImportError):
        raise Http404 from None


def of(run: TransferRun) -> Importer:
    """A fresh importer for a step of this run."""
    return find(run.importer)(run)


def allowed(user: Any) -> list[type[Importer]]:
    """What the user may import."""
    return [importer for key in registry() if may(user, (importer := find(key)).permission)]


def heads(user: Any) -> list[type[Importer]]:
    """What the user may import, each kind once, however many formats its files have."""
    return [importer for importer in allowed(user) if not importer.family]


def formats(importer: type[Importer], user: Any) -> list[type[Importer]]:
    """The importers for the same kind of thing that the user may use, the first one first."""
    head = importer.family or importer.key
    return [one for one in allowed(user) if head in (one.key, one.family)]
