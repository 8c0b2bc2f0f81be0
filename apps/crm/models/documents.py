"""Brazilian tax numbers: one normaliser for CPF (people) and CNPJ (companies, letters included)."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from stdnum.br import cnpj, cpf
from stdnum.exceptions import ValidationError as NumberError

_SEPARATORS = re.compile(r"[\s./\-]+")
CPF_LENGTH = 11
CNPJ_LENGTH = 14


def normalise(text: str) -> str:
    """The document without separators, in capitals: "" stays "", a CPF has 11 digits, a CNPJ 14 characters.

    Raises ValidationError with a sentence when it is neither, when the check digits are wrong, or when all
    characters are the same (such numbers pass the sum but are never issued).
    """
    document = _SEPARATORS.sub("", text or "").upper()
    if not document:
        return ""
    if not document.isascii() or len(document) not in (CPF_LENGTH, CNPJ_LENGTH):
        raise ValidationError(_("A CPF has 11 digits, a CNPJ 14 characters."), code="document_length")
    if len(set(document)) == 1:
        raise ValidationError(_("This number repeats one character and is never issued."), code="document_repeated")
    try:
        return cpf.validate(document) if len(document) == CPF_LENGTH else cnpj.validate(document)
    except NumberError:
        name = "CPF" if len(document) == CPF_LENGTH else "CNPJ"
        raise ValidationError(
            _("This is not a valid %(kind)s; a digit is wrong."), code="document_invalid", params={"kind": name}
        ) from None


def name_of(document: str) -> str:
    """ "CPF" or "CNPJ", by the length of a normalised document."""
    return "CNPJ" if len(document) == CNPJ_LENGTH else "CPF"


def formatted(document: str) -> str:
    """The document as people write it; anything of an unknown length is returned as it is."""
    if len(document) == CPF_LENGTH:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    if len(document) == CNPJ_LENGTH:
        return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"
    return document


def masked(document: str) -> str:
    """Enough of the document to recognise it, too little to use it."""
    if len(document) == CPF_LENGTH:
        return f"•••.{document[3:6]}.•••-{document[9:]}"
    if len(document) == CNPJ_LENGTH:
        return f"••.{document[2:5]}.•••/{document[8:12]}-••"
    return "•" * len(document)
