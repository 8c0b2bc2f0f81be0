"""The units of measure."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Unit
from apps.catalog.tables import UnitTable
from backoffice.ui.screens import ListScreen


class UnitList(ListScreen):
    model = Unit
    permission = "catalog.view_unit"
    title = _("Units")
    icon = "ruler"
    table_class = UnitTable
    export = False

    def lead(self) -> object:
        return _("Their ratios are exact; what comes in packs is written down with the product.")
