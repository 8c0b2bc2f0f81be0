"""Fields that take what a scanner reads: stock, a lot, a place. A code of another kind is called by its name."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Product, ProductUnit
from apps.inventory.models import Location, Lot, StockBalance
from apps.inventory.selectors import codes
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


def scanned_products(scan: codes.Scan) -> QuerySet[Product]:
    """The product that was scanned: by its code, its barcode, or that of one of its packs."""
    code = scan.article or scan.code
    same = Q(sku__iexact=code) | Q(barcode__in=(code, scan.code))
    packs = ProductUnit.objects.filter(barcode__in=(code, scan.code)).values("product")
    return Product.objects.filter(same | Q(pk__in=packs))


def of_lot(scan: codes.Scan, prefix: str = "lot__") -> Q:
    """The lot that was scanned: by its code, the picture on our label, or what is printed on a maker's box."""
    if scan.lot_id is not None:
        return Q(**{f"{prefix}pk": scan.lot_id})
    return Q(**{f"{prefix}code__iexact": scan.lot or scan.code})


class BalanceField(ScanField):
    """Stock of one lot in one place, found by the code of the lot or of its product, or by the product's name."""

    default_error_messages = {
        "unknown": _("There is no stock with the code or name “%(text)s”."),
        "several": _("%(count)s lots match “%(text)s”. Scan the lot, or pick one from the list."),
        "places": _("“%(text)s” lies in %(count)s places: %(places)s. Say which."),
        "place": IS_A_PLACE,
        "used up": _("Nothing is left of lot %(name)s."),
        "none": _("There is no stock of %(name)s."),
    }
    at: Location | None = None  # where to look, when the code alone does not say it

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(StockBalance.objects.none(), codes=("lot__code",), **kwargs)

    def text_of(self, row: Any) -> str:
        code = row.product.sku if row.lot.is_silent else row.lot.code
        return SEPARATOR.join([code, row.product.name, row.location.name])

    def told(self, row: StockBalance) -> Any:
        """What lies there, for whoever has just scanned it."""
        there = format_quantity(row.quantity, row.product.unit.code)
        return _("%(what)s: %(quantity)s by the book.") % {"what": self.text_of(row), "quantity": there}

    def options(self) -> list[str]:
        return [self.text_of(row) for row in balances()[:300]]

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
        if len(rest) == 2:  # chosen from the list
            chosen = there.filter(location__name=rest[1].strip())
            chosen = chosen.filter(of_lot(scan) | Q(product__in=scanned_products(scan)))
            exactly = [row for row in chosen[:20] if self.text_of(row) == text]
            if len(exactly) == 1:
                return exactly[0]
        rows = self.matching(there, scan)
        if len(rows) == 1:
            return rows[0]
        if not rows:
            raise self.nothing(text, scan)
        key = "places" if len({row.lot_id for row in rows}) == 1 else "several"
        names = ", ".join(row.location.name for row in rows[:5])
        params = {"text": text, "count": len(rows), "places": names}
        raise ValidationError(self.error_messages[key], code=key, params=params)

    def matching(self, there: QuerySet[StockBalance], scan: codes.Scan) -> list[StockBalance]:
        """The rows of the lot; else those of the product, by its code and then by words of its name."""
        found = there.filter(of_lot(scan))
        if scan.article and scan.lot:
            found = found.filter(product__in=scanned_products(scan))
        if (rows := list(found[:20])) or scan.lot_id is not None or scan.lot:
            return rows
        if rows := list(there.filter(product__in=scanned_products(scan))[:20]):
            return rows
        words = fold(scan.code).split()
        for word in words:
            there = there.filter(product__search_text__contains=word)
        return list(there[:20]) if words else []

    def nothing(self, text: str, scan: codes.Scan) -> ValidationError:
        """What was scanned instead, where it is known here."""
        lot = Lot.objects.tracked().select_related("product").filter(of_lot(scan, "")).first()
        product = None if lot else scanned_products(scan).first()
        place = None if lot or product else Location.objects.physical().filter(code__iexact=scan.code).first()
        key, name = "unknown", ""
        if lot is not None:
            key, name = "used up", f"{lot.code}, {lot.product.name}"
        elif product is not None:
            key, name = "none", product.name
        elif place is not None:
            key, name = "place", place.name
        if self.at is not None and key != "place":
            key = "unknown"
        return ValidationError(self.error_messages[key], code=key, params={"text": text, "name": name})

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class LotField(ScanField):
    """A lot that people know, by what is printed on it."""

    default_error_messages = {
        "unknown": _("There is no lot with the code “%(text)s”."),
        "several": _("%(count)s lots have the code “%(text)s”. Pick one from the list."),
        "place": IS_A_PLACE,
        "product": _("“%(text)s” is the product %(name)s. Scan one of its lots."),
    }

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
        found = list(self.queryset.filter(of_lot(scan, ""))[:20])
        named = [lot for lot in found if self.text_of(lot) == text]
        if len(found) > 1 and len(named) == 1:
            found = named
        if len(found) == 1:
            return found[0]
        key, name = ("several", "") if found else ("unknown", "")
        if not found and (product := scanned_products(scan).first()):
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
        "unknown": _("There is no place with the code or name “%(text)s”."),
        "several": _("%(count)s places match “%(text)s”. Scan the place, or type its whole name."),
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
        code = text.partition(SEPARATOR)[0].strip()
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
                params = {"text": text, "count": len(found)}
                raise ValidationError(self.error_messages["several"], code="several", params=params)
        raise self.nothing(text)

    def nothing(self, text: str) -> ValidationError:
        scan = codes.read(text)
        lot = Lot.objects.tracked().select_related("product").filter(of_lot(scan, "")).first()
        product = None if lot else scanned_products(scan).first()
        name = lot.product.name if lot else product.name if product else ""
        key = "other" if name else "unknown"
        return ValidationError(self.error_messages[key], code=key, params={"text": text, "name": name})
