"""A receipt while it is typed: lines that live in the form, not in the database, until they are posted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import Location, Lot
from apps.inventory.receipt_scan import Found, find, options, place, receivable
from apps.inventory.scan_fields import PlaceField
from apps.inventory.selectors import locations as places
from apps.inventory.services import lots
from apps.inventory.services.amounts import wrong_pack
from apps.inventory.services.stock import ReceiptLine
from backoffice.kernel import clock, money, quantity
from backoffice.kernel.errors import DomainError
from backoffice.ui.forms import DateField, Form, MoneyFormField, QuantityFormField

__all__ = ["MAX_LINES", "Draft", "Found", "add", "build", "find", "options", "place", "read"]

MAX_LINES = 100
DEARER = Decimal("0.05")
HEAD_FIELDS = {"destination": "location", "occurred_at": "came_on"}
LINE_FIELDS = ("pack", "lot_code", "expires_on", "cost")


class HeadForm(Form):
    """Where it came to and what it came with."""

    location = PlaceField(label=gettext_lazy("Destination"), closed_too=True)
    came_on = DateField(label=gettext_lazy("Came on"), required=False, help_text=gettext_lazy("Blank: now."))
    supplier_name = forms.CharField(label=gettext_lazy("Supplier"), max_length=120, required=False)
    reference = forms.CharField(label=gettext_lazy("Invoice"), max_length=80, required=False)
    note = forms.CharField(label=gettext_lazy("Note"), max_length=200, required=False)
    each_place = forms.BooleanField(
        label=gettext_lazy("Each to where it is kept"),
        required=False,
        initial=True,
        help_text=gettext_lazy("What has no place of its own goes to the one above."),
    )
    spans = {"location": 3, "came_on": 3, "supplier_name": 2, "reference": 2, "note": 2}

    def clean_came_on(self) -> date | None:
        day = self.cleaned_data["came_on"]
        if day is not None and day > clock.today():
            raise forms.ValidationError(_("That day is still to come. Receive it when it is here."))
        return day

    @property
    def day(self) -> date:
        """The day that it came: what a shelf life is reckoned from. Today while the form says nothing sensible."""
        self.is_valid()
        return getattr(self, "cleaned_data", {}).get("came_on") or clock.today()

    @property
    def occurred_at(self) -> datetime | None:
        """The instant that is posted: noon of a day before today; None is now."""
        return clock.at(self.day, 12) if self.day < clock.today() else None


class ReceivedField(QuantityFormField):
    """How many of the pack that is chosen beside it."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError as error:
            what = _("Type the number alone; the pack is chosen beside it.")
            raise forms.ValidationError(f"{error.messages[0]} {what}", code="invalid") from error


class LineForm(Form):
    """One line: how many of which pack, the lot, its last day, what a pack cost."""

    product = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**62)
    quantity = ReceivedField(label=gettext_lazy("Received"))
    pack = forms.ChoiceField(label=gettext_lazy("Pack"), required=False)
    lot_code = forms.CharField(label=gettext_lazy("Lot code"), max_length=60, required=False)
    expires_on = DateField(label=gettext_lazy("Expiry"), required=False)
    cost = MoneyFormField(label=gettext_lazy("Cost of one"), places=4)

    def __init__(self, *args: Any, product: Product, came_on: date, **kwargs: Any) -> None:
        self.of, self.came_on = product, came_on
        super().__init__(*args, **kwargs)
        packs = [(str(pack.pk), pack.name) for pack in product.packs.all()]
        self.fields["pack"].choices = [("", product.unit.code), *packs]  # type: ignore[attr-defined]
        for bound in self:
            bound.field.widget.attrs |= {"aria-label": f"{bound.label}: {product.name}"}
        for name in ("quantity", "cost"):
            self.fields[name].widget.attrs["class"] = "input xs num"
        self.fields["pack"].widget.attrs["class"] = "select xs"
        self.fields["lot_code"].widget.attrs |= {"class": "input xs code", "placeholder": _("automatic")}
        self.fields["expires_on"].widget.attrs["class"] = "input xs"

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if "quantity" in data and data["quantity"] is not None and data["quantity"] <= 0:
            self.add_error("quantity", _("Above zero; remove the line, if none of it came."))
        if data.get("cost") is not None and data["cost"] < 0:
            self.add_error("cost", _("Not below zero."))
        if "pack" in self.errors:  # the list is the product's own, so it was made or taken off since, or never was one
            raw = str(self.data.get(self.add_prefix("pack"), ""))
            there = ProductUnit.objects.filter(pk=int(raw)).first() if re.fullmatch(r"[0-9]{1,17}", raw) else None
            del self._errors["pack"]  # type: ignore[attr-defined]
            self.add_error("pack", wrong_pack(self.of, there, data.get("quantity")))
        if self.suggested and not data.get("expires_on") and "expires_on" not in self.errors:
            self.add_error("expires_on", self.expiry_note)
        return data

    @cached_property
    def suggested(self) -> date | None:
        """The last good day that the shelf life would make, where a date is needed."""
        return lots.suggested_expiry(self.of, self.came_on) if self.of.lot_tracked else None

    @property
    def expiry_note(self) -> str:
        assert self.suggested is not None
        return _("Expiry is needed for %(product)s. Suggested %(date)s, %(days)s days.") % {
            "product": self.of.name,
            "date": date_format(self.suggested, "SHORT_DATE_FORMAT"),
            "days": self.of.shelf_life_days,
        }


