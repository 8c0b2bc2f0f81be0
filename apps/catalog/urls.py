"""Where the catalogue lives."""

from django.urls import path

from apps.catalog.views import attributes, categories, packs, price_grid, prices, products, units

app_name = "catalog"

urlpatterns = [
    path("products/", products.ProductList.as_view(), name="product_list"),
    path("products/new/", products.ProductCreate.as_view(), name="product_create"),
    path("products/<int:pk>/", products.ProductDetail.as_view(), name="product_detail"),
    path("products/<int:pk>/prices/", products.ProductPrices.as_view(), name="product_prices"),
    path("products/<int:pk>/history/", products.ProductHistory.as_view(), name="product_history"),
    path("products/<int:pk>/edit/", products.ProductEdit.as_view(), name="product_edit"),
    path("products/<int:pk>/name/", products.ProductName.as_view(), name="product_name"),
    path("products/<int:pk>/active/", products.ProductActive.as_view(), name="product_active"),
    path("products/<int:pk>/price/", prices.ProductPrice.as_view(), name="product_price"),
    path("products/<int:pk>/retire/", products.ProductRetire.as_view(), name="product_retire"),
    path("products/<int:pk>/restore/", products.ProductRestore.as_view(), name="product_restore"),
    path("products/<int:pk>/prices/set/", prices.PriceSet.as_view(), name="price_set"),
    path("products/<int:product>/packs/new/", packs.PackCreate.as_view(), name="pack_create"),
    path("packs/<int:pk>/edit/", packs.PackEdit.as_view(), name="pack_edit"),
    path("packs/<int:pk>/delete/", packs.PackDelete.as_view(), name="pack_delete"),
    path("prices/<int:pk>/cancel/", prices.PriceCancel.as_view(), name="price_cancel"),
    path("price-lists/", prices.PriceListList.as_view(), name="price_list_list"),
    path("price-lists/new/", prices.PriceListCreate.as_view(), name="price_list_create"),
    path("price-lists/grid/", price_grid.PriceGrid.as_view(), name="price_grid"),
    path("price-lists/grid/check/", price_grid.check, name="price_grid_check"),
    path("price-lists/apply/", price_grid.apply, name="price_apply"),
    path("price-lists/<int:pk>/change/", price_grid.rule, name="price_rule"),
    path("price-lists/<int:price_list>/", prices.PriceListPrices.as_view(), name="price_list_prices"),
    path("price-lists/<int:pk>/edit/", prices.PriceListEdit.as_view(), name="price_list_edit"),
    path("price-lists/<int:pk>/delete/", prices.PriceListDelete.as_view(), name="price_list_delete"),
    path("price-lists/<int:pk>/history/", prices.PriceListHistory.as_view(), name="price_list_history"),
    path("price-lists/<int:price_list>/products/<int:pk>/price/", prices.ListPrice.as_view(), name="list_price"),
    path("categories/", categories.tree, name="category_list"),
    path("categories/new/", categories.CategoryCreate.as_view(), name="category_create"),
    path("categories/<int:pk>/edit/", categories.CategoryEdit.as_view(), name="category_edit"),
    path("categories/<int:pk>/delete/", categories.CategoryDelete.as_view(), name="category_delete"),
    path("categories/<int:pk>/history/", categories.CategoryHistory.as_view(), name="category_history"),
    path("categories/<int:pk>/attributes/", attributes.category_schema, name="category_schema"),
    path("categories/<int:category>/attributes/add/", attributes.SchemaAdd.as_view(), name="schema_add"),
    path("category-attributes/<int:pk>/edit/", attributes.SchemaChange.as_view(), name="schema_change"),
    path("category-attributes/<int:pk>/remove/", attributes.SchemaRemove.as_view(), name="schema_remove"),
    path("category-attributes/<int:pk>/<str:way>/", attributes.schema_move, name="schema_move"),
    path("attributes/", attributes.AttributeList.as_view(), name="attribute_list"),
    path("attributes/new/", attributes.AttributeCreate.as_view(), name="attribute_create"),
    path("attributes/<int:pk>/edit/", attributes.AttributeEdit.as_view(), name="attribute_edit"),
    path("attributes/<int:pk>/delete/", attributes.AttributeDelete.as_view(), name="attribute_delete"),
    path("attributes/<int:pk>/history/", attributes.AttributeHistory.as_view(), name="attribute_history"),
    path("units/", units.UnitList.as_view(), name="unit_list"),
]
