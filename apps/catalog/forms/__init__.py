"""Forms of the catalogue: they parse and shape; the services decide."""

from .attributes import AttributeForm, SchemaAddForm, SchemaForm
from .category import CategoryForm
from .price import ApplyPricesForm, InlinePriceForm, PriceListForm, PriceRuleForm, SetPriceForm
from .product import (
    BulkCategoryForm,
    NewProductForm,
    PackForm,
    ProductForm,
    ProductNameForm,
)

__all__ = [
    "ApplyPricesForm",
    "AttributeForm",
    "BulkCategoryForm",
    "CategoryForm",
    "InlinePriceForm",
    "NewProductForm",
    "PackForm",
    "PriceListForm",
    "PriceRuleForm",
    "ProductForm",
    "ProductNameForm",
    "SchemaAddForm",
    "SchemaForm",
    "SetPriceForm",
]
