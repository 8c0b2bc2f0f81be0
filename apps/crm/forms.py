"""What people type about customers, addresses and points."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import PriceList
from apps.crm.errors import CustomerExists
from apps.crm.models import Address, Customer, LoyaltyProgram, documents, phones
from backoffice.ui.forms import DecimalField, Form, ModelForm, reason_field

ADDRESS = ("street", "number", "complement", "neighbourhood", "city", "state", "postal_code")


class TagsField(forms.CharField):
    """Words between commas, kept as a list."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value) or ""
        return list(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(self.prepare_value(initial) or "") != self.to_python(data or "")


class CustomerForm(ModelForm):
    """A customer. Without the permission to see documents, one that is there is neither shown nor changed."""

    document = forms.CharField(
        label=_("CPF or CNPJ"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    phone = forms.CharField(
        label=_("Telephone"), required=False, max_length=30, widget=forms.TextInput(attrs={"type": "tel"})
    )
    tags = TagsField(label=_("Tags"), required=False, max_length=200, help_text=_("Words between commas."))

    spans = {
        "kind": 2, "name": 4, "trade_name": 3, "document": 3, "phone": 3, "email": 3, "price_list": 3, "birthday": 3,
    }  # fmt: skip
    groups = [
        (_("Who"), ["kind", "name", "trade_name", "document"]),
        (_("Reached by"), ["phone", "email"]),
        (_("For the shop"), ["price_list", "birthday", "tags", "notes", "is_active"]),
    ]

    class Meta:
        model = Customer
        fields = (
            "kind", "name", "trade_name", "document", "birthday", "phone", "email", "price_list", "tags", "notes",
            "is_active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lists: Any = self.fields["price_list"]
        offered = Q(is_active=True) | Q(pk=self.instance.price_list_id)
        lists.queryset = PriceList.objects.filter(offered).order_by("name")
        if self.instance.pk:
            self.initial["document"] = self.instance.document_formatted
            self.initial["phone"] = self.instance.phone_formatted
        else:
            del self.fields["is_active"]

    def hide_document(self) -> None:
        """For who may not see documents: one that is there stays as it is."""
        if self.instance.document:
            del self.fields["document"]

    def clean_document(self) -> str:
        document = documents.normalise(self.cleaned_data["document"])
        # Here already, because the database's own words would not say who has it.
        if twin := Customer.objects.with_document(document).exclude(pk=self.instance.pk).first():
            raise forms.ValidationError(str(CustomerExists(code=twin.code, name=twin.name)))
        return document

    def clean_phone(self) -> str:
        return phones.normalise(self.cleaned_data["phone"])

    def columns(self) -> dict[str, Any]:
        """What was typed, for the service; the revision apart."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.cleaned_data}


class NewCustomerForm(CustomerForm):
    """A new customer, with a first address when there is one."""

    street = forms.CharField(label=_("Street"), required=False, max_length=120)
    number = forms.CharField(label=_("Number"), required=False, max_length=20)
    complement = forms.CharField(label=_("Complement"), required=False, max_length=60)
    neighbourhood = forms.CharField(label=_("Neighbourhood"), required=False, max_length=60)
    city = forms.CharField(label=_("City"), required=False, max_length=80)
    state = forms.CharField(label=_("State or region"), required=False, max_length=2)
    postal_code = forms.CharField(label=_("Postal code"), required=False, max_length=10)

    spans = {
        **CustomerForm.spans, "street": 4, "number": 2, "complement": 3, "neighbourhood": 3, "city": 3, "state": 1,
        "postal_code": 2,
    }  # fmt: skip
    groups = [*CustomerForm.groups[:2], (_("Address"), ADDRESS), *CustomerForm.groups[2:]]

    def clean_postal_code(self) -> str:
        return clean_postal_code(self.cleaned_data["postal_code"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if any(cleaned.get(name) for name in ADDRESS):
            for name in ("street", "city"):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, _("An address needs a street and a city."))
        return cleaned

    def address(self) -> dict[str, Any]:
        """The first address for the service; empty when none was given."""
        typed = {name: self.cleaned_data.get(name, "") for name in ADDRESS}
        return typed if typed["street"] else {}


class AddressForm(ModelForm):
    """A place where a customer can be found."""

    postal_code = forms.CharField(label=_("Postal code"), required=False, max_length=10)

    spans = {
        "label": 4, "is_default": 2, "street": 4, "number": 2, "complement": 3, "neighbourhood": 3, "city": 3,
        "state": 1, "postal_code": 2,
    }  # fmt: skip

    class Meta:
        model = Address
        fields = ("label", "is_default", *ADDRESS)
        labels = {"state": _("State or region")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["postal_code"] = self.instance.postal_code_formatted
            if self.instance.is_default:
                del self.fields["is_default"]

    def clean_postal_code(self) -> str:
        return clean_postal_code(self.cleaned_data["postal_code"])

    def columns(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.cleaned_data}


class TagForm(Form):
    """A word to put on many customers."""

    tag = forms.CharField(label=_("Tag"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class PointsForm(Form):
    """A correction of points, up or down."""

    points = forms.IntegerField(
        label=_("Points"),
        min_value=-1_000_000,
        max_value=1_000_000,
        help_text=_("A minus takes points away."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "input num"}),
    )
    reason = reason_field()

    spans = {"points": 2, "reason": 4}


class ProgramForm(ModelForm):
    """How money becomes points, and points become money."""

    spans = {"name": 4, "code": 2, "points_per_currency": 3, "minimum_amount": 3, "redeem_value": 3, "expiry_months": 3}

    class Meta:
        model = LoyaltyProgram
        fields = (
            "name", "code", "points_per_currency", "minimum_amount", "redeem_value", "expiry_months", "is_active",
        )  # fmt: skip


class SimulatorForm(Form):
    """An amount to try the program with."""

    amount = DecimalField(
        label=_("A purchase of"), places=2, affix="R$", min_places=2, min_value=0, max_value=1_000_000
    )


def clean_postal_code(text: str) -> str:
    """Eight digits or nothing."""
    digits = "".join(character for character in text if character.isdigit())
    if text.strip() and len(digits) != 8:
        raise forms.ValidationError(_("A postal code (CEP) has eight digits."))
    return digits
