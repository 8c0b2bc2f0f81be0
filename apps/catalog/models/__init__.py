"""What the shop makes, buys and sells, in which units, at which prices."""

from .attribute import Attribute, CategoryAttribute
from .category import Category
from .price import Price, PriceList
from .product import Product, ProductUnit
from .unit import Unit

__all__ = ["Attribute", "Category", "CategoryAttribute", "Price", "PriceList", "Product", "ProductUnit", "Unit"]
