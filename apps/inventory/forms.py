"""Forms of the stock room. Every product, lot and place field takes what a scanner reads."""

from contextlib import suppress
from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.inventory.models import Location, Lot, StockBalance
from apps.inventory.selectors import locations as places
from apps.inventory.services import policy
from backoffice.kernel import clock
from backoffice.kernel.quantity import format_quantity
from backoffice.ui.forms import DateField, Form, ModelForm, QuantityFormField, ScanField, dress, reason_field

SEPARATOR = " · "
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


def balances() -> QuerySet[StockBalance]:
    """Stock that a person can point at, first expired first."""
    return StockBalance.objects.select_related("lot", "product__unit", "location").order_by(
        "product__name", "lot__expires_on", "lot__pk", "location__name"
    )


class BalanceField(ScanField):
    """Stock of one lot in one place, found by the code of the lot or of its product."""

    default_error_messages = {
        "unknown": _("There is no stock with the code or name “%(text)s”."),
        "several": _("%(count)s lots match “%(text)s”. Scan the lot, or pick one from the list."),
        "places": _("“%(text)s” lies in %(count)s places: %(places)s. Say which."),
    }
    at: Location | None = None  # where to look, when the code alone does not say it

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(StockBalance.objects.none(), codes=("lot__code",), **kwargs)

    def text_of(self, row: Any) -> str:
        code = row.product.sku if row.lot.is_silent else row.lot.code
        return SEPARATOR.join([code, row.product.name, row.location.name])

    def options(self) -> list[str]:
        return [self.text_of(row) for row in balances()[:300]]

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            row = balances().filter(pk=value).first()
            return self.text_of(row) if row else ""
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, StockBalance):
            return value or None
        text = str(value).strip()
        code, *rest = (part.strip() for part in text.split(SEPARATOR))
        found = balances().filter(
            Q(lot__code__iexact=code) | Q(product__sku__iexact=code) | Q(product__barcode__iexact=code)
        )
        if self.at is not None:
            found = found.filter(location=self.at)
        if len(rest) == 2:
            found = found.filter(location__name=rest[1])
            exactly = [row for row in found[:20] if self.text_of(row) == text]
            if len(exactly) == 1:
                return exactly[0]
        rows = list(found[:20])
        by_lot = [row for row in rows if row.lot.code.casefold() == code.casefold()]
        rows = by_lot or rows
        if len(rows) == 1:
            return rows[0]
        key = "unknown" if not rows else "places" if len({row.lot_id for row in rows}) == 1 else "several"
        names = ", ".join(row.location.name for row in rows[:5])
        params = {"text": text, "count": len(rows), "places": names}
        raise ValidationError(self.error_messages[key], code=key, params=params)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class PlaceField(ScanField):
    """One of the open places, by the code that hangs there, its name, or a part of it.

    With `closed_too`, one that was closed since the page was made is given to the service, which says since when and
    by whom it is closed and what could not come there.
    """

    default_error_messages = {
        "unknown": _("There is no place with the code or name “%(text)s”."),
        "several": _("%(count)s places match “%(text)s”. Scan the place, or type its whole name."),
        "closed": _("%(place)s is closed. Choose another place, or open it again."),
    }

    def __init__(self, *, closed_too: bool = False, **kwargs: Any) -> None:
        self.closed_too = closed_too
        kwargs.setdefault("help_text", _("Scan the place, or type its name."))
        super().__init__(places.choices(), codes=("code",), search="", **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):  # also one that was closed since it was chosen
            value = Location.objects.filter(pk=value).first()
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, Location):
            return value or None
        text = str(value).strip()
        code = text.partition(SEPARATOR)[0].strip()
        there = Location.objects.physical().order_by("-is_active", "name")
        for same in ({"code__iexact": code}, {"name__iexact": text}, {"name__icontains": text, "is_active": True}):
            found = list(there.filter(**same)[:6])
            found = [place for place in found if place.is_active] or found[:1]
            if len(found) == 1 and not found[0].is_active and not self.closed_too:
                about = {"place": found[0].name}
                raise ValidationError(self.error_messages["closed"], code="closed", params=about)
            if len(found) == 1:
                return found[0]
            if found:
                params = {"text": text, "count": len(found)}
                raise ValidationError(self.error_messages["several"], code="several", params=params)
        raise ValidationError(self.error_messages["unknown"], code="unknown", params={"text": text})


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
        for name in ("quantity", "counted"):  # Enter goes on to what is still asked, as after a scan
            if name in self.fields:
                self.fields[name].widget.attrs["data-scan"] = ""
        if row := self.shown():
            there = format_quantity(row.quantity, row.product.unit.code)
            for name in ("quantity", "counted"):
                if name in self.fields:
                    self.fields[name].affix = row.product.unit.code  # type: ignore[attr-defined]
                    self.fields[name].help_text = _("%(quantity)s by the book.") % {"quantity": there}
        if not self.is_bound:  # the scanner types at once; where the stock is named already, the figure is next
            known = next((name for name in ("quantity", "counted", "into") if row and name in self.fields), "stock")
            self.fields[known].widget.attrs["autofocus"] = True

    def ask_where(self) -> None:
        """A lot may lie in several places: the code alone does not say which of them is meant."""
        self.fields = {"stock": self.fields["stock"], AT: PlaceField(label=_("Where it lies")), **self.fields}
        dress(self)

    def full_clean(self) -> None:
        if AT in self.fields and self.is_bound:
            with suppress(ValidationError):  # what is wrong with it is said beside it
                self.fields["stock"].at = self.fields[AT].clean(self.data.get(AT))  # type: ignore[attr-defined]
        super().full_clean()
        if AT not in self.fields and self.is_bound and self.has_error("stock", "places"):
            self.ask_where()


