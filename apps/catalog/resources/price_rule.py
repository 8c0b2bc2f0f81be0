"""A rule for very many prices becomes a file of prices: shown page by page, applied in portions, undone as a whole.

So it has what an import has: a preview of every price before and after, rows to leave out, progress, and it goes on
where it was interrupted.
"""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import QuerySet
from django.utils.text import slugify

from apps.catalog.errors import NoPriceChanges
from apps.catalog.models import PriceList, Product
from apps.catalog.services import price_changes
from backoffice.kernel import clock
from backoffice.transfers.models import TransferRun
from backoffice.transfers.neutral import neutralise
from backoffice.transfers.services import runs

from .columns import plain_number, plain_price
from .prices import PriceImporter

# What a person must be allowed besides changing prices: it is an import, to be looked at and applied.
RIGHTS = tuple(f"transfers.{verb}_transferrun" for verb in ("view", "add", "change"))
HEADINGS = ("list", "sku", "pack", "from_quantity", "price", "valid_from")
BELOW_NOTHING = Decimal(-1)  # refused by the import, with its line


def start_for_chosen(
    products: QuerySet[Product],
    *,
    price_list: PriceList,
    percentage: Decimal | None,
    amount: Decimal | None,
    rounding: str,
    valid_from: datetime | None,
    reason: str,
) -> str:
    """Begin it for the products chosen in a list; the address of its preview. Raises NoPriceChanges."""
    run = start(
        price_list, products, percentage=percentage, amount=amount, kind=rounding, valid_from=valid_from, reason=reason
    )
    if run is None:
        raise NoPriceChanges
    return run.get_absolute_url()


def start(
    price_list: PriceList,
    products: QuerySet[Product],
    *,
    percentage: Decimal | None,
    amount: Decimal | None,
    kind: str,
    source: PriceList | None = None,
    valid_from: datetime | None = None,
    reason: str = "",
) -> TransferRun | None:
    """Begin an import of what the rule makes of the products' prices; None when it changes none of them.

    `reason` goes into the history of every price that is set.
    """
    day = clock.local(valid_from).date().isoformat() if valid_from else ""
    out = io.StringIO()
    writer: Any = csv.writer(out)
    writer.writerow(HEADINGS)
    count = 0
    code = neutralise(price_list.code)
    for one in price_changes.rule_for_all(
        price_list, products, percentage=percentage, amount=amount, kind=kind, source=source, at=valid_from
    ):
        pack = neutralise(one.unit.name) if one.unit else ""
        least = plain_number(one.least) if one.least else ""
        price = plain_price(BELOW_NOTHING if one.after is None else one.after)
        writer.writerow([code, neutralise(one.product.sku), pack, least, price, day])
        count += 1
    if not count:
        return None
    change = amount if amount is not None else percentage or Decimal(0)
    said = f"{'+' if change >= 0 else ''}{plain_number(change)}{'' if amount is not None else '%'}"
    name = f"{slugify(price_list.code) or price_list.pk} {said}.csv"
    file = ContentFile(out.getvalue().encode(), name=name)
    return runs.start(PriceImporter, file=file, decimal_style="dot", options={"reason": reason} if reason else None)
