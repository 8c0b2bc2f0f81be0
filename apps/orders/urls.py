"""Selling: the sale, the board, orders, channels."""

from django.urls import path

from apps.orders.views import board, buyer, channels, home, order, panels, past_sales, pay, sale
from backoffice.outbox.views.panel import jobs_of

app_name = "orders"

urlpatterns = [
    path("", order.OrderList.as_view(), name="order_list"),
    path("board/", board.board, name="board"),
    path("<int:pk>/", order.detail, name="order_detail"),
    path("<int:pk>/history/", order.OrderHistory.as_view(), name="order_history"),
    path("<int:pk>/advance/", order.advance, name="order_advance"),
    path("<int:pk>/cancel/", order.Cancel.as_view(), name="order_cancel"),
    path("<int:pk>/reschedule/", order.Reschedule.as_view(), name="order_reschedule"),
    path("<int:pk>/pay/", order.TakePayment.as_view(), name="order_pay"),
    path("<int:pk>/payments/<int:payment>/refund/", order.Refund.as_view(), name="payment_refund"),
    path("<int:pk>/jobs/", jobs_of("orders.order"), name="order_jobs"),
    path("<int:pk>/receipt/", order.receipt, name="receipt"),
    path("sale/", sale.start, name="sale_start"),
    path("sale/open/", sale.open_tab, name="open_tab"),
    path("sale/find/", sale.find, name="find_start"),
    path("sale/<int:pk>/", sale.sale, name="sale"),
    path("sale/<int:pk>/add/", sale.add, name="add"),
    path("sale/<int:pk>/find/", sale.find, name="find"),
    path("sale/<int:pk>/lines/<int:line>/", sale.set_line, name="set_line"),
    path("sale/<int:pk>/lines/<int:line>/price/", pay.LinePrice.as_view(), name="line_price"),
    path("sale/<int:pk>/remedy/", sale.remedy, name="remedy"),
    path("sale/<int:pk>/customer/", buyer.customers, name="customers"),
    path("sale/<int:pk>/customer/new/", buyer.Newcomer.as_view(), name="newcomer"),
    path("sale/<int:pk>/customer/set/", sale.set_customer, name="set_customer"),
    path("sale/<int:pk>/coupon/", sale.coupon, name="coupon"),
    path("sale/<int:pk>/arrange/", pay.Arrange.as_view(), name="arrange"),
    path("sale/<int:pk>/abandon/", sale.abandon, name="abandon"),
    path("sale/<int:pk>/cash/", pay.PayCash.as_view(), name="pay_cash"),
    path("sale/<int:pk>/split/", pay.PaySplit.as_view(), name="pay_split"),
    path("sale/<int:pk>/points/", pay.PayPoints.as_view(), name="pay_points"),
    path("sale/<int:pk>/card/", pay.pay_card, name="pay_card"),
    path("sale/<int:pk>/later/", pay.pay_later, name="pay_later"),
    path("sale/done/<int:pk>/", pay.done, name="sale_done"),
    path("past-sales/", past_sales.past_sales, name="past_sales"),
    path("channels/", channels.ChannelList.as_view(), name="channel_list"),
    path("channels/new/", channels.ChannelCreate.as_view(), name="channel_create"),
    path("channels/<int:pk>/", channels.ChannelDetail.as_view(), name="channel_detail"),
    path("channels/<int:pk>/edit/", channels.ChannelEdit.as_view(), name="channel_edit"),
    path("channels/<int:pk>/history/", channels.ChannelHistory.as_view(), name="channel_history"),
    path("panels/product/<int:pk>/", panels.product_sales, name="product_sales"),
    path("panels/customer/<int:pk>/", panels.customer_orders, name="customer_orders"),
    path("home/today/", home.today, name="home_today"),
    path("home/weeks/", home.weeks, name="home_weeks"),
    path("home/channels/", home.channels, name="home_channels"),
    path("home/to-accept/", home.to_accept, name="home_to_accept"),
    path("home/late/", home.late, name="home_late"),
]
