"""Text as it is compared: every search, heading and name of the house is folded the same way."""

import unicodedata


def fold(text: str) -> str:
    """Text without accents and case, outer blanks gone and inner ones single: "Pão  FRANCÊS" → "pao frances".

    The form in which `search_text` columns are kept. Folding twice changes nothing.
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    decomposed = unicodedata.normalize("NFKD", text)
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold().split())
