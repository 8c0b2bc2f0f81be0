"""Forms of promotions and coupons."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Category, Product, Promotion, PromotionScope
from apps.catalog.selectors import sales_channels
from apps.catalog.services.promotions import Scope
from backoffice.kernel import clock
from backoffice.ui.forms import DateTimeField, DecimalField, Form, ModelForm

from .product import TagsField

MOST_NAMED = 500
LONGEST_TAG = PromotionScope._meta.get_field("tag").max_length


class PromotionForm(ModelForm):
    """A rule with its conditions; what it is about stands in three fields of its own."""

    value = DecimalField(
        places=4, label=_("How much"), required=False,
        help_text=_("Per cent, or an amount: for one, or for the whole order."),
    )  # fmt: skip
    skus = forms.CharField(
        label=_("Products"), required=False, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("SKUs parted by commas or lines."),
    )  # fmt: skip
    categories = forms.ModelMultipleChoiceField(
        Category.objects.none(), label=_("Categories with all beneath them"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    tags = TagsField(label=_("Products tagged"), required=False, help_text=_("Words parted by commas."))
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On these days"), coerce=int, required=False, choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple, help_text=_("None: every day."),
    )  # fmt: skip
    channels = forms.MultipleChoiceField(
        label=_("Channels"), required=False, widget=forms.CheckboxSelectMultiple, help_text=_("None: everywhere.")
    )
    customer_tags = TagsField(label=_("Customers tagged"), required=False, help_text=_("Words parted by commas."))

    spans: ClassVar[dict[str, int]] = {
        "name": 4, "kind": 2, "level": 2, "value": 2, "buy": 1, "pay": 1, "valid_from": 3, "valid_to": 3,
        "from_hour": 3, "until_hour": 3, "minimum": 2, "expires_within": 2, "customer_tags": 2, "priority": 2,
        "stackable": 2, "is_active": 2, "by_coupon": 2, "max_uses": 2, "max_uses_each": 2,
    }  # fmt: skip
    groups = (
        (_("What it gives"), ["name", "kind", "level", "value", "buy", "pay"]),
        (_("What it is about"), ["skus", "categories", "tags"]),
        (_("When"), ["valid_from", "valid_to", "weekdays", "from_hour", "until_hour"]),
        (_("For whom"), ["channels", "customer_tags", "minimum", "expires_within"]),
        (_("Beside other rules"), ["priority", "stackable", "is_active"]),
        (_("How often"), ["by_coupon", "max_uses", "max_uses_each"]),
    )

    class Meta:
        model = Promotion
        fields = (
            "name", "kind", "level", "value", "buy", "pay", "valid_from", "valid_to", "weekdays", "from_hour",
            "until_hour", "channels", "customer_tags", "minimum", "expires_within", "priority", "stackable",
            "is_active", "by_coupon", "max_uses", "max_uses_each",
        )  # fmt: skip
        widgets = {
            "from_hour": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "until_hour": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["categories"].queryset = Category.objects.order_by("name")
        fields["channels"].choices = [(code, name) for code, name, _list in sales_channels.choices()]
        fields["priority"].help_text = _("Of two that take the same, the smaller number counts.")
        fields["stackable"].help_text = _("Taken off what other rules leave.")
        fields["until_hour"].help_text = _("An hour before the first one is on the next day.")
        fields["expires_within"].help_text = _("Days its first lot is still good, at most.")
        if self.instance.pk:
            scopes = list(self.instance.scopes.select_related("product"))
            self.initial.setdefault("skus", ", ".join(one.product.sku for one in scopes if one.product))
            self.initial.setdefault("categories", [one.category_id for one in scopes if one.category_id])
            self.initial.setdefault("tags", [one.tag for one in scopes if one.tag])

    def clean_skus(self) -> list[Product]:
        skus = [one for one in re.split(r"[\s,;]+", self.cleaned_data["skus"]) if one]
        if len(skus) > MOST_NAMED:
            raise ValidationError(gettext("At most %(most)d products; use a category or a tag.") % {"most": MOST_NAMED})
        rows = {row.sku.lower(): row for row in Product.objects.filter(sku__in=skus)}
        for sku in skus:
            if sku.lower() not in rows and (found := Product.objects.filter(sku__iexact=sku).first()):
                rows[sku.lower()] = found
        if unknown := [sku for sku in skus if sku.lower() not in rows]:
            raise ValidationError(gettext("There is no product %(skus)s.") % {"skus": ", ".join(unknown[:5])})
        return list({row.pk: row for row in rows.values()}.values())

    def clean_tags(self) -> list[str]:
        tags: list[str] = self.cleaned_data["tags"]
        for tag in tags:
            MaxLengthValidator(LONGEST_TAG)(tag)
        return tags

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("value") is None and "value" not in self.errors:
            data["value"] = Promotion._meta.get_field("value").get_default()
        if data.get("kind") == Promotion.Kind.FREE_DELIVERY:
            data["level"] = Promotion.Level.ORDER
        return data

    def columns(self) -> dict[str, Any]:
        """The columns of the rule and what it is about, as the service takes them."""
        data = self.cleaned_data
        scope = Scope(products=data["skus"], categories=list(data["categories"]), tags=data["tags"])
        return {"scope": scope, **{name: data[name] for name in self.Meta.fields}}


class CouponsForm(Form):
    """One coupon with a code of its own, or many that nobody guesses."""

    code = forms.CharField(
        label=_("Code"), max_length=40, required=False, help_text=_("Blank: codes that nobody guesses.")
    )
    count = forms.IntegerField(label=_("How many"), min_value=1, max_value=1000, initial=1)
    max_uses = forms.IntegerField(
        label=_("Orders for each"), min_value=1, required=False, initial=1, help_text=_("Blank: as often as one likes.")
    )

    spans: ClassVar[dict[str, int]] = {"code": 2, "count": 2, "max_uses": 2}


class TryForm(Form):
    """A basket, and the situation in which the rules are tried."""

    basket = forms.CharField(
        label=_("Basket"), max_length=2000, widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("One product a line, by SKU, barcode or name: 3 × CROISSANT"),
    )  # fmt: skip
    channel = forms.ChoiceField(label=_("Channel"), required=False)
    at = DateTimeField(label=_("When"), required=False, help_text=_("Blank: now."))
    days_left = forms.IntegerField(
        label=_("Days to expiry"), required=False, min_value=0, max_value=9999,
        help_text=_("Of every lot in the basket. Blank: of the lots there are."),
    )  # fmt: skip
    customer_tags = TagsField(label=_("Customer tagged"), required=False)
    coupon = forms.CharField(label=_("Coupon"), required=False, max_length=40)

    spans: ClassVar[dict[str, int]] = {"customer_tags": 3, "coupon": 3}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["channel"]
        field.choices = [(code, name) for code, name, _list in sales_channels.choices()] or [("", "–")]

    def clean_at(self) -> datetime:
        return self.cleaned_data["at"] or clock.now()
