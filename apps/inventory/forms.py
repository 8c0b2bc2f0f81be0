"""Forms of the stock room. Every product, lot and place field takes what a scanner reads."""

import re
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.inventory.amount_fields import AmountField
from apps.inventory.models import Location, Lot, StockBalance
from apps.inventory.scan_fields import SEPARATOR, BalanceField, PlaceField, balances
from apps.inventory.selectors import layers
from apps.inventory.services import policy
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.forms import DateField, Form, ModelForm, QuantityFormField, dress, reason_field

OVERRIDE = "override_holds"
OTHER = "other"
AT = "at"


def override_field() -> django_forms.BooleanField:
    """Asked when others hold what is to be taken."""
    return django_forms.BooleanField(
        required=False,
        label=_("It is really gone: take it though it is held"),
        help_text=_("Who held it gets other stock where there is some, and waits where there is none."),
    )


class StockForm(Form):
    """What stock it is about. The rest depends on what is done with it."""

    stock = BalanceField(label=_("Stock"), help_text=_("Scan the lot or the product, or type its name."))

    def shown(self) -> StockBalance | None:
        """The stock that the form starts with."""
        value = self.initial.get("stock")
        return balances().filter(pk=value).first() if value else None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if AT in self.data:
            self.ask_where()
        for name in (
            "quantity",
            "counted",
            "reference",
            "code",
        ):  # Enter goes on to what is still asked, as after a scan
            if name in self.fields:
                self.fields[name].widget.attrs["data-scan"] = ""
        if row := self.shown():
            there = format_quantity(layers.booked(row.lot, row.location), row.product.unit.code)
            for name in ("quantity", "counted"):
                if name in self.fields:
                    self.fields[name].affix = row.product.unit.code  # type: ignore[attr-defined]
                    self.fields[name].help_text = _("%(quantity)s by the book.") % {"quantity": there}
        if not self.is_bound:  # the scanner types at once; where the stock is named already, the figure is next
            known = next((name for name in ("quantity", "counted", "into") if row and name in self.fields), "stock")
            self.fields[known].widget.attrs["autofocus"] = True

    def ask_where(self) -> None:
        """A lot may lie in several places: the code alone does not say which of them is meant."""
        stock = self.fields["stock"]
        where = PlaceField(label=_("Where it lies"), required=stock.required)
        self.fields = {"stock": stock, AT: where, **self.fields}
        dress(self)

    def full_clean(self) -> None:
        if AT in self.fields and self.is_bound:
            with suppress(ValidationError):  # what is wrong with it is said beside it
                self.fields["stock"].at = self.fields[AT].clean(self.data.get(AT))  # type: ignore[attr-defined]
        super().full_clean()
        if AT not in self.fields and self.is_bound and self.has_error("stock", "places"):
            self.ask_where()

    def clean_stock(self) -> StockBalance | None:
        row: StockBalance | None = self.cleaned_data["stock"]
        for field in self.fields.values():
            if isinstance(field, AmountField):
                field.product = row.product if row is not None else None
        return row


class TransferForm(StockForm):
    quantity = AmountField(label=_("Quantity"))
    destination = PlaceField(label=_("Destination"), closed_too=True)
    reason = reason_field(required=False)
    spans = {"quantity": 3, "destination": 3}


