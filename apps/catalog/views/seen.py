"""Dialogs about a row without a revision: they carry what they showed; who comes second is told what is there now."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from backoffice.kernel.errors import StaleRevision
from backoffice.ui.screens import ActionScreen


class SeenScreen(ActionScreen):
    """A form with a hidden field `seen`. A stale save shows theirs beside what was typed; saving again is meant so."""

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        self.__dict__.pop("object", None)
        data = self.request.POST.copy()
        data["seen"] = str(self.initial()["seen"])
        again = self.get_form(data)
        again.add_error(None, error.message)
        return self.show(again, status=409)
