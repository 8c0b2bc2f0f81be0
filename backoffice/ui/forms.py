"""The two bases of all forms: how they are laid out and drawn, and that an edit names the revision it started from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms.boundfield import BoundField
from django.forms.models import ModelFormMetaclass, construct_instance
from django.forms.renderers import DjangoTemplates
from django.template import loader

from backoffice.kernel import state

from . import widgets
from .fields import (
    DateField,
    DateTimeField,
    DecimalField,
    MoneyFormField,
    PriceFormField,
    QuantityFormField,
    ScanField,
    for_model_field,
    reason_field,
)

__all__ = [
    "DateField",
    "DateTimeField",
    "DecimalField",
    "Form",
    "ModelForm",
    "MoneyFormField",
    "PriceFormField",
    "QuantityFormField",
    "ScanField",
    "dress",
    "reason_field",
    "set_unit",
]

COLUMNS = 6
CHECKS = (forms.CheckboxInput, forms.CheckboxSelectMultiple, forms.RadioSelect)
GROUPED = (forms.CheckboxSelectMultiple, forms.RadioSelect)


class Renderer(DjangoTemplates):
    """Our templates come from the project, Django's widgets from Django."""

    def get_template(self, template_name: str) -> Any:
        return (
            loader.get_template(template_name)
            if template_name.startswith("ui/")
            else super().get_template(template_name)
        )

    def render(self, template_name: str, context: Any, request: Any = None) -> Any:
        found = widgets.drawn(template_name, context)
        return super().render(template_name, context, request) if found is None else found


@dataclass(frozen=True)
class Cell:
    """A field and how it stands in the form."""

    field: BoundField
    span: int
    kind: str  # "check", "group" or "line"


@dataclass(frozen=True)
class Group:
    """Fields under one title. A region is a part of the form that can be fetched anew, with its hidden fields."""

    title: Any
    cells: list[Cell]
    region: str = ""
    hidden: Sequence[BoundField] = ()


def dress(form: forms.BaseForm) -> None:
    """Give every widget the class that the style sheet knows; again where fields are added to a form that is made."""
    for field in form.fields.values():
        widget = field.widget
        if isinstance(widget, CHECKS):
            css = "check"
        elif isinstance(widget, forms.SelectMultiple):
            css = "input"
        elif isinstance(widget, forms.Select):
            css = "select"
        else:
            css = "input"
        if not widget.is_hidden:
            widget.attrs.setdefault("class", css)
        if isinstance(widget, forms.Textarea):
            widget.attrs["rows"] = widget.attrs.get("rows") if widget.attrs.get("rows") != "10" else "3"
            widget.attrs.pop("cols", None)


def _cell(form: Any, name: str) -> Cell:
    bound = form[name]
    widget = bound.field.widget
    kind = "group" if isinstance(widget, GROUPED) else "check" if isinstance(widget, CHECKS) else "line"
    return Cell(bound, form.spans.get(name, COLUMNS), kind)


def _groups(form: Any) -> Iterator[Group]:
    visible = [bound.name for bound in form.visible_fields()]
    grouped = {name for _title, names, *_region in form.groups for name in names}
    if loose := [name for name in visible if name not in grouped]:
        yield Group("", [_cell(form, name) for name in loose])
    for title, names, *region in form.groups:
        shown = [name for name in names if name in visible]
        if shown or region:
            hidden = [form[name] for name in names if name in form.fields and name not in visible] if region else []
            yield Group(title, [_cell(form, name) for name in shown], "".join(region), hidden)


class Form(forms.Form):
    """A form that is not a record: it feeds one service."""

    default_renderer = Renderer
    template_name = "ui/form_fields.html"
    spans: ClassVar[Mapping[str, int]] = {}
    groups: ClassVar[Sequence[tuple[Any, Sequence[str]] | tuple[Any, Sequence[str], str]]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        dress(self)

    def sections(self) -> Iterator[Group]:
        """The visible fields, in the groups and widths that the class names."""
        return _groups(self)


class _Exact(ModelFormMetaclass):
    """Model fields of the kernel get the form fields that understand them."""

    def __new__(mcs, name: str, bases: tuple[type, ...], attrs: dict[str, Any], **kwargs: Any) -> Any:
        meta = attrs.get("Meta")
        if meta is not None and not getattr(meta, "formfield_callback", None):
            meta.formfield_callback = staticmethod(for_model_field)
        return super().__new__(mcs, name, bases, attrs, **kwargs)


class ModelForm(forms.ModelForm, metaclass=_Exact):
    """A form for a record. When the record has a revision, an edit carries it and a stale one is refused.

    `service_checks`: the service that `perform` calls judges the whole record, in its transaction, and names the field;
    so the form reads what was typed, field by field, and does not ask the database the same questions before.
    """

    default_renderer = Renderer
    template_name = "ui/form_fields.html"
    spans: ClassVar[Mapping[str, int]] = {}
    groups: ClassVar[Sequence[tuple[Any, Sequence[str]] | tuple[Any, Sequence[str], str]]] = ()
    service_checks: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        if self.instance.pk and hasattr(self.instance, "revision"):
            self.fields["revision"] = forms.IntegerField(widget=forms.HiddenInput, initial=self.instance.revision)
        dress(self)

    def sections(self) -> Iterator[Group]:
        """The visible fields, in the groups and widths that the class names."""
        return _groups(self)

    def _post_clean(self) -> None:
        if not self.service_checks:
            super()._post_clean()  # type: ignore[misc]
            return
        unasked = self._get_validation_exclusions()  # type: ignore[attr-defined]
        for field in self.instance._meta.concrete_fields:
            # The form's own choices have found the row that a foreign key names.
            if field.is_relation or (self.instance.pk and field.name not in self.changed_data):
                unasked.add(field.name)
        try:
            self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
            self.instance.clean_fields(exclude=unasked)
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]

    def more_values(self, row: Any) -> dict[str, Any]:
        """Values of fields that are no columns of the record, by name, read from it or from an entry of its history."""
        return {}

    def changed_columns(self) -> list[str]:
        """The columns of the record that the person changed."""
        own = {field.name for field in self.instance._meta.concrete_fields}
        return [name for name in self.changed_data if name in own and name != "revision"]

    def save(self, commit: bool = True) -> Any:
        """Save the record; a revisioned one as the next revision. Raises StaleRevision when someone saved before."""
        if not commit:
            return super().save(commit=False)
        with transaction.atomic():
            if "revision" not in self.fields or self.errors:
                return super().save()
            if columns := self.changed_columns():
                state.save_revised(self.instance, revision=self.cleaned_data["revision"], fields=columns)
            self._save_m2m()  # type: ignore[attr-defined]
        return self.instance


def set_unit(form: forms.BaseForm, name: str, unit: str) -> None:
    """Show another unit beside a field of this form; for when it depends on the row."""
    form.fields[name].affix = unit  # type: ignore[attr-defined]
