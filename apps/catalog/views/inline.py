"""Values edited where they stand, when somebody else was faster."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from backoffice.kernel.errors import StaleRevision
from backoffice.ui.screens import InlineScreen


class CellScreen(InlineScreen):
    """One value in a cell. A stale save shows what is there now beside what was typed; saving again is meant so."""

    def stale(self, form: Any, error: StaleRevision) -> HttpResponse:
        """The form again, with theirs in the sentence and the new revision in its hidden fields."""
        self.__dict__.pop("object", None)
        fresh = self.get_form()
        data = self.request.POST.copy()
        for bound in fresh.hidden_fields():
            data[bound.html_name] = str(bound.value() if bound.value() is not None else "")
        again: Any = self.get_form(data)
        shown = next(iter(again.visible_fields()))
        theirs = fresh[shown.name].value()
        labels = dict(getattr(fresh.fields[shown.name], "choices", ()))
        again.add_error(shown.name, _("Somebody changed it meanwhile; now it is: %s") % labels.get(theirs, theirs))
        return self.show(again, status=409)
