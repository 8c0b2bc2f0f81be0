"""One change for very many products becomes a file of products: shown page by page, applied in portions, undone as a
whole. What a product refuses is told like a refused line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import QuerySet

from apps.catalog.models import Attribute, Category, Product
from apps.catalog.selectors import categories as category_tree
from apps.catalog.services import bulk_edit
from backoffice.transfers.neutral import neutralise
from backoffice.transfers.services import runs

from . import price_rule
from .cells import say_attribute
from .columns import ATTRIBUTE_PREFIX, CLEAR, in_words, plain_number
from .importer import ProductImporter

# What a person must be allowed besides changing products: it is an import, to be looked at and applied.
RIGHTS = ("catalog.import_product", *price_rule.RIGHTS)
AT_ONCE = 2000


def category(products: QuerySet[Product], *, category: Category | None) -> str:
    """Move them; the address of the preview, as of all functions here."""
    path = dict(category_tree.choices())[category.pk] if category is not None else CLEAR
    return _start(products, {"category": path})


def fields(products: QuerySet[Product], **values: Any) -> str:
    """Change the fields that have a value; None and "" leave one as it is."""
    return _start(products, {name: _said(value) for name, value in values.items() if value not in (None, "")})


def attributes(products: QuerySet[Product], *, values: Mapping[str, Any]) -> str:
    """Give them the values, by the attributes' codes; None takes one away."""
    known = {row.code: row for row in Attribute.objects.filter(code__in=values)}
    return _start(
        products,
        {ATTRIBUTE_PREFIX + code: say_attribute(known[code], value, "dot") or CLEAR for code, value in values.items()},
    )


def tags(products: QuerySet[Product], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> str:
    """Add tags and take others away."""
    return _start(products, {"tags": lambda mine: ", ".join(bulk_edit.retagged(mine, add, remove)) or CLEAR})


def restore(products: QuerySet[Product], **_values: Any) -> str:
    """Bring them back into use."""
    return _start(products, {"is_active": in_words(True)})


def retire(products: QuerySet[Product], **_values: Any) -> str:
    """Take them out of use."""
    return _start(products, {"is_active": in_words(False)})


def _start(products: QuerySet[Product], cells: Mapping[str, str | Callable[[list[str]], str]]) -> str:
    out = io.StringIO()
    writer: Any = csv.writer(out)
    writer.writerow(["sku", *cells])
    for sku, mine in products.order_by("pk").values_list("sku", "tags").iterator(chunk_size=AT_ONCE):
        writer.writerow(
            [neutralise(sku), *(neutralise(cell(mine) if callable(cell) else cell) for cell in cells.values())]
        )
    file = ContentFile(out.getvalue().encode(), name=f"{', '.join(cells).replace(':', ' ')}.csv"[-100:])
    return runs.start(
        ProductImporter, file=file, decimal_style="dot", options={"new_categories": False}
    ).get_absolute_url()


def _said(value: Any) -> str:
    return plain_number(value) if isinstance(value, Decimal) else in_words(value)
