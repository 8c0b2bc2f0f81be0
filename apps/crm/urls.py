"""Where customers and loyalty live."""

from django.urls import path

from apps.crm.views import addresses, customers, loyalty

app_name = "crm"

urlpatterns = [
    path("", customers.CustomerList.as_view(), name="customer_list"),
    path("new/", customers.CustomerCreate.as_view(), name="customer_create"),
    path("<int:pk>/", customers.CustomerPage.as_view(), name="customer_detail"),
    path("<int:pk>/edit/", customers.CustomerEdit.as_view(), name="customer_edit"),
    path("<int:pk>/history/", customers.CustomerHistory.as_view(), name="customer_history"),
    path("<int:pk>/timeline/", customers.customer_timeline, name="customer_timeline"),
    path("<int:pk>/note/", customers.note, name="customer_note"),
    path("<int:pk>/points/", loyalty.statement, name="customer_points"),
    path("<int:pk>/points/correct/", loyalty.PointsAdjust.as_view(), name="points_adjust"),
    path("<int:customer>/addresses/new/", addresses.AddressCreate.as_view(), name="address_create"),
    path("addresses/<int:pk>/edit/", addresses.AddressEdit.as_view(), name="address_edit"),
    path("addresses/<int:pk>/remove/", addresses.AddressRemove.as_view(), name="address_remove"),
    path("addresses/<int:pk>/default/", addresses.make_default, name="address_default"),
    path("loyalty/", loyalty.program, name="program"),
    path("loyalty/new/", loyalty.ProgramCreate.as_view(), name="program_create"),
    path("loyalty/<int:pk>/edit/", loyalty.ProgramEdit.as_view(), name="program_edit"),
    path("loyalty/<int:pk>/history/", loyalty.ProgramHistory.as_view(), name="program_history"),
]
