"""The units every house starts with: (code, name, dimension, numerator, denominator, smallest step)."""

STANDARD_UNITS: tuple[tuple[str, str, str, int, int, str], ...] = (
    ("g", "gram", "mass", 1, 1, "0.001"),
    ("kg", "kilogram", "mass", 1000, 1, "0.001"),
    ("mg", "milligram", "mass", 1, 1000, "1"),
    ("t", "tonne", "mass", 1_000_000, 1, "0.001"),
    ("ml", "millilitre", "volume", 1, 1, "0.1"),
    ("l", "litre", "volume", 1000, 1, "0.001"),
    ("un", "unit", "count", 1, 1, "1"),
    ("dz", "dozen", "count", 12, 1, "1"),
    ("m", "metre", "length", 1, 1, "0.001"),
    ("cm", "centimetre", "length", 1, 100, "0.1"),
    ("min", "minute", "time", 1, 1, "1"),
    ("h", "hour", "time", 60, 1, "0.01"),
)
