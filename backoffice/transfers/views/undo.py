"""Taking an import back: what would be removed and put back, what stays and why, and the button."""

from typing import Any, ClassVar

from django import forms as django_forms
from django.db.models import QuerySet
from django.forms import BaseForm
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.transfers import imports
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import undoing
from backoffice.transfers.views import access
from backoffice.ui import forms
from backoffice.ui.screens import ActionScreen


class UndoForm(forms.Form):
    """Why, and whether what cannot be undone may stay."""

    keep = django_forms.BooleanField(required=False)
    reason = forms.reason_field()


class RunUndo(ActionScreen):
    model = TransferRun
    permission = access.UNDO
    list_url = "transfers:run_list"
    list_title = gettext_lazy("Imports")
    form_class = UndoForm
    template_name = "transfers/undo.html"
    fields_template = "transfers/undo_fields.html"
    submit_label = gettext_lazy("Undo the import")
    danger = True
    leave = True
    wide: ClassVar[bool] = True

    def get_queryset(self) -> QuerySet[TransferRun]:
        return access.visible(self.request.user)

    def get_title(self) -> str:
        return _("Undo the import of %(file)s?") % {"file": self.object.file_name}

    @cached_property
    def prospect(self) -> undoing.Prospect:
        """What undoing would do now."""
        return undoing.prospect(self.object) if undoing.can_be_asked(self.object) else undoing.Prospect()

    def get_form(self, data: Any = None, files: Any = None) -> BaseForm:
        form = super().get_form(data, files)
        kept = self.prospect.kept
        if kept and self.prospect.possible:
            form.fields["keep"].label = ngettext(
                "Leave this row and undo all others", "Leave these %(number)s rows and undo all others", kept
            ) % {"number": kept}
        else:
            del form.fields["keep"]
        return form

    def get_context(self, **more: Any) -> dict[str, Any]:
        importer = imports.find(self.object.importer) if self.object.importer in imports.registry() else None
        return super().get_context(prospect=self.prospect, importer=importer, **more)

    def perform(self, form: Any) -> TransferRun:
        cleaned = form.cleaned_data
        return undoing.undo(self.object, reason=cleaned["reason"], keep=cleaned.get("keep", False))

    def success(self, result: TransferRun) -> str:
        return _("The import of %(file)s is being undone.") % {"file": result.file_name}
