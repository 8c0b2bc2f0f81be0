"""Rows of a file that need other rows: variants their product, bundles their parts, in whatever order they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from apps.catalog.codes import clean_sku
from apps.catalog.models import BundleItem
from apps.catalog.selectors.bundles import MOST_LEVELS
from backoffice.transfers.rows import BadCell, Row, chunked

from .cells import read_parts
from .columns import CLEAR


@dataclass(slots=True)
class Member:
    """A product of the file that others need: where it stands, and what it will be; None when it was refused."""

    line: int
    values: Mapping[str, Any] | None


class Family:
    """Knows the file's SKUs and who needs whom, from a first look; and what became of those that are needed."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}  # every SKU of the file, folded, and its first line
        self.needs: dict[str, list[str]] = {}
        self.parts: dict[str, list[str]] = {}
        self.variants: Counter[str] = Counter()  # how many of each product, by its folded SKU
        self.members: dict[str, Member] = {}
        self.combinations: dict[tuple[str, str], int] = {}  # of new variants, and their lines
        self._needed: set[str] = set()
        self._looked = False

    def look(self, rows: Iterable[Row]) -> None:
        """See every row once."""
        self._looked = True
        for row in rows:
            sku = clean_sku(row.text("sku")).lower()
            if sku in self.lines:
                continue
            self.lines[sku] = row.line
            if wanted := needs_of(row):
                self.needs[sku] = wanted
                self._needed.update(wanted)
            if row.text("variant_of"):
                self.variants[clean_sku(row.text("variant_of")).lower()] += 1
            if parts := parts_of(row):
                self.parts[sku] = parts

    def tell(self, sku: str, line: int, values: Mapping[str, Any] | None) -> None:
        """What became of a row, if another one needs it. Of two rows of one SKU the first counts."""
        if (not self._looked or sku in self._needed) and self.lines.get(sku, line) == line:
            self.members[sku] = Member(line, values)

    def batches(self, rows: Iterator[Row], size: int) -> Iterator[Sequence[Row]]:
        """The rows, those behind what they need; what stands in a circle comes last, to be refused."""
        late: dict[str, Row] = {}

        def at_once() -> Iterator[Row]:
            for row in rows:
                sku = clean_sku(row.text("sku")).lower()
                wanted = self.needs.get(sku)
                waits = wanted and any(self.lines.get(need, 0) > row.line or need in late for need in wanted)
                if waits and sku not in late:
                    late[sku] = row
                    continue
                yield row

        yield from chunked(at_once(), size)
        for _level in range(MOST_LEVELS + 2):
            ready = [sku for sku in late if not any(need in late and need != sku for need in self.needs[sku])]
            yield from chunked([late.pop(sku) for sku in ready], size)
        yield from chunked(late.values(), size)

    # --- bundles ---
    def refuse_circle(self, sku: str, parts: Iterable[str]) -> None:
        """BadCell, with the path and its lines, when the bundle would lie in itself."""
        below = self._below
        below[sku] = [part.lower() for part in parts]
        if way := _way(sku, below):
            path = " → ".join(self._named(each) for each in way)
            sentence = _("%(sku)s cannot hold it: %(path)s would be a circle.")
            raise BadCell("parts", sentence % {"sku": sku.upper(), "path": path})

    def refuse_depth(self, sku: str) -> None:
        """BadCell when the bundle, which lies in no circle, is made of too many levels."""
        if _depth(sku, self._below) > MOST_LEVELS:
            raise BadCell("parts", _("Bundles lie %(most)d levels deep at most.") % {"most": MOST_LEVELS})

    def _named(self, sku: str) -> str:
        line = self.lines.get(sku)
        return _("%(sku)s (line %(line)d)") % {"sku": sku.upper(), "line": line} if line else sku.upper()

    @cached_property
    def _below(self) -> dict[str, list[str]]:
        """What bundles will hold: as they do now, and as the file says. By folded SKU."""
        found: dict[str, list[str]] = {}
        for upper, lower in BundleItem.objects.values_list("bundle__sku", "component__sku"):
            found.setdefault(upper.lower(), []).append(lower.lower())
        return found | self.parts


def needs_of(row: Row) -> list[str]:
    """Folded SKUs of what the row cannot be without."""
    parent = clean_sku(row.text("variant_of")).lower()
    return [*([parent] if parent not in ("", CLEAR) else []), *parts_of(row)]


def parts_of(row: Row) -> list[str]:
    """Folded SKUs of the parts that the row names, none when it cannot be read."""
    if row.text("parts") in ("", CLEAR):
        return []
    try:
        return [sku.lower() for sku in read_parts(row, "parts")]
    except BadCell:
        return []


def _way(start: str, below: Mapping[str, Sequence[str]]) -> list[str]:
    """The way from one down to itself, empty where there is none."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop()
        for lower in below.get(way[-1], ()):
            if lower == start:
                return [*way, lower]
            if lower not in seen:
                seen.add(lower)
                ways.append([*way, lower])
    return []


def _depth(sku: str, below: Mapping[str, Sequence[str]]) -> int:
    """How many levels there are below; counting ends where it is too many anyway."""
    here = {sku}
    for level in range(MOST_LEVELS + 1):
        here = {lower for each in here for lower in below.get(each, ())}
        if not here:
            return level
    return MOST_LEVELS + 1
