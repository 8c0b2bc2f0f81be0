"""Packs that a file changes: one that has had prices keeps its content, which says what these prices were for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from apps.catalog.services import packs
from apps.catalog.services.locks import lock_price_lists

from .cells import Packs, ratio_of
from .known import packs_of

if TYPE_CHECKING:
    from backoffice.transfers.models import TransferRow


def refusal(before: Packs, after: Packs, priced: Collection[str]) -> str:
    """Why the packs cannot become these, in a sentence; empty when they can. `priced` are names of packs."""
    for name in before.keys() & set(priced):
        if name not in after:
            return packs.stays(name)
        if ratio_of(after[name][0]) != ratio_of(before[name][0]):
            return packs.holds_as_much(name)
    return ""


def refusals(wanted: Mapping[int, Packs]) -> dict[int, str]:
    """The same for products by their ids. Nothing wanted is no statement."""
    if not wanted:
        return {}
    priced = packs.priced(wanted)
    there = packs_of(priced)
    found = {pk: refusal(there[pk], wanted[pk], names) for pk, names in priced.items()}
    return {pk: why for pk, why in found.items() if why}


def of_rows(rows: Sequence[TransferRow]) -> dict[int, str]:
    """Products of rows that are about to be written, and why their packs cannot be; locks the price lists for that."""
    wanted = {
        row.data["pk"]: row.data["packs"] for row in rows if row.data.get("pk") and row.data.get("packs") is not None
    }
    if wanted:
        lock_price_lists()  # nobody gives one of them a price meanwhile
    return refusals(wanted)


def put_back(rows: Sequence[TransferRow]) -> dict[int, str]:
    """Products of rows that are about to be undone, and why their packs cannot be what they were."""
    return refusals({row.written["pk"]: row.written["packs"][0] for row in rows
                     if "packs" in row.written and not row.written["made"]})  # fmt: skip
