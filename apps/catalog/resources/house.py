"""What the house knows before a file comes: units, categories with their schemas, price lists. Read once a step."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from apps.catalog.models import Attribute, PriceList, Unit
from apps.catalog.selectors import categories as category_tree
from apps.catalog.selectors.schemas import Entry, Schemas
from backoffice.kernel.text import fold

from .columns import PRICE_PREFIX, price_columns


class House:
    """Small tables, by the words of the file."""

    @cached_property
    def lists(self) -> dict[str, PriceList]:
        return {row.code: row for row in PriceList.objects.filter(is_active=True)}

    @cached_property
    def price_headings(self) -> dict[str, str]:
        """Headings of price columns and the lists they are of."""
        return {PRICE_PREFIX + code: code for code in self.lists}

    @cached_property
    def price_labels(self) -> dict[str, str]:
        return {
            column.name.removeprefix(PRICE_PREFIX): str(column.label) for column in price_columns(self.lists.values())
        }

    @cached_property
    def units_by_id(self) -> dict[int, str]:
        return dict(Unit.objects.values_list("pk", "code"))

    @cached_property
    def unit_codes(self) -> dict[str, str]:
        return {fold(code): code for code in self.units_by_id.values()}

    @cached_property
    def paths(self) -> dict[int, str]:
        return dict(category_tree.choices())

    @cached_property
    def paths_by_fold(self) -> dict[str, str]:
        return {fold(path): path for path in self.paths.values()}

    @cached_property
    def schemas(self) -> Schemas:
        return Schemas()

    @property
    def attributes(self) -> dict[str, Attribute]:
        return self.schemas.attributes

    def axis_codes(self, words: Iterable[str]) -> list[str]:
        """Codes of attributes, which may be given by their names; what is none stays as it is."""
        codes = {fold(row.name): code for code, row in self.attributes.items()}
        return [word if word in self.attributes else codes.get(fold(word), word) for word in words]

    def schema(self, path: str) -> dict[str, Entry]:
        """What is asked for in the category of this path. One that is not there yet will inherit."""
        if path not in self._known_schemas:
            names = path.split(category_tree.SEPARATOR) if path else []
            found: dict[str, Entry] = {}
            while names:
                pk = self._ids_by_fold.get(fold(category_tree.SEPARATOR.join(names)))
                if pk is not None:
                    found = {entry.code: entry for entry in self.schemas.of(pk)}
                    break
                names.pop()
            self._known_schemas[path] = found
        return self._known_schemas[path]

    @cached_property
    def _known_schemas(self) -> dict[str, dict[str, Entry]]:
        return {}

    @cached_property
    def _ids_by_fold(self) -> dict[str, int]:
        return {fold(path): pk for pk, path in self.paths.items()}
