"""Folding: text without case and accents, so that "julia" finds "Júlia"."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """`text` in lower case, without accents and with single spaces; the same on every database."""
    decomposed = unicodedata.normalize("NFKD", text)
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(plain.casefold().split())
