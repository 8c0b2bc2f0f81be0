"""The settings of the house as a form."""

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.ui.forms import ModelForm

from .models import Company, OpeningHours

Hours = dict[int, tuple[time, time] | None]


class CompanyForm(ModelForm):
    """Names, documents, look, how prices are meant, and when the counter is open."""

    spans = {
        "name": 3,
        "mark": 3,
        "legal_name": 6,
        "document": 3,
        "state_registration": 3,
        "phone": 3,
        "email": 3,
        "currency": 3,
        "tax_inclusive": 3,
        **{f"{edge}_{day}": 3 for day in range(7) for edge in ("opens", "closes")},
    }
    groups = [
        (_("Legal"), ["legal_name", "document", "state_registration", "address", "phone", "email"]),
        (_("Prices"), ["currency", "tax_inclusive"]),
        (_("Counter hours (empty: closed)"), [f"{edge}_{day}" for day in range(7) for edge in ("opens", "closes")]),
        (_("Notice"), ["banner"]),
    ]

    class Meta:
        model = Company
        fields = [
            "name",
            "mark",
            "legal_name",
            "document",
            "state_registration",
            "address",
            "phone",
            "email",
            "currency",
            "tax_inclusive",
            "banner",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {hours.weekday: hours for hours in OpeningHours.objects.filter(company_id=self.instance.pk)}
        for day, label in OpeningHours.Weekday.choices:
            hours = known.get(day)
            for edge, words in (("opens", _("%(day)s, opens")), ("closes", _("%(day)s, closes"))):
                self.fields[f"{edge}_{day}"] = forms.TimeField(
                    label=words % {"day": label},
                    required=False,
                    initial=getattr(hours, edge, None),
                    widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "input"}),
                )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for day in range(7):
            opens, closes = data.get(f"opens_{day}"), data.get(f"closes_{day}")
            if bool(opens) != bool(closes):
                self.add_error(f"closes_{day}" if opens else f"opens_{day}", _("Give both times, or neither."))
            elif opens and closes and closes <= opens:
                self.add_error(f"closes_{day}", _("Closing comes after opening."))
        return data

    def hours(self) -> Hours:
        """Weekday → opening and closing time; None where it is closed."""
        data = self.cleaned_data
        return {
            day: (data[f"opens_{day}"], data[f"closes_{day}"]) if data.get(f"opens_{day}") else None for day in range(7)
        }

    def columns(self) -> dict[str, Any]:
        """The company's own fields."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}
