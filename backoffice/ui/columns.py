"""Columns of tables. Each says how a cell is drawn, what is exported, and its place on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from html import escape as quote
from operator import attrgetter
from typing import Any

import django_tables2
from django.db import models
from django.utils.formats import date_format, localize
from django.utils.functional import Promise
from django.utils.safestring import SafeData, SafeString
from django.utils.timezone import is_aware
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel import clock, money, quantity
from backoffice.kernel import fields as exact

from .actions import url_for, urls_of
from .icons import drawing
from .icons import icon as icon
from .permissions import may
from .templatetags.ui import hue_attribute, picture

Getter = Callable[[Any], Any]
Accessor = str | Getter


@lru_cache(maxsize=512)
def getter(path: str) -> Getter:
    """A function that follows the path ("unit__code" or "unit.code") from a row; None where the path ends early."""
    bits = path.replace("__", ".").split(".")
    first, rest = attrgetter(bits[0]), bits[1:]

    def follow(row: Any) -> Any:
        if row is None:
            return None
        if isinstance(row, dict):
            current = row[path] if path in row else row.get(bits[0])
            if path in row:
                return current
        else:
            current = first(row)
        if callable(current):
            current = _called(current)
        for bit in rest:
            if current is None:
                return None
            current = current.get(bit) if isinstance(current, dict) else getattr(current, bit, None)
            if callable(current):
                current = _called(current)
        return current

    return follow


def _called(found: Any) -> Any:
    """The result of a method; managers and what changes data are left as they are."""
    return found if getattr(found, "alters_data", False) or hasattr(found, "all") else found()


def text(value: Any) -> str:
    """A value as a template would write it: in the language's form, and escaped unless it is marked as safe.

    The same as Django's, without a chain of calls for every cell of a list.
    """
    if isinstance(value, SafeData):
        return str.__str__(value)
    if not isinstance(value, str):
        if value is None:
            return ""
        value = str(value) if isinstance(value, Promise) else localize(value)
        if isinstance(value, SafeData):
            return str(value)
    return quote(str(value))


_BARE = re.compile(r"[\w./?:,+-]+")


def attribute(value: Any) -> str:
    """A value as HTML writes it behind the equals sign: without quotes where it needs none."""
    said = str(value)
    return said if _BARE.fullmatch(said) else f'"{quote(said)}"'


def read(how: Accessor | None) -> Getter:
    """A getter from a path, a function of the row, or nothing."""
    if how is None:
        return lambda row: None
    return getter(how) if isinstance(how, str) else how


class Column(django_tables2.Column):
    """Text. `card` is the place on a phone: what, price, stock, status, note (a line of its own), "" for nowhere."""

    card = ""
    css = ""
    may = False  # whether this person edits it where it stands

    def __init__(
        self, *args: Any, card: str | None = None, css: str | None = None, empty_text: Any = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.card = self.card if card is None else card
        self.css = self.css if css is None else css
        self.empty_text = empty_text

    def bind(self, table: Any, name: str) -> None:
        """Called once a request, before the rows are drawn."""

    def draw(self, value: Any, record: Any) -> Any:
        """What stands in the cell, for a value that is there."""
        return value

    def cell(self, value: Any, record: Any) -> Any:
        """What stands in the cell; what is not marked as safe is escaped by the template."""
        if value is None or value == "":
            return self.empty_text
        return self.draw(value, record)

    def exported(self, header: str) -> Iterator[tuple[str, Callable[[Any, Any], Any]]]:
        """The columns of an export that this one becomes: heading and function of value and row."""
        yield header, self.export

    def export(self, value: Any, record: Any) -> Any:
        """The value in a file: a number stays a number."""
        return value


class LongColumn(Column):
    """What people wrote, of any length: cut where the column ends, whole when pointed at and on paper."""

    FITS = 20

    def draw(self, value: Any, record: Any) -> Any:
        said = str(value)
        if len(said) <= self.FITS:
            return said
        return SafeString(f"<span class=cut title={attribute(said)}>{text(said)}</span>")


class MoneyColumn(Column):
    """An amount, right-aligned, without a currency sign unless asked for."""

    card, css = "price", "num"

    def __init__(self, *args: Any, places: int = 2, currency: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.places, self.currency = places, currency

    def draw(self, value: Any, record: Any) -> Any:
        if self.currency:
            return money.format_money(value, "BRL" if self.currency is True else self.currency, self.places)
        return money.format_amount(value, self.places)


class QuantityColumn(Column):
    """A quantity with its unit, right-aligned."""

    card, css = "stock", "num"

    def __init__(self, *args: Any, unit: Accessor | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = read(unit)

    def draw(self, value: Any, record: Any) -> Any:
        amount, unit = quantity.format_quantity(Decimal(value)), self.unit(record)
        return SafeString(f"{amount} <i>{text(unit)}</i>") if unit else amount


class NumberColumn(Column):
    """A count."""

    css = "num"

    def draw(self, value: Any, record: Any) -> Any:
        return quantity.format_quantity(Decimal(value))


class DateColumn(Column):
    """A day in the short form of the language."""

    css = "nw"
    form = "SHORT_DATE_FORMAT"

    def bind(self, table: Any, name: str) -> None:
        self.said: dict[date, str] = {}  # the days of a page are few

    def draw(self, value: date, record: Any) -> Any:
        here = clock.local(value) if isinstance(value, datetime) and is_aware(value) else value
        day = here.date() if isinstance(here, datetime) and self.form == DateColumn.form else here
        if day not in self.said:
            self.said[day] = date_format(day, self.form)
        return self.said[day]

    def export(self, value: Any, record: Any) -> Any:
        if isinstance(value, datetime) and is_aware(value):
            return clock.local(value).replace(tzinfo=None)
        return value


class DateTimeColumn(DateColumn):
    """An instant in the wall clock of the business."""

    form = "SHORT_DATETIME_FORMAT"


class BoolColumn(Column):
    """Yes or no, in words."""

    def __init__(self, *args: Any, yes: Any = None, no: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.yes, self.no = _("Yes") if yes is None else yes, no

    def draw(self, value: Any, record: Any) -> Any:
        return self.yes if value else self.no


class BadgeColumn(Column):
    """A state as a badge. `tones` maps the value to ok, warn, bad or info (or is a function of the row)."""

    card = "status"

    def __init__(
        self, *args: Any, tones: Mapping[Any, str] | Getter | None = None, quiet: Collection[Any] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.tones, self.quiet = tones or {}, quiet
        self.words: dict[Any, Any] = {}

    def bind(self, table: Any, name: str) -> None:
        field = table.model_field(self.accessor or name)
        self.words = dict(field.flatchoices) if field is not None and field.choices else {}

    def draw(self, value: Any, record: Any) -> Any:
        word = self.words.get(value, value)
        if value in self.quiet:
            return word
        tone = self.tones(record) if callable(self.tones) else self.tones.get(value, "")
        return SafeString(f'<span class="badge {text(tone)}">{text(word)}</span>')

    def export(self, value: Any, record: Any) -> Any:
        return self.words.get(value, value)


class LinkColumn(Column):
    """The value, leading somewhere: `url` is a function of the row or a URL name for the pk of what is linked."""

    def __init__(self, *args: Any, url: str | Getter | None = None, dialog: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url, self.dialog = url, dialog

    def draw(self, value: Any, record: Any) -> Any:
        if callable(self.url):
            address = self.url(record)
        elif self.url:
            address = url_for(self.url, value.pk if isinstance(value, models.Model) else record.pk)
        else:
            address = value.get_absolute_url() if hasattr(value, "get_absolute_url") else ""
        return link(address, value, dialog=self.dialog)

    def export(self, value: Any, record: Any) -> Any:
        return str(value)


PHOTO = '<img src="%s" alt="" loading="lazy">'


class WhatColumn(Column):
    """What the row is: a linked title, a smaller line below it, and a picture before it."""

    card, css = "what", ""

    def __init__(
        self,
        title: str | None = None,
        meta: Accessor | None = None,
        *,
        thumb: Getter | None = None,
        url: Getter | None = None,
        dialog: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(accessor=title, **kwargs)
        self.meta_path = meta if isinstance(meta, str) else ""
        self.meta, self.has_meta = read(meta), meta is not None
        self.thumb, self.url, self.dialog, self.meta_header = thumb, url, dialog, ""
        self.leads = url is None  # to where its row leads
        self.near: Callable[[str], str] = str
        self.pictures: dict[Any, str] = {}

    def bind(self, table: Any, name: str) -> None:
        field = table.model_field(self.meta_path) if self.meta_path else None
        self.meta_header = str(field.verbose_name).capitalize() if field is not None else ""
        self.url, self.near = self.url or table.url_of, table.near
        self.pictures = {}

    def draw(self, value: Any, record: Any) -> Any:
        title = link(self.near(self.url(record)) if self.url else "", value, dialog=self.dialog, tag="span")
        meta = self.meta(record) if self.has_meta else None
        small = f"<small>{text(meta)}</small>" if meta not in (None, "") else ""
        if self.thumb is None:
            return SafeString(title + small)
        shown = self.thumb(record)
        if shown not in self.pictures:
            name, hue = picture(shown)
            photo = name.startswith("/")
            self.pictures[shown] = self.photo(name) if photo else drawing(name, hue_attribute(hue).replace('"', ""))
        return SafeString(f"{self.pictures[shown]}{title}{small}")

    def photo(self, address: str) -> str:
        """A picture that stands at an address."""
        return PHOTO % text(address)

    def exported(self, header: str) -> Iterator[tuple[str, Callable[[Any, Any], Any]]]:
        yield header, lambda value, record: str(value)
        if self.has_meta:
            yield self.meta_header or gettext("Details"), lambda value, record: self.meta(record)


class InlineColumn(Column):
    """A value that is edited where it stands: a link that htmx swaps for a form, and a small page without it."""

    def __init__(self, url_name: str, permission: str, *args: Any, column: Column | None = None, **kwargs: Any) -> None:
        self.inner = column or Column()
        kwargs.setdefault("card", self.inner.card)
        kwargs.setdefault("css", self.inner.css)
        kwargs.setdefault("empty_text", _("add"))
        super().__init__(*args, **kwargs)
        self.url_name, self.permission = url_name, permission
        self.near: Callable[[str], str] = str
        self.url: Getter = str

    def bind(self, table: Any, name: str) -> None:
        self.near, self.url = table.near, urls_of(self.url_name)
        self.may = table.request is not None and may(table.request.user, self.permission)
        self.inner.bind(table, name)

    def address(self, record: Any) -> str:
        """Where the value is edited."""
        return self.url(record.pk)

    def cell(self, value: Any, record: Any) -> Any:
        drawn = self.inner.cell(value, record)
        if not self.may:
            return drawn
        # That its link is swapped for a form is said once for the table, and not in every cell.
        address = attribute(self.near(self.address(record)))
        if drawn in (None, ""):
            return SafeString(f"<a class=muted href={address}>{text(self.empty_text)}</a>")
        return SafeString(f"<a href={address}>{text(drawn)}</a>")

    def export(self, value: Any, record: Any) -> Any:
        return self.inner.export(value, record)


def link(url: str, said: Any, *, dialog: bool = False, tag: str = "") -> SafeString:
    """A link in a cell; only the text when there is nowhere to go."""
    if not url:
        return SafeString(f"<{tag}>{text(said)}</{tag}>" if tag else text(said))
    address = attribute(url)
    opens = f" hx-get={address} hx-target=#dialog hx-swap=innerHTML" if dialog else ""
    return SafeString(f"<a href={address}{opens}>{text(said)}</a>")


def for_model_field(field: models.Field[Any, Any]) -> Column:
    """The column for a model field that a table only names."""
    if field.choices:
        return BadgeColumn()
    if isinstance(field, exact.QuantityField):
        return QuantityColumn()
    if isinstance(field, exact.FixedPointField):
        return MoneyColumn(places=2 if field.places == 2 else 4)
    if isinstance(field, models.DateTimeField):
        return DateTimeColumn()
    if isinstance(field, models.DateField):
        return DateColumn()
    if isinstance(field, models.BooleanField):
        return BoolColumn()
    if isinstance(field, models.IntegerField):
        return NumberColumn()
    return LinkColumn() if isinstance(field, models.ForeignKey) else Column()
