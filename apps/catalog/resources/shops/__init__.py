"""Product files of other shops, as those write them: read as if they were files of our own.

`items` of a shop turn its lines into products with the columns of our own file; `plan` finds out which attributes,
choices and categories the file needs; `importer` then does what it does with any file of ours.
"""

from .shopify import ShopifyImporter
from .woocommerce import WooCommerceImporter

__all__ = ["ShopifyImporter", "WooCommerceImporter"]
