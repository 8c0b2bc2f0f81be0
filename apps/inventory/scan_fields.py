"""Fields that take what a scanner reads: stock, a lot, a place. A code of another kind is called by its name."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.inventory.models import Location, Lot, StockBalance
from apps.inventory.selectors import codes, layers, ways
from apps.inventory.selectors import locations as places
from backoffice.kernel.quantity import format_quantity
from backoffice.kernel.text import fold
from backoffice.ui.forms import ScanField

SEPARATOR = " · "
IS_A_PLACE = _("“%(text)s” is a place, %(name)s. Scan the lot or the product.")
IS_A_PRODUCT = _("“%(text)s” is %(name)s, not a place. Scan the place, or type its name.")


def balances() -> QuerySet[StockBalance]:
    """Stock that a person can point at, first expired first."""
    return StockBalance.objects.select_related("lot", "product__unit", "location").order_by(
        "product__name", "lot__expires_on", "lot__pk", "location__name"
    )


class BalanceField(ScanField):
    """Stock of one lot in one place, found by the code of the lot or of its product, or by the product's name."""

    default_error_messages = {
        "unknown": _("There is no stock with the code or name “%(text)s”. Scan it again, or pick it from the list."),
        "several": _("%(count)s lots match “%(text)s”. Scan the lot, or pick one from the list."),
        "both": _("“%(text)s” is a lot of %(lot)s and the code of %(product)s. Pick from the list which you mean."),
        "places": _("“%(text)s” lies in %(count)s places: %(places)s. Say which."),
        "elsewhere": _("“%(text)s” does not lie at %(name)s; it lies at: %(places)s. Choose one of these."),
        "place": IS_A_PLACE,
        "used up": _("Nothing is left of lot %(name)s.%(last)s Take another lot; if some is on the shelf, count it."),
        "none": _("There is no stock of %(name)s.%(last)s Receive it first; if some is on the shelf, count it."),
    }
    at: Location | None = None  # where to look, when the code alone does not say it

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(StockBalance.objects.none(), codes=("lot__code",), **kwargs)

    def text_of(self, row: Any) -> str:
        """What tells it apart; without a lot that is its last day, and that it is blocked."""
        lot = row.lot
        parts = [row.product.sku if lot.is_silent else lot.code, row.product.name, row.location.name]
        if lot.is_silent and lot.expires_on:
            parts.append(date_format(lot.expires_on, "SHORT_DATE_FORMAT"))
        if lot.is_silent and lot.status != Lot.Status.OK:
            parts.append(str(lot.get_status_display()))
        return SEPARATOR.join(parts)

    def told(self, row: StockBalance) -> Any:
        """What lies there, for whoever has just scanned it."""
        there = format_quantity(layers.booked(row.lot, row.location), row.product.unit.code)
        return _("%(what)s: %(quantity)s by the book.") % {"what": self.text_of(row), "quantity": there}

    def options(self) -> list[str]:
        return list(dict.fromkeys(self.text_of(row) for row in balances()[:300]))

    def told_apart(self, rows: Iterable[StockBalance]) -> list[StockBalance]:
        """One row of what looks alike: the book keeps a layer for each cost, which nobody sees on the shelf."""
        found: dict[str, StockBalance] = {}
        for row in rows:
            found.setdefault(self.text_of(row), row)
        return list(found.values())

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            row = balances().filter(pk=value).first()
            return self.text_of(row) if row else ""
        return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, StockBalance):
            return value or None
        text = str(value).strip()
        scan = codes.read(text)
        there = balances() if self.at is None else balances().filter(location=self.at)
        rest = text.split(SEPARATOR)[1:]
        if len(rest) > 1:  # chosen from the list
            chosen = there.filter(location__name=rest[1].strip())
            chosen = chosen.filter(codes.of_lot(scan, "lot__") | Q(product__in=codes.products(scan)))
            exactly = [row for row in self.told_apart(chosen[:20]) if self.text_of(row) == text]
            if exactly:
                return exactly[0]
        rows = self.told_apart(self.matching(there, scan))
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise self.nothing(text, scan)
        raise self.which(text, scan, rows)

    def which(self, text: str, scan: codes.Scan, rows: list[StockBalance]) -> ValidationError:
        """Asks which of several is meant: of places, of lots, or whether the code is that of a lot or of a product."""
        places_of = dict.fromkeys(row.location.name for row in rows)
        params: dict[str, Any] = {"text": text, "count": len(rows), "places": ", ".join([*places_of][:5])}
        lots = {row.product_id: row.product.name for row in rows if self.is_lot(row, scan)}
        others = {row.product_id: row.product.name for row in rows if not self.is_lot(row, scan)}
        key = "several"
        if lots and others:
            key = "both"
            params |= {"lot": ", ".join(lots.values()), "product": ", ".join(others.values())}
        elif {row.lot_id for row in rows} <= set(layers.looking_like(rows[0].lot).values_list("pk", flat=True)):
            key = "places"
        return ValidationError(self.error_messages[key], code=key, params=params)

    @staticmethod
    def is_lot(row: StockBalance, scan: codes.Scan) -> bool:
        return row.lot.code.casefold() == scan.code.casefold()

    def matching(self, there: QuerySet[StockBalance], scan: codes.Scan) -> list[StockBalance]:
        """The rows of the lot; else those of the product, by its code and then by words of its name."""
        found = there.filter(codes.of_lot(scan, "lot__"))
        rows = list(found[:20])
        if scan.lot_id is not None or scan.lot:
            return rows
        # What is the code of a lot and of another product may be either.
        rows += there.filter(product__in=codes.products(scan)).exclude(product__in=[row.product_id for row in rows])[
            :20
        ]
        if rows:
            return rows
        words = fold(scan.code).split()
        for word in words:
            there = there.filter(product__search_text__contains=word)
        return list(there[:20]) if words else []

    def nothing(self, text: str, scan: codes.Scan) -> ValidationError:
        """What was scanned instead, where it is known here."""
        lot = Lot.objects.tracked().select_related("product").filter(codes.of_lot(scan)).first()
        product = None if lot else codes.products(scan).first()
        place = None if lot or product else Location.objects.physical().filter(code__iexact=scan.code).first()
        key, name, last = "unknown", "", ""
        if self.at is not None and place is None:
            rows = self.matching(balances(), scan)
            key = "elsewhere" if rows else key
            name, last = self.at.name, ", ".join(dict.fromkeys(row.location.name for row in rows[:5]))
        elif lot is not None:
            key, name, last = "used up", f"{lot.code}, {lot.product.name}", ways.last_of(lot)
        elif product is not None:
            key, name, last = "none", product.name, ways.last_of_product(product)
        elif place is not None:
            key, name = "place", place.name
        went = " " + gettext("The last of it: %(last)s.") % {"last": last} if last else ""
        params = {"text": text, "name": name, "places": last, "last": went}
        return ValidationError(self.error_messages[key], code=key, params=params)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class LotField(ScanField):
    """A lot that people know, by what is printed on it."""

    default_error_messages = {
        "unknown": _("There is no lot with the code “%(text)s”. Scan it again, or pick it from the list."),
        "several": _("%(count)s lots have the code “%(text)s”. Pick one from the list."),
        "place": IS_A_PLACE,
        "product": _("“%(text)s” is the product %(name)s. Scan one of its lots."),
    }
    of: int | None = None  # the product that is meant, where lots of several have the code

    def __init__(self, **kwargs: Any) -> None:
        lots = Lot.objects.tracked().select_related("product").order_by("-pk")
        super().__init__(lots, codes=("code",), search="code", **kwargs)

    def text_of(self, row: Any) -> str:
        return SEPARATOR.join([row.code, row.product.name])

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or isinstance(value, Lot):
            return value or None
        text = str(value).strip()
        scan = codes.read(text)
        found = list(self.queryset.filter(codes.of_lot(scan))[:20])
        named = [lot for lot in found if self.text_of(lot) == text]
        for fewer in (named, [lot for lot in found if lot.product_id == self.of]):
            if len(found) > 1 and len(fewer) == 1:
                found = fewer
        if len(found) == 1:
            return found[0]
        key, name = ("several", "") if found else ("unknown", "")
        if not found and (product := codes.products(scan).first()):
            key, name = "product", product.name
        elif not found and (place := Location.objects.physical().filter(code__iexact=scan.code).first()):
            key, name = "place", place.name
        params = {"text": text, "count": len(found), "name": name}
        raise ValidationError(self.error_messages[key], code=key, params=params)


class PlaceField(ScanField):
    """One of the open places, by the code that hangs there, its name, or a part of it.

    With `closed_too`, one that was closed since the page was made is given to the service, which says since when and
    by whom it is closed and what could not come there.
    """

    default_error_messages = {
        "unknown": _("There is no place with the code or name “%(text)s”. Scan it again, or pick it from the list."),
        "several": _("%(count)s places match “%(text)s”: %(codes)s. Scan the place, or type its code."),
        "closed": _("%(place)s is closed. Choose another place, or open it again."),
        "other": IS_A_PRODUCT,
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
        code = codes.read(text).code
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
                told = ", ".join(f"{place.code} ({place.name})" for place in found)
                params = {"text": text, "count": len(found), "codes": told}
                raise ValidationError(self.error_messages["several"], code="several", params=params)
        raise self.nothing(text)

    def nothing(self, text: str) -> ValidationError:
        scan = codes.read(text)
        lot = Lot.objects.tracked().select_related("product").filter(codes.of_lot(scan)).first()
        product = None if lot else codes.products(scan).first()
        name = lot.product.name if lot else product.name if product else ""
        key = "other" if name else "unknown"
        return ValidationError(self.error_messages[key], code=key, params={"text": text, "name": name})
