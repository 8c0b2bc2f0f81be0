"""Every URL of the stock room."""

from django.urls import path

from apps.inventory.views import holds, home, locations, lots, operations, products, receive

app_name = "inventory"
urlpatterns = [
    path("", products.StockList.as_view(), name="stock_list"),
    path("products/<int:pk>/", products.ProductCard.as_view(), name="product_card"),
    path("products/<int:pk>/why/", products.product_why, name="product_why"),
    path("products/<int:pk>/panel/", products.product_stock, name="product_stock"),
    path("products/<int:pk>/minimum/", products.ProductMinimum.as_view(), name="product_minimum"),
    path("lots/", lots.LotList.as_view(), name="lot_list"),
    path("lots/<int:pk>/", lots.LotDetail.as_view(), name="lot_detail"),
    path("lots/<int:pk>/history/", lots.LotHistory.as_view(), name="lot_history"),
    path("lots/<int:pk>/block/", lots.LotBlock.as_view(), name="lot_block"),
    path("lots/<int:pk>/release/", lots.LotUnblock.as_view(), name="lot_unblock"),
    path("receive/", receive.Receive.as_view(), name="receive"),
    path("transfer/", operations.Transfer.as_view(), name="transfer"),
    path("adjust/", operations.Adjust.as_view(), name="adjust"),
    path("waste/", operations.Waste.as_view(), name="waste"),
    path("operations/", operations.OperationList.as_view(), name="operation_list"),
    path("operations/<int:pk>/", operations.OperationDetail.as_view(), name="operation_detail"),
    path("operations/<int:pk>/reverse/", operations.OperationReverse.as_view(), name="operation_reverse"),
    path("holds/", holds.HoldList.as_view(), name="hold_list"),
    path("holds/<int:pk>/", holds.HoldDetail.as_view(), name="hold_detail"),
    path("holds/<int:pk>/release/", holds.HoldRelease.as_view(), name="hold_release"),
    path("locations/", locations.LocationList.as_view(), name="location_list"),
    path("locations/new/", locations.LocationCreate.as_view(), name="location_create"),
    path("locations/<int:pk>/", locations.LocationDetail.as_view(), name="location_detail"),
    path("locations/<int:pk>/edit/", locations.LocationEdit.as_view(), name="location_edit"),
    path("locations/<int:pk>/history/", locations.LocationHistory.as_view(), name="location_history"),
    path("locations/<int:pk>/close/", locations.LocationClose.as_view(), name="location_close"),
    path("locations/<int:pk>/reopen/", locations.LocationReopen.as_view(), name="location_reopen"),
    path("home/low/", home.low, name="home_low"),
    path("home/expiring/", home.expiring, name="home_expiring"),
]
