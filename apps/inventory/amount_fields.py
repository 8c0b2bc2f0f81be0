"""How much of a product that is named in the same form: a number, or one with a unit or pack behind it."""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product, Unit
from backoffice.kernel import quantity as quantities
from backoffice.ui.forms import QuantityFormField

WITH_UNIT = re.compile(r"\s*([-+]?\d[\d.,\s]*)(?<=\d)\s*([^\W\d].*)")


class AmountField(QuantityFormField):
    """A quantity in the product's unit. "1,5 kg", "200 g" and "2 sacks" are reckoned in it."""

    default_error_messages = {
        "unit": _("“%(text)s”: %(product)s is counted in %(unit)s. Enter how many of these."),
        "pack": _(
            "“%(text)s”: %(product)s comes in %(own)s. Write one of these behind the number, or none for %(unit)s."
        ),
    }
    product: Product | None = None  # what the form is about, known once it was scanned

    def to_python(self, value: Any) -> Any:
        said = WITH_UNIT.fullmatch(value) if isinstance(value, str) and self.product is not None else None
        if said is None or self.product is None:
            return super().to_python(value)
        amount, named = super().to_python(said[1]), said[2].strip().rstrip(".").casefold()
        ratio = self.ratio(self.product, named)
        if ratio is None:
            unit = self.product.unit.code
            packs = [pack.name for pack in self.product.packs.all()][:5]
            params = {
                "text": value.strip(),
                "product": self.product.name,
                "unit": unit,
                "own": ", ".join([unit, *packs]),
            }
            key = "pack" if packs else "unit"
            raise ValidationError(self.error_messages[key], code=key, params=params)
        return quantities.bare(quantities.from_fraction(Fraction(amount) * ratio))

    @staticmethod
    def ratio(product: Product, named: str) -> Fraction | None:
        """How many of the product's unit one of what was named is."""
        if named in (product.unit.code.casefold(), product.unit.name.casefold()):
            return Fraction(1)
        packs = {pack.name.casefold(): pack for pack in product.packs.all()}
        if pack := packs.get(named):
            return Fraction(pack.ratio)
        for unit in Unit.objects.filter(dimension=product.unit.dimension):
            if named in (unit.code.casefold(), unit.name.casefold()):
                return quantities.convert_exact(Decimal(1), unit, product.unit)
        return None