@dataclass
class Line:
    """A line as the page shows it."""

    index: int
    product: Product
    form: LineForm
    last_cost: Decimal | None = None
    current: bool = False
    kept_at: Location | None = None  # where it goes, unless all of the delivery goes to one place
    agreed: Decimal | None = None  # what one of it costs by the order

    @cached_property
    def parts(self) -> ReceiptLine | None:
        """What the service would be given; None while the line cannot be read."""
        data = self.form.cleaned_data if self.form.is_valid() or hasattr(self.form, "cleaned_data") else {}
        amount, cost = data.get("quantity"), data.get("cost")
        if amount is None or cost is None or amount <= 0:
            return None
        return ReceiptLine(
            self.product,
            amount,
            pack=self.pack,
            lot_code=data.get("lot_code") or "",
            expires_on=data.get("expires_on"),
            pack_cost=cost,
            location=self.kept_at,
        )

    @property
    def pack(self) -> ProductUnit | None:
        raw = getattr(self.form, "cleaned_data", {}).get("pack")
        return next((pack for pack in self.product.packs.all() if str(pack.pk) == raw), None) if raw else None

    @cached_property
    def in_stock_unit(self) -> Decimal | None:
        try:
            return self.parts.in_stock_unit() if self.parts else None
        except DomainError:
            return None

    @property
    def converted(self) -> str:
        """For example "= 50 kg", when packs were received."""
        if self.in_stock_unit is None or self.pack is None:
            return ""
        return f"= {quantity.format_quantity(self.in_stock_unit, self.product.unit.code)}"

    @property
    def total(self) -> Decimal | None:
        return self.parts.worth(self.in_stock_unit) if self.parts and self.in_stock_unit is not None else None

    @property
    def complete(self) -> bool:
        return self.form.is_valid() and self.total is not None and not self.needs_expiry

    @property
    def needs_expiry(self) -> bool:
        return bool(self.form.suggested) and not getattr(self.form, "cleaned_data", {}).get("expires_on")

    @property
    def dearer(self) -> str:
        """Said when a unit costs noticeably more than last time."""
        if not self.parts or not self.last_cost:
            return ""
        rise = self.parts.cost_of_unit() / self.last_cost - 1
        if rise <= DEARER:
            return ""
        return _("%(percent)s %% more than last time (%(cost)s a %(unit)s).") % {
            "percent": quantity.format_quantity((rise * 100).quantize(Decimal("0.1"))),
            "cost": money.format_amount(self.last_cost),
            "unit": self.product.unit.code,
        }

    @property
    def off_price(self) -> str:
        """Said when one costs more or less than was agreed."""
        if self.agreed is None or not self.parts or self.parts.pack_cost is None:
            return ""
        more = self.parts.pack_cost - self.agreed
        if not more:
            return ""
        told = {"difference": money.format_amount(abs(more)), "price": money.format_amount(self.agreed)}
        if more > 0:
            return _("%(difference)s more than agreed (%(price)s).") % told
        return _("%(difference)s less than agreed (%(price)s).") % told