class AdjustForm(StockForm):
    counted = AmountField(label=_("Counted"))
    reason = reason_field()
    expected = django_forms.CharField(required=False, widget=django_forms.HiddenInput)
    spans = {"counted": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if row := self.shown():
            self.fields["expected"].initial = self.book_of(row)

    @staticmethod
    def book_of(row: StockBalance) -> str:
        """What the book says of it, as the form remembers what it showed."""
        return f"{row.lot_id}:{row.location_id}:{layers.booked(row.lot, row.location)}"

    def shown_book(self, row: StockBalance) -> Decimal | None:
        """What the book said of this stock when it was shown; None when it was not shown."""
        lot_id, _place, rest = str(self.cleaned_data.get("expected", "")).partition(":")
        location_id, _said, figure = rest.partition(":")
        if (lot_id, location_id) != (str(row.lot_id), str(row.location_id)):
            return None
        return Decimal(figure) if re.fullmatch(r"\d{1,14}(\.\d{1,6})?", figure, re.ASCII) else None


class WasteForm(StockForm):
    quantity = AmountField(label=_("Quantity"))
    reason = django_forms.ChoiceField(label=_("Reason"))
    more = django_forms.CharField(label=_("More about it"), required=False, max_length=120)
    spans = {"quantity": 3, "reason": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [(code, code) for code in policy.waste_reasons()]
        self.fields["reason"].choices = [("", "–"), *codes, (OTHER, _("Other"))]  # type: ignore[attr-defined]
        gone = _("“%(value)s” is no reason of the house any more. Choose another one, or Other.")
        self.fields["reason"].error_messages["invalid_choice"] = gone

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        code, more = data.get("reason", ""), (data.get("more") or "").strip()
        if code == OTHER and not more:
            self.add_error("more", _("Say why."))
        data["reason"] = more if code == OTHER else f"{code}: {more}" if more else code
        return data


class SeenForm(Form):
    """A form without a question: only the revision of what it was opened on."""

    revision = django_forms.IntegerField(required=False, widget=django_forms.HiddenInput)


class ReasonForm(Form):
    reason = reason_field()


class BlockForm(ReasonForm):
    status = django_forms.ChoiceField(
        label=_("Until when"),
        choices=[
            (Lot.Status.BLOCKED, _("It is not good: blocked")),
            (Lot.Status.QUARANTINE, _("Somebody has to look at it first: quarantine")),
        ],
        widget=django_forms.RadioSelect,
    )
    field_order = ["status", "reason"]


class OptionalReasonForm(Form):
    reason = reason_field(required=False)


class WhyForm(Form):
    """Which day, place and margin the numbers are asked for; everything may be left blank."""

    day = DateField(label=_("Good and here on"), required=False, help_text=_("Blank: today."))
    place = PlaceField(label=_("Place"), required=False, help_text=_("Scan it or type its name. Blank: everywhere."))
    margin = django_forms.IntegerField(
        label=_("Days left before expiry"), required=False, min_value=0, max_value=365, help_text=_("As channels ask.")
    )
    spans = {"day": 2, "place": 2, "margin": 2}

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        if day is not None and day < clock.today():
            raise ValidationError(_("That day is over. What the stock was worth then is under Stock value."))
        return day

    def asked(self) -> dict[str, Any]:
        """What `availability.why` is asked for."""
        data = self.cleaned_data
        return {
            "on": data["day"],
            "locations": [data["place"]] if data["place"] else None,
            "margin_days": data["margin"] or 0,
        }


class MinimumForm(Form):
    location = PlaceField(
        label=_("Place"),
        required=False,
        help_text=_("Blank: all places together. What lies in places inside it counts too."),
    )
    minimum = QuantityFormField(
        label=_("Minimum"),
        required=False,
        help_text=_("Below it the product is on the list of what is low. Blank: none."),
    )
    target = QuantityFormField(label=_("Fill up to"), required=False)
    revision = django_forms.IntegerField(required=False, min_value=0, widget=django_forms.HiddenInput)
    spans = {"minimum": 3, "target": 3}


class PlaceForm(Form):
    location = PlaceField(
        label=_("Kept at"),
        required=False,
        help_text=_(
            "What comes in a delivery or out of the oven is brought there by itself. Blank: no place of its own."
        ),
    )
    seen = django_forms.IntegerField(required=False, widget=django_forms.HiddenInput)


class LocationForm(ModelForm):
    parent = PlaceField(
        label=_("Inside"), required=False, closed_too=True, help_text=_("The place around it. Blank: none.")
    )

    class Meta:
        model = Location
        fields = ["code", "name", "kind", "parent"]

    spans = {"code": 2, "name": 4, "kind": 3, "parent": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["kind"]
        kind.choices = [(value.value, value.label) for value in Location.PHYSICAL]
        kind.help_text = _("What lies in quarantine is neither sold nor used: who holds it gets other stock, or waits.")

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip()
        if SEPARATOR.strip() in code:  # what is picked from a list is parted there
            raise ValidationError(_("A code has no “·” in it."))
        others = Location.objects.exclude(pk=self.instance.pk).only("code", "name")
        if there := next((place for place in others if place.code.casefold() == code.casefold()), None):
            raise ValidationError(
                _("%(place)s has the code %(code)s already. Choose another one."),
                params={"place": there.name, "code": there.code},
                code="taken",
            )
        return code