class TransferForm(StockForm):
    quantity = QuantityFormField(label=_("Quantity"))
    destination = PlaceField(label=_("To"), closed_too=True)
    reason = reason_field(required=False)
    spans = {"quantity": 3, "destination": 3}


class AdjustForm(StockForm):
    counted = QuantityFormField(label=_("Counted"))
    reason = reason_field()
    spans = {"counted": 3}


class WasteForm(StockForm):
    quantity = QuantityFormField(label=_("Quantity"))
    reason = django_forms.ChoiceField(label=_("Reason"))
    more = django_forms.CharField(label=_("More about it"), required=False, max_length=120)
    spans = {"quantity": 3, "reason": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        codes = [(code, code) for code in policy.waste_reasons()]
        self.fields["reason"].choices = [("", "–"), *codes, (OTHER, _("Other"))]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        code, more = data.get("reason", ""), (data.get("more") or "").strip()
        if code == OTHER and not more:
            self.add_error("more", _("Say why."))
        data["reason"] = more if code == OTHER else f"{code}: {more}" if more else code
        return data


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
    place = django_forms.ModelChoiceField(
        queryset=Location.objects.none(), label=_("Place"), required=False, empty_label=_("Everywhere")
    )
    margin = django_forms.IntegerField(
        label=_("Days left before expiry"), required=False, min_value=0, max_value=365, help_text=_("As channels ask.")
    )
    spans = {"day": 2, "place": 2, "margin": 2}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = places.choices()  # type: ignore[attr-defined]

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
        help_text=_("Blank: all places together. What lies in places inside it is not counted."),
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


class LocationForm(ModelForm):
    parent = PlaceField(label=_("Inside"), required=False, help_text=_("The place around it. Blank: none."))

    class Meta:
        model = Location
        fields = ["code", "name", "kind", "parent"]

    spans = {"code": 2, "name": 4, "kind": 3, "parent": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["kind"]
        kind.choices = [(value.value, value.label) for value in Location.PHYSICAL]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"].strip()
        if there := Location.objects.filter(code__iexact=code).exclude(pk=self.instance.pk).first():
            raise ValidationError(
                _("%(place)s has the code %(code)s already. Choose another one."),
                params={"place": there.name, "code": there.code},
                code="taken",
            )
        return code
