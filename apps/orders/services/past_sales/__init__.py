"""Past sales: the log of another till becomes orders that were completed long ago.

`reading` makes tickets of lines, `matching` makes products of names, `writing` makes orders of tickets; `importer`
puts the three on the way of a file (upload, names, preview, apply). No stock moves, no number of our own is used.
"""

from .importer import PastSalesImporter

__all__ = ["PastSalesImporter"]
