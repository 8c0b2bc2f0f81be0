"""What lines of a receipt really cost: an amount of money, or the price of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms as django_forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import ProductUnit
from apps.inventory.models import Move
from apps.inventory.services import amounts
from backoffice.company import current as current_company
from backoffice.kernel import money
from backoffice.kernel import quantity as quantities
from backoffice.ui.forms import Form, MoneyFormField, PriceFormField, dress, reason_field


@dataclass(frozen=True)
class Line:
    """A line of a receipt, what it is in the books for now, and the pack that it was ordered in."""

    move: Move
    value: Decimal
    pack: ProductUnit | None = None

    @property
    def packs(self) -> Fraction:
        """How many of what a price is for."""
        return Fraction(self.move.quantity) / (self.pack.ratio if self.pack else Fraction(1))

    @property
    def unit(self) -> str:
        return str(self.pack.name) if self.pack else str(self.move.product.unit.code)

    @property
    def price(self) -> Decimal:
        """What one costs in the books."""
        return money.round_to(quantities.from_fraction(Fraction(self.value) / self.packs), 4)

    def worth(self, price: Decimal) -> Decimal:
        """What the line costs at a price of one."""
        return money.round_money(quantities.from_fraction(Fraction(price) * self.packs))

    def title(self) -> str:
        count = quantities.format_quantity(quantities.from_fraction(self.packs), self.unit)
        lot = "" if self.move.lot.is_silent else self.move.lot.code
        return " · ".join(part for part in (self.move.product.name, lot, count) if part)


class CostForm(Form):
    """Two fields a line: the amount, or the price of one. A line that is left blank stays as it is."""

    reference = django_forms.CharField(label=gettext_lazy("Invoice"), max_length=80, required=False)
    reason = reason_field()

    def __init__(self, *args: Any, lines: Sequence[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        spans = {"reference": 2, "reason": 4}
        groups = []
        currency = money.SYMBOLS.get(current_company().currency, current_company().currency)
        tail = {name: self.fields.pop(name) for name in ("reference", "reason")}
        for line in lines:
            amount, price = f"amount_{line.move.pk}", f"price_{line.move.pk}"
            self.fields[amount] = MoneyFormField(
                label=_("Amount of the line"),
                required=False,
                min_value=0,
                affix=currency,
                help_text=_("%(money)s in the books.") % {"money": money.format_amount(line.value)},
            )
            self.fields[price] = PriceFormField(
                label=_("Or the price of one: %(unit)s") % {"unit": line.unit},
                required=False,
                min_value=0,
                affix=currency,
                help_text=_("%(money)s in the books.") % {"money": money.format_amount(line.price, 4)},
            )
            spans |= {amount: 3, price: 3}
            groups.append((line.title(), [amount, price]))
        self.fields.update(tail)
        groups.append((_("Why"), ["reference", "reason"]))
        self.spans, self.groups = spans, groups  # type: ignore[misc]
        dress(self)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        said = 0
        for line in self.lines:
            amount, price = data.get(f"amount_{line.move.pk}"), data.get(f"price_{line.move.pk}")
            if amount is not None and price is not None and line.worth(price) != amount:
                self.add_error(
                    f"price_{line.move.pk}",
                    _("%(price)s each makes %(worth)s, not %(amount)s. Fill in one of the two.")
                    % {
                        "price": money.format_amount(price, 4),
                        "worth": money.format_amount(line.worth(price)),
                        "amount": money.format_amount(amount),
                    },
                )
            for name, value in (("amount", amount), ("price", price and line.worth(price))):
                if value is not None and value >= amounts.MOST:
                    self.add_error(f"{name}_{line.move.pk}", amounts.too_much())
            said += amount is not None or price is not None
        if not said and not self.errors:
            raise ValidationError(_("Say what at least one line really cost."))
        return data

    def values(self) -> dict[int, Decimal]:
        """The money that each line which was filled in really cost, by move."""
        found = {}
        for line in self.lines:
            amount = self.cleaned_data.get(f"amount_{line.move.pk}")
            price = self.cleaned_data.get(f"price_{line.move.pk}")
            if amount is not None:
                found[line.move.pk] = amount
            elif price is not None:
                found[line.move.pk] = line.worth(price)
        return found
