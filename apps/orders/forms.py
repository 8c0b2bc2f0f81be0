"""What people type when they sell."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import PriceList
from apps.crm.models import Address, documents, phones
from apps.inventory.models import Location
from apps.orders.models import Channel, Payment
from apps.orders.models.session import Fulfilment
from backoffice.ui.forms import DateTimeField, Form, ModelForm, MoneyFormField, PriceFormField, reason_field


class RevisionForm(Form):
    """A form that names the revision of what it was opened on."""

    revision = django_forms.IntegerField(widget=django_forms.HiddenInput)


class ArrangeForm(RevisionForm):
    """Name, time and way of a tab."""

    spans: ClassVar[dict[str, int]] = {"handle": 3, "needed_at": 3}

    handle = django_forms.CharField(label=_("Tab or table"), max_length=40, required=False)
    needed_at = DateTimeField(
        label=_("Wanted for"), required=False, help_text=_("Leave empty for now; a later time makes it a pre-order.")
    )
    fulfilment = django_forms.ChoiceField(label=_("Fulfilment"), choices=Fulfilment.choices)
    address = django_forms.ModelChoiceField(
        label=_("Address"), queryset=Address.objects.none(), required=False, empty_label=_("none")
    )
    notes = django_forms.CharField(label=_("Note"), max_length=500, required=False)

    def __init__(self, *args: Any, addresses: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["address"]
        assert isinstance(field, django_forms.ModelChoiceField)
        if addresses is None:
            del self.fields["address"]
        else:
            field.queryset = addresses


class PriceForm(RevisionForm):
    """A unit price by hand; empty takes the list's price again."""

    price = PriceFormField(label=_("Unit price"), required=False, help_text=_("Empty: the price of the list."))
    reason = reason_field(required=False)


class CashForm(RevisionForm):
    """What was handed over. The quick buttons send the amount themselves."""

    tendered = MoneyFormField(label=_("Received"), min_value=Decimal(0))


class SplitForm(RevisionForm):
    """A part in cash, the rest by card."""

    cash = MoneyFormField(label=_("In cash"), min_value=Decimal("0.01"))


class PointsForm(RevisionForm):
    """How many points, and how the rest is paid."""

    spans: ClassVar[dict[str, int]] = {"points": 2, "rest": 2, "tendered": 2}

    points = django_forms.IntegerField(
        label=_("Points"), min_value=1, max_value=10**9, widget=django_forms.TextInput(attrs={"inputmode": "numeric"})
    )
    rest = django_forms.ChoiceField(
        label=_("The rest by"), choices=[(one.value, one.label) for one in (Payment.Method.CARD, Payment.Method.CASH)]
    )
    tendered = MoneyFormField(label=_("Received in cash"), required=False, min_value=Decimal(0))


class NewcomerForm(RevisionForm):
    """The little that is asked of a new customer at the till."""

    spans: ClassVar[dict[str, int]] = {"phone": 3, "document": 3}

    name = django_forms.CharField(label=_("Name"), max_length=120)
    phone = django_forms.CharField(
        label=_("Telephone"), required=False, max_length=30, widget=django_forms.TextInput(attrs={"type": "tel"})
    )
    document = django_forms.CharField(label=_("CPF or CNPJ"), required=False, max_length=20)

    def clean_phone(self) -> str:
        return phones.normalise(self.cleaned_data["phone"])

    def clean_document(self) -> str:
        return documents.normalise(self.cleaned_data["document"])


class TakePaymentForm(Form):
    """A payment for an order that is sealed already."""

    method = django_forms.ChoiceField(
        label=_("Method"), choices=[(one.value, one.label) for one in (Payment.Method.CASH, Payment.Method.CARD)]
    )
    amount = MoneyFormField(label=_("Amount"), min_value=Decimal("0.01"))
    tendered = MoneyFormField(label=_("Received in cash"), required=False)


class RefundForm(Form):
    """Money back, with the reason."""

    amount = MoneyFormField(label=_("Amount"), min_value=Decimal("0.01"))
    reason = reason_field()


class ReasonForm(RevisionForm):
    """Why an order is called off."""

    reason = reason_field()


class RescheduleForm(RevisionForm):
    """Another promised time."""

    needed_at = DateTimeField(label=_("Promised for"), required=False)
    reason = reason_field(required=False)


class PlacesField(django_forms.ModelMultipleChoiceField):
    """Places, with what is closed of them."""

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.shown)


class ChannelForm(ModelForm):
    """The rules of a channel."""

    locations = PlacesField(
        label=_("Sells from"), queryset=Location.objects.none(), widget=django_forms.CheckboxSelectMultiple
    )
    spans: ClassVar[dict[str, int]] = {
        "code": 2, "name": 4, "kind": 3, "price_list": 3, "acceptance": 4, "acceptance_minutes": 2,
        "hold_minutes": 2, "warn_minutes": 2, "expiry_margin_days": 2, "payment_terms": 4, "position": 2,
        "preorder": 3, "is_active": 3,
    }  # fmt: skip

    class Meta:
        model = Channel
        fields: Sequence[str] = (
            "code", "name", "kind", "price_list", "acceptance", "acceptance_minutes", "hold_minutes", "warn_minutes",
            "expiry_margin_days", "payment_terms", "position", "preorder", "is_active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = self.fields["locations"]
        assert isinstance(places, django_forms.ModelMultipleChoiceField)
        self._order = dict(self.instance.places.values_list("location_id", "position")) if self.instance.pk else {}
        # What was closed since stays ticked: saving another rule does not take it away.
        offered = Q(pk__in=self._order) | (Q(is_active=True) & ~Q(kind=Location.Kind.QUARANTINE))
        places.queryset = Location.objects.physical().filter(offered).order_by("name")
        lists = self.fields["price_list"]
        assert isinstance(lists, django_forms.ModelChoiceField)
        lists.queryset = PriceList.objects.filter(is_active=True).order_by("name")
        if self.instance.pk:
            self.initial.setdefault("locations", list(self._order))

    def clean_locations(self) -> list[Location]:
        """Those that were there keep their order; new ones come behind them, by name."""
        chosen = self.cleaned_data["locations"]
        if self.cleaned_data.get("is_active") and not any(place.is_active for place in chosen):
            raise ValidationError(_("Choose at least one open place."))
        return sorted(chosen, key=lambda place: self._order.get(place.pk, len(self._order)))
