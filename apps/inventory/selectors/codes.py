"""What a scanner reads: a plain code, a GS1 code with article and lot, or the picture on one of our own labels."""

import re
from dataclasses import dataclass

from django.urls import Resolver404, resolve

PART = re.compile(r"\((\d{2,4})\)([^(]*)")
ADDRESS = re.compile(r"^https?://[^/]+(/[^?#]*)")


@dataclass(frozen=True)
class Scan:
    """The code that was scanned; the article's, the lot's, or the key of a lot of ours, where it says which."""

    code: str
    article: str = ""
    lot: str = ""
    lot_id: int | None = None


def read(text: str) -> Scan:
    """Take apart what came from a scanner, or was chosen from a list as `CODE · name`."""
    text = text.strip()
    if address := ADDRESS.match(text):
        try:
            found = resolve(address[1])
        except Resolver404:
            return Scan(text)
        return Scan(text, lot_id=found.kwargs.get("pk") if found.view_name == "inventory:lot_detail" else None)
    parts: dict[str, str] = dict(PART.findall(text))
    article = parts.get("01", parts.get("02", "")).strip()
    if article:
        return Scan(article, article=article.lstrip("0"), lot=parts.get("10", "").strip())
    code = text.partition(" · ")[0].strip()
    return Scan(code)
