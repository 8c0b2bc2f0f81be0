"""The allergens that labels must name, with the spellings people use for them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.text import fold

from .errors import InvalidProduct


class Allergen(models.TextChoices):
    GLUTEN = "gluten", _("Gluten")
    MILK = "milk", _("Milk")
    EGG = "egg", _("Egg")
    NUTS = "nuts", _("Tree nuts")
    PEANUT = "peanut", _("Peanut")
    SOY = "soy", _("Soy")
    SESAME = "sesame", _("Sesame")
    FISH = "fish", _("Fish")
    CRUSTACEAN = "crustacean", _("Crustaceans")
    MOLLUSC = "mollusc", _("Molluscs")
    CELERY = "celery", _("Celery")
    MUSTARD = "mustard", _("Mustard")
    LUPIN = "lupin", _("Lupin")
    SULPHITE = "sulphite", _("Sulphites")
    LATEX = "latex", _("Latex")


CODES = tuple(Allergen.values)
SPELLINGS = {
    "wheat": "gluten", "trigo": "gluten", "leite": "milk", "lactose": "milk", "dairy": "milk",
    "eggs": "egg", "ovo": "egg", "ovos": "egg", "tree nuts": "nuts", "tree_nuts": "nuts", "nut": "nuts",
    "castanhas": "nuts", "nozes": "nuts", "peanuts": "peanut", "amendoim": "peanut", "soya": "soy", "soja": "soy",
    "gergelim": "sesame", "peixe": "fish", "crustaceans": "crustacean", "crustaceos": "crustacean",
    "molluscs": "mollusc", "moluscos": "mollusc", "aipo": "celery", "mostarda": "mustard", "tremoco": "lupin",
    "sulphites": "sulphite", "sulfites": "sulphite", "sulfitos": "sulphite",
}  # fmt: skip


def normalise(values: Iterable[str]) -> list[str]:
    """Codes in the fixed order of the list, each once. Raises InvalidProduct for a word that is no allergen."""
    found: set[str] = set()
    for value in values:
        word = fold(str(value))
        code = SPELLINGS.get(word, word)
        if code not in CODES:
            raise InvalidProduct(
                gettext("“%(word)s” is not a known allergen. Known: %(known)s.")
                % {"word": value, "known": ", ".join(Allergen.values)},
                field="allergens",
            )
        found.add(code)
    return [code for code in CODES if code in found]


def labels(codes: Iterable[str]) -> list[str]:
    """The names to print, in the reader's language; an unknown code is shown as it is."""
    known = dict(Allergen.choices)
    return [str(known.get(code, code)) for code in codes]
