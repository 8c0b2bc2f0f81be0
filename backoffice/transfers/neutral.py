"""Keeping spreadsheet programs from running what people wrote: the one rule for files going out and coming in.

The rule itself lives beside the lists' own export, which uses it too.
"""

from backoffice.ui.export import neutralise, restore

__all__ = ["neutralise", "restore"]
