"""The words by which products are found, when those of an attribute's choices change."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import transaction

from apps.catalog.models import Attribute, Product
from backoffice.outbox import directives
from backoffice.outbox.errors import Permanent
from backoffice.outbox.models import Directive

from .locks import lock_products

TOPIC = "catalog.search_words"
AT_ONCE = 200
BATCH = 500


def of_attribute(attribute: Attribute) -> None:
    """Choices have other names now: at once where few products have the attribute, else in the background."""
    ids = list(_having(attribute.code).values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(ids) <= AT_ONCE:
        refresh(ids)
    else:
        directives.issue(TOPIC, payload={"attribute": attribute.code})


def refresh(product_ids: Collection[int]) -> None:
    """Bring the words of these products up to date, writing only what differs. They are no news for the history."""
    rows = lock_products(product_ids, gone_is_fine=True).values()
    choices = Attribute.choices_of()
    changed = []
    for row in rows:
        before = row.search_text
        row.refresh_search_text(choices)
        if row.search_text != before:
            changed.append(row)
    Product.objects.bulk_update(changed, ["search_text"], batch_size=100)


def recompute(directive: Directive) -> None:
    """The job: the products that have an attribute, in batches, each its own transaction. It may start over."""
    code: Any = directive.payload.get("attribute")
    if not code:
        raise Permanent("Which attribute?")
    last = 0
    while True:
        with transaction.atomic():
            directives.heartbeat(directive)
            ids = list(_having(code).filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])
            if not ids:
                return
            refresh(ids)
            last = ids[-1]


def _having(code: str) -> Any:
    return Product.objects.filter(attributes__has_key=code)
