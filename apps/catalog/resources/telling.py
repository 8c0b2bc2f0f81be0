"""What a new product of a file will be, in words for who looks at the preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.catalog.models import Attribute
from backoffice.kernel import clock, money
from backoffice.kernel.text import fold
from backoffice.transfers.rows import DecimalStyle, Fact

from .cells import VIDEO, say_attribute, say_packs, say_parts
from .columns import LABELS
from .house import House
from .known import own_name
from .reading import CHOICES

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow

LONGEST = 160  # of a description: enough to know it by
NAMED = 3  # pictures whose files are named
# Told in their own way, or seen beside it: name and SKU.
APART = frozenset({"sku", "name", "kind", "category", "unit", "barcode", "axes", "attributes", "description"})


def facts(rows: Sequence[TransferRow], house: House, style: DecimalStyle) -> dict[int, list[Fact]]:
    """What each of these new rows will make, by its key. What the house has not yet is marked as new."""
    return {row.pk: [fact for fact in _of(row.data, house, style) if fact.value] for row in rows}


def _of(data: Mapping[str, Any], house: House, style: DecimalStyle) -> Iterator[Fact]:
    fields = data["fields"]
    if variant := data.get("variant"):
        yield Fact(LABELS["variant_of"], variant["of"])
    path = fields.get("category", "")
    # What is new with a product is told there, and not again of each of its variants.
    yield Fact(LABELS["category"], path, not variant and fold(path) not in house.paths_by_fold)
    for code, amount in data.get("prices", {}).items():
        yield Fact(house.price_labels.get(code, code), _price(amount))
    for moment, amount in data.get("later", ()):
        day = date_format(clock.local(datetime.fromisoformat(moment)), "SHORT_DATE_FORMAT")
        yield Fact(_("Price from %(day)s") % {"day": day}, _price(amount))
    yield from _attributes(data, house, style)
    if count := data.get("variants"):
        yield Fact(_("Variants"), _("%(count)s in the file") % {"count": count})
    yield Fact(LABELS["packs"], say_packs(data.get("packs") or {}, style))
    yield Fact(LABELS["parts"], say_parts(data.get("parts") or {}, style))
    yield from _media(data.get("media", ()))
    for name in ("kind", "unit", "barcode", *(name for name in LABELS if name not in APART)):
        yield Fact(LABELS[name], _word(name, fields.get(name, "")))
    yield Fact(LABELS["description"], _shortened(fields.get("description", "")))


def _attributes(data: Mapping[str, Any], house: House, style: DecimalStyle) -> Iterator[Fact]:
    coming = {said["code"]: said for said in data.get("needs", {}).get("attributes", ())}
    fields = data["fields"]
    axes = [_attribute(code, house, coming) for code in fields.get("axes", ())]
    yield Fact(LABELS["axes"], ", ".join(axis.name for axis in axes))
    for axis in axes:
        fresh = ", ".join(name for _code, name in coming.get(axis.code, {}).get("options", ()))
        yield Fact(axis.name, fresh, True)
    for code, value in fields.get("attributes", {}).items():
        attribute = _attribute(code, house, coming)
        said = _truth(value) if isinstance(value, bool) else say_attribute(attribute, value, style)
        yield Fact(attribute.name, said, not data.get("variant") and code not in house.attributes)


def _attribute(code: str, house: House, coming: Mapping[str, Mapping[str, Any]]) -> Attribute:
    """As it will be: with the choices that it has and those that the row brings."""
    there, said = house.attributes.get(code), coming.get(code, {})
    options = [{"code": option, "name": name} for option, name in said.get("options", ())]
    if there is None:
        return Attribute(code=code, name=said.get("name", code), type=said.get("type", ""), options=options)
    known = there.option_names
    options = [*there.options, *(option for option in options if option["code"] not in known)]
    return Attribute(code=code, name=there.name, type=there.type, options=options)


def _media(addresses: Sequence[str]) -> Iterator[Fact]:
    for label, kind in ((_("Pictures"), False), (_("Videos"), True)):
        some = [address for address in addresses if address.startswith(VIDEO) is kind]
        if some:
            names = ", ".join(unquote(own_name(address.partition("?")[0])) for address in some[:NAMED])
            more = ", …" if len(some) > NAMED else ""
            yield Fact(label, f"{len(some)}: {names}{more}")


def _price(amount: str | None) -> str:
    return "" if amount is None else money.format_amount(Decimal(amount), max(2, len(amount.partition(".")[2])))


def _word(name: str, value: Any) -> str:
    if name in CHOICES and value:
        return str(CHOICES[name](value).label)
    if isinstance(value, bool):
        return _truth(value)
    return ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)


def _truth(value: bool) -> str:
    return _("yes") if value else _("no")


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
