"""The places that the rows of a file name."""

from collections import defaultdict

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from apps.inventory.models import Location
from backoffice.transfers.importer import BadCell


class Places:
    """Every place that holds stock, by its code or, where only one has it, by its name. One query, when first asked."""

    @cached_property
    def _known(self) -> tuple[dict[str, Location], dict[str, list[Location]]]:
        codes: dict[str, Location] = {}
        names: dict[str, list[Location]] = defaultdict(list)
        for place in Location.objects.physical().order_by("pk"):
            codes[place.code.casefold()] = place
            names[place.name.casefold()].append(place)
        return codes, names

    def find(self, text: str, *, column: str = "location") -> Location:
        """The place, be it closed. BadCell when there is none, or several of that name."""
        codes, names = self._known
        if (place := codes.get(text.casefold())) is not None:
            return place
        named = names.get(text.casefold(), [])
        found = [place for place in named if place.is_active] or named
        if not found:
            raise BadCell(column, _("There is no place of this code or name."), _("Open it under Stock → Places."))
        if len(found) > 1:
            told = ", ".join(place.code for place in found)
            raise BadCell(
                column, _("Several places have this name."), _("Write the code: %(codes)s.") % {"codes": told}
            )
        return found[0]

    def open(self, text: str, *, column: str = "location") -> Location:
        """`find`, for what is to be brought there. BadCell for a closed place, too."""
        place = self.find(text, column=column)
        if not place.is_active:
            text = _("%(place)s is closed. Choose another place, or open it again.")
            raise BadCell(column, text % {"place": place.name})
        return place
