"""Products as files: the importer that reads them, the resource that writes them, and the columns both share."""

from .export import ProductResource
from .importer import ProductImporter
from .prices import PriceImporter

__all__ = ["PriceImporter", "ProductImporter", "ProductResource"]
