"""The units every house starts with: (code, name, dimension, numerator, denominator, smallest step).

The names are kept in English and shown in the reader's language.
"""

from django.utils.translation import gettext_noop

STANDARD_UNITS: tuple[tuple[str, str, str, int, int, str], ...] = (
    ("g", gettext_noop("gram"), "mass", 1, 1, "0.001"),
    ("kg", gettext_noop("kilogram"), "mass", 1000, 1, "0.001"),
    ("mg", gettext_noop("milligram"), "mass", 1, 1000, "1"),
    ("t", gettext_noop("tonne"), "mass", 1_000_000, 1, "0.001"),
    ("ml", gettext_noop("millilitre"), "volume", 1, 1, "0.1"),
    ("l", gettext_noop("litre"), "volume", 1000, 1, "0.001"),
    ("un", gettext_noop("unit"), "count", 1, 1, "1"),
    ("dz", gettext_noop("dozen"), "count", 12, 1, "1"),
    ("m", gettext_noop("metre"), "length", 1, 1, "0.001"),
    ("cm", gettext_noop("centimetre"), "length", 1, 100, "0.1"),
    ("min", gettext_noop("minute"), "time", 1, 1, "1"),
    ("h", gettext_noop("hour"), "time", 60, 1, "0.01"),
)
