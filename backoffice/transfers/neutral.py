"""Keeping spreadsheet programs from running what people wrote. One reversible rule for CSV and XLSX, in and out.

A text cell that begins like a formula gets an apostrophe in front; one that already begins with apostrophes before
such a character gets one more, so that `restore` always finds exactly what was there. Numbers stay numbers.
"""

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
GUARD = "'"


def neutralise(value: str) -> str:
    """The text as it is written into a file."""
    return GUARD + value if value.lstrip(GUARD).startswith(TRIGGERS) else value


def restore(value: str) -> str:
    """The text as it was before `neutralise`; any other text stays as it is."""
    return value[1:] if value.startswith(GUARD) and value.lstrip(GUARD).startswith(TRIGGERS) else value
