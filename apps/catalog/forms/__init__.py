"""Forms of the catalogue: they parse and shape; the services decide."""

from .attributes import AttributeForm, SchemaAddForm, SchemaForm
from .category import CategoryForm
from .price import ApplyPricesForm, EndPriceForm, InlinePriceForm, PriceListForm, PriceRuleForm, SetPriceForm
from .product import (
    NewProductForm,
    PackForm,
    ProductActiveForm,
    ProductForm,
    ProductNameForm,
)

__all__ = [
    "ApplyPricesForm",
    "AttributeForm",
    "CategoryForm",
    "EndPriceForm",
    "InlinePriceForm",
    "NewProductForm",
    "PackForm",
    "PriceListForm",
    "PriceRuleForm",
    "ProductActiveForm",
    "ProductForm",
    "ProductNameForm",
    "SchemaAddForm",
    "SchemaForm",
    "SetPriceForm",
]
