"""Forms of the catalogue: they parse and shape; the services decide."""

from .category import CategoryForm
from .price import InlinePriceForm, PriceListForm, SetPriceForm
from .product import (
    BulkCategoryForm,
    NewProductForm,
    PackForm,
    ProductActiveForm,
    ProductForm,
    ProductNameForm,
)

__all__ = [
    "BulkCategoryForm",
    "CategoryForm",
    "InlinePriceForm",
    "NewProductForm",
    "PackForm",
    "PriceListForm",
    "ProductActiveForm",
    "ProductForm",
    "ProductNameForm",
    "SetPriceForm",
]