@dataclass
class Draft:
    """The whole receipt as it stands in the form."""

    head: HeadForm
    lines: list[Line] = field(default_factory=list)
    said: str = ""  # an answer to the last scan
    said_tone: str = ""

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines if line.total is not None), Decimal(0))

    @property
    def missing_expiry(self) -> int:
        return sum(1 for line in self.lines if line.needs_expiry)

    @property
    def complete(self) -> int:
        return sum(1 for line in self.lines if line.complete)

    def is_valid(self) -> bool:
        """Whether everything can be posted; all lines are looked at, so that all errors show."""
        checked = [line.form.is_valid() for line in self.lines]
        return self.head.is_valid() and bool(checked) and all(checked)

    def refuse(self, error: DomainError) -> DomainError | None:
        """Say beside its field what a rule refused. Returns the error when it belongs to no field here."""
        form: Form = self.head
        name = HEAD_FIELDS.get(error.field or "", error.field)
        if error.line is not None and error.line < len(self.lines):
            form, name = self.lines[error.line].form, error.field if error.field in LINE_FIELDS else "quantity"
        if name not in form.fields:
            return error
        form.add_error(name, error.beside)
        return None

    def point(self) -> None:
        """Put the cursor where the first thing is to be mended."""
        for form in (self.head, *(line.form for line in self.lines)):
            for bound in form.visible_fields():
                if bound.errors:
                    bound.field.widget.attrs |= {"autofocus": True, "data-focus": ""}
                    return


def read(data: Mapping[str, Any]) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The raw lines and head of a posted form; more lines than fit are dropped."""
    count = data.get("lines", "0")
    number = min(int(count), MAX_LINES) if str(count).isascii() and str(count).isdigit() and len(str(count)) < 6 else 0
    names = LineForm.base_fields
    rows = [{name: data.get(f"line-{index}-{name}", "") for name in names} for index in range(number)]
    return [row for row in rows if row["product"]], {name: data.get(name, "") for name in HeadForm.base_fields}


def build(rows: list[dict[str, str]], head: Mapping[str, str] | None, *, current: int | None = None) -> Draft:
    """The draft of raw lines, with products, packs and last costs loaded in a constant number of queries."""
    keys = {
        int(row["product"])
        for row in rows
        if row["product"].isascii() and row["product"].isdigit() and len(row["product"]) < 18
    }
    products = {product.pk: product for product in receivable().filter(pk__in=keys)}
    latest = (
        Lot.objects.filter(product_id__in=keys, produced_on=None)
        .order_by()
        .values("product_id")
        .annotate(newest=Max("pk"))
    )
    costs = dict(Lot.objects.filter(pk__in=latest.values("newest")).values_list("product_id", "unit_cost"))
    known = [
        row for row in rows if row["product"].isascii() and row["product"].isdigit() and int(row["product"]) in products
    ]
    own_places = places.kept_at(products) if head is None or head.get("each_place") else {}
    about = HeadForm(head) if head is not None else HeadForm(initial={"location": places.usual()})
    lines = []
    for index, row in enumerate(known):
        product = products[int(row["product"])]
        prefixed = {f"line-{index}-{name}": value for name, value in row.items()}
        form = LineForm(prefixed, product=product, came_on=about.day, prefix=f"line-{index}")
        form.is_valid()
        lines.append(
            Line(
                index,
                product,
                form,
                last_cost=costs.get(product.pk),
                current=index == current,
                kept_at=own_places.get(product.pk),
            )
        )
    return Draft(about, lines)


def add(rows: list[dict[str, str]], found: Found) -> int:
    """Count one more of what was scanned, or as much as its code says, on its line or on a new one. Returns the line's
    place."""
    amount = found.quantity or Decimal(1)
    pack = str(found.pack.pk) if found.pack else ""
    for index, row in enumerate(rows):
        same_lot = not found.lot_code or row["lot_code"] in ("", found.lot_code)
        if row["product"] == str(found.product.pk) and row["pack"] == pack and same_lot:
            row["quantity"] = _more(row["quantity"], amount)
            row["lot_code"] = row["lot_code"] or found.lot_code
            if not row["expires_on"] and found.expires_on:
                row["expires_on"] = found.expires_on.isoformat()
            return index
    last = (
        Lot.objects.filter(product=found.product, produced_on=None)
        .order_by("-pk")
        .values_list("unit_cost", flat=True)
        .first()
    )
    cost = ""
    if last is not None:
        ratio = found.pack.ratio if found.pack else 1
        raw = (
            quantity.from_fraction(ratio * last.as_integer_ratio()[0] / last.as_integer_ratio()[1])
            if found.pack
            else last
        )
        cost = str(MoneyFormField(places=4).prepare_value(money.round_to(Decimal(raw), 4)))
    rows.append(
        {
            "product": str(found.product.pk),
            "quantity": str(QuantityFormField().prepare_value(amount)),
            "pack": pack,
            "lot_code": found.lot_code,
            "expires_on": found.expires_on.isoformat() if found.expires_on else "",
            "cost": cost,
        }
    )
    return len(rows) - 1


def _more(text: str, amount: Decimal) -> str:
    bound = QuantityFormField()
    try:
        now = bound.to_python(text) or Decimal(0)
    except forms.ValidationError:
        return text
    return str(bound.prepare_value(now + amount))
