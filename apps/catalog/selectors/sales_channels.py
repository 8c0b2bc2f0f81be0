"""The ways to sell, of which the catalogue knows no more than the code, the name and the price list."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from django.utils.module_loading import import_string


def choices() -> list[tuple[str, str, int]]:
    """Code, name and price list of each, from the app that `composition.SALES_CHANNELS` names."""
    path = import_module("backoffice.composition").SALES_CHANNELS
    found: Callable[[], list[tuple[str, str, int]]] = import_string(path)
    return found()
