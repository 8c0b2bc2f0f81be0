"""What the shop makes, buys and sells, in which units, at which prices."""

from .attribute import Attribute, CategoryAttribute
from .bundle import BundleItem
from .category import Category
from .media import ProductMedia
from .price import Price, PriceList
from .product import Product, ProductUnit
from .promotion import Coupon, Promotion, PromotionScope, PromotionUse
from .remote import RemotePicture
from .unit import Unit

__all__ = [
    "Attribute",
    "BundleItem",
    "Category",
    "CategoryAttribute",
    "Coupon",
    "Price",
    "PriceList",
    "Product",
    "ProductMedia",
    "ProductUnit",
    "Promotion",
    "PromotionScope",
    "PromotionUse",
    "RemotePicture",
    "Unit",
]
