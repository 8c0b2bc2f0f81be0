"""What is asked beside the file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.orders.models import Channel
from backoffice.ui.forms import Form


class PastSalesOptions(Form):
    """Which channel sold this, and how the till counted its tickets."""

    channel = forms.ModelChoiceField(
        label=_("Sold through"),
        queryset=Channel.objects.active().in_order(),
        help_text=_("Its price list gives the prices that the file does not have."),
    )
    till = forms.SlugField(
        label=_("Name of the till"),
        required=False,
        max_length=20,
        help_text=_("Only when logs of several tills are imported whose ticket numbers are alike."),
    )
    daily = forms.BooleanField(
        label=_("Ticket numbers start again every day"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counter = Channel.objects.active().filter(kind=Channel.Kind.COUNTER).in_order().first()
        self.fields["channel"].initial = counter
