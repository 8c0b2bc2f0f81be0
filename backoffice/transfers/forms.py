from typing import Any

from django import forms as django_forms
from django.utils.translation import gettext_lazy as _

from backoffice.transfers.files import MAX_BYTES
from backoffice.transfers.importer import Importer
from backoffice.transfers.models import TransferRun
from backoffice.transfers.outgoing import own_style
from backoffice.ui import forms


class UploadForm(forms.Form):
    """The file and how its numbers are written; an importer's own questions come in a form of their own."""

    file = django_forms.FileField(label=_("File"), max_length=200)
    decimal_style = django_forms.ChoiceField(
        label=_("Numbers are written like"),
        choices=TransferRun.Style.choices,
        widget=django_forms.RadioSelect,
        help_text=_("So that 1.234 is never mistaken. A number that does not fit is refused, not guessed."),
    )

    def __init__(self, *args: Any, importer: type[Importer], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        endings = [f".{kind}" for kind in importer.formats]
        names = _("or").join(f" {kind.upper()} " for kind in importer.formats).strip()
        self.fields["file"].widget.attrs["accept"] = ",".join(endings)
        self.fields["file"].help_text = _("%(formats)s, at most %(limit)s MB, headings in the first line.") % {
            "formats": names, "limit": MAX_BYTES // 1024 // 1024,
        }  # fmt: skip
        self.fields["decimal_style"].initial = importer.number_style or own_style()


def options_of(importer: type[Importer], data: Any = None) -> Any:
    """The importer's own questions, bound when there are answers; None when it asks nothing."""
    if importer.options_form is None:
        return None
    form = importer.options_form(data, prefix="options", label_suffix="")
    form.default_renderer = forms.Renderer
    form.renderer = forms.Renderer()
    for field in form.fields.values():
        kind = "check" if isinstance(field.widget, django_forms.CheckboxInput) else (
            "select" if isinstance(field.widget, django_forms.Select) else "input"
        )  # fmt: skip
        field.widget.attrs.setdefault("class", kind)
    return form


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Cleaned answers as JSON: a row of the database is its primary key, anything else that is not plain is text."""
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "pk"):
        return value.pk
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
