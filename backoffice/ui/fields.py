"""Form fields that read what people type strictly, in their language, and show the unit beside the number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.db.models import Q, QuerySet
from django.utils.formats import get_format
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import fields as exact
from backoffice.kernel.numbers import parse_decimal
from backoffice.kernel.text import fold

SCAN_OPTIONS = 300


class DecimalField(forms.DecimalField):
    """A number as the person's language writes it. What can be read in two ways is refused with a sentence.

    `affix` is drawn inside the field ("kg", "R$"); `min_places` keeps that many decimals when the value is shown.
    """

    def __init__(self, *, places: int = 6, affix: Any = "", min_places: int = 0, **kwargs: Any) -> None:
        self.places, self.affix, self.min_places = places, affix, min_places
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        kwargs.pop("localize", None)
        super().__init__(decimal_places=places, max_digits=kwargs.pop("max_digits", 18), **kwargs)
        self.widget.attrs["class"] = "input num"

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return parse_decimal(str(value))
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {}

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Decimal | int) or isinstance(value, bool):
            return value
        whole, _point, fraction = format(Decimal(value), "f").partition(".")
        fraction = fraction.rstrip("0").ljust(self.min_places, "0")
        return f"{whole}{get_format('DECIMAL_SEPARATOR')}{fraction}" if fraction else whole

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True


class MoneyFormField(DecimalField):
    """An amount of money in the company's currency."""

    def __init__(self, *, places: int = 2, affix: Any = "R$", **kwargs: Any) -> None:
        super().__init__(places=places, affix=affix, min_places=2, **kwargs)


class PriceFormField(MoneyFormField):
    """A price for one unit: up to four decimals, at least two shown."""

    def __init__(self, *, places: int = 4, **kwargs: Any) -> None:
        super().__init__(places=places, **kwargs)


class QuantityFormField(DecimalField):
    """A quantity, with its unit beside it."""

    def __init__(self, *, unit: Any = "", **kwargs: Any) -> None:
        super().__init__(affix=kwargs.pop("affix", unit), **kwargs)


class DateField(forms.DateField):
    """A day, picked with the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        super().__init__(input_formats=["%Y-%m-%d", "%d/%m/%Y"], **kwargs)

    def to_python(self, value: Any) -> date | None:
        found = super().to_python(value)
        _of_our_time(found)
        return found


class DateTimeField(forms.DateTimeField):
    """An instant, in the wall clock of the business."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}))
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"], **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        found = super().to_python(value)
        _of_our_time(found)
        return found


def _of_our_time(day: date | None) -> None:
    """Refuses a slip of the finger (0026) and what stands for never (9999): no clock goes on after its last day."""
    if day is not None and not 1000 <= day.year < 3000:
        raise ValidationError(_("Enter a day of our time."), code="invalid")


class ScanInput(forms.TextInput):
    """A text field with a list of suggestions; a scanner types into it and ends with Enter."""

    template_name = "ui/widgets/scan.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        context["widget"]["options"] = self.options()
        return context

    def options(self) -> list[str]:
        return self.suggest()

    suggest: Callable[[], list[str]] = staticmethod(list)


class ScanField(forms.Field):
    """One row found by what a scanner reads or a person types: a code, "code · name", or words of the search text.

    Give `model` (or a queryset) that the user may see, the fields that hold codes, and the field that is searched.
    """

    default_error_messages = {
        "unknown": _("Nothing here has the code or name “%(text)s”."),
        "several": _("%(count)s entries match “%(text)s”. Type or scan the whole code."),
    }

    def __init__(
        self,
        queryset: QuerySet[Any],
        *,
        codes: Sequence[str] = ("sku", "barcode"),
        search: str = "search_text",
        **kwargs: Any,
    ) -> None:
        self.queryset, self.codes, self.search = queryset, tuple(codes), search
        kwargs.setdefault("widget", ScanInput(attrs={"autocomplete": "off", "data-scan": ""}))
        super().__init__(**kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = super().__deepcopy__(memo)
        copied.queryset = self.queryset.all()
        if isinstance(copied.widget, ScanInput):
            copied.widget.suggest = copied.options
        return copied

    def text_of(self, row: Any) -> str:
        return f"{getattr(row, self.codes[0])} · {row}"

    def options(self) -> list[str]:
        return [self.text_of(row) for row in self.queryset.all()[:SCAN_OPTIONS]]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, models.Model):
            return self.text_of(value)
        if isinstance(value, int):
            row = self.queryset.filter(pk=value).first()
            return self.text_of(row) if row else ""
        return value

    def clean(self, value: Any) -> Any:
        if isinstance(value, str):  # before anything is looked up: PostgreSQL takes no text with a NUL in it
            ProhibitNullCharactersValidator()(value)
        return super().clean(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, models.Model):
            return value or None
        text = str(value).strip()
        code = text.partition(" · ")[0].strip()
        exactly = Q()
        for name in self.codes:
            exactly |= Q(**{f"{name}__iexact": code})
        found = list(self.queryset.filter(exactly)[:2])
        if not found and self.search:
            matching = self.queryset.all()
            for word in fold(text).split():
                matching = matching.filter(**{f"{self.search}__contains": word})
            found = list(matching[:6])
        if len(found) == 1:
            return found[0]
        params = {"text": text, "count": len(found)}
        key = "several" if found else "unknown"
        raise ValidationError(self.error_messages[key], code=key, params=params)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return str(self.prepare_value(initial) or "") != str(data or "")


def reason_field(label: Any = None, *, required: bool = True, **kwargs: Any) -> forms.CharField:
    """The why that the audit trail keeps."""
    return forms.CharField(
        label=label or _("Reason"),
        required=required,
        max_length=200,
        help_text=kwargs.pop("help_text", _("Kept in the history with your name.")),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        **kwargs,
    )


def for_model_field(field: models.Field[Any, Any], **kwargs: Any) -> forms.Field | None:
    """The form field for a model field: exact kinds and dates get ours, the rest Django's."""
    if isinstance(field, exact.FixedPointField) and not field.choices:
        places = field.places
        if isinstance(field, exact.QuantityField):
            return field.formfield(form_class=_exactly(QuantityFormField, places), **kwargs)
        return field.formfield(form_class=_exactly(MoneyFormField, places), **kwargs)
    if isinstance(field, models.DateTimeField):
        return field.formfield(form_class=DateTimeField, **kwargs)
    if isinstance(field, models.DateField):
        return field.formfield(form_class=DateField, **kwargs)
    return field.formfield(**kwargs)


def _exactly(kind: type[DecimalField], places: int) -> Any:
    def make(**kwargs: Any) -> DecimalField:
        for name in ("max_digits", "decimal_places", "min_value"):
            kwargs.pop(name, None)
        return kind(places=places, **kwargs)

    return make
