"""Forms of the catalogue: they parse and shape; the services decide."""

from .attributes import AttributeForm, SchemaAddForm, SchemaForm
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
    "AttributeForm",
    "BulkCategoryForm",
    "CategoryForm",
    "InlinePriceForm",
    "NewProductForm",
    "PackForm",
    "PriceListForm",
    "ProductActiveForm",
    "ProductForm",
    "ProductNameForm",
    "SchemaAddForm",
    "SchemaForm",
    "SetPriceForm",
]
