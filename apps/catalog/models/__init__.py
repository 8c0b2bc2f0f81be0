"""What the shop makes, buys and sells, in which units, at which prices."""

from .category import Category
from .price import Price, PriceList
from .product import Product, ProductUnit
from .unit import Unit

__all__ = ["Category", "Price", "PriceList", "Product", "ProductUnit", "Unit"]
