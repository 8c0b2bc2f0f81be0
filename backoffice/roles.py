"""Who may do what from the first day: the roles that `manage.py sync_roles` makes groups of."""

_CATALOG = ("product", "category", "attribute", "pricelist", "promotion")
_READ_CATALOG = [f"catalog.view_{model}" for model in (*_CATALOG, "productunit", "price", "unit")]
_KEEP_CATALOG = [
    *_READ_CATALOG,
    *(f"catalog.{verb}_{model}" for verb in ("add", "change") for model in _CATALOG),
    *(f"catalog.delete_{model}" for model in ("attribute", "category", "pricelist")),
    "catalog.change_price",
    "catalog.import_product",
    "catalog.export_product",
]

_KNOW_CUSTOMERS = ["crm.view_customer", "crm.view_loyaltyprogram"]
_SERVE_CUSTOMERS = [
    *_KNOW_CUSTOMERS,
    "crm.add_customer",
    "crm.change_customer",
    "crm.add_interaction",
    "crm.redeem_points",
]
_KEEP_CUSTOMERS = [
    *_SERVE_CUSTOMERS,
    "crm.view_document",
    "crm.export_customer",
    "crm.adjust_points",
    "crm.add_loyaltyprogram",
    "crm.change_loyaltyprogram",
]

_READ_STOCK = [
    "inventory.view_stockbalance",
    "inventory.view_lot",
    "inventory.view_location",
    "inventory.view_hold",
    "inventory.view_stockoperation",
    "inventory.view_stockcount",
    "inventory.view_stockalert",
]
_COUNT_STOCK = ["inventory.change_stockcount"]
_MOVE_STOCK = [
    *_READ_STOCK,
    *_COUNT_STOCK,
    "inventory.transfer_stock",
    "inventory.waste_stock",
    "inventory.acknowledge_stockalert",
]
_KEEP_STOCK = [
    *_MOVE_STOCK,
    "inventory.receive_stock",
    "inventory.adjust_stock",
    "inventory.reverse_stockoperation",
    "inventory.block_lot",
    "inventory.release_hold",
    "inventory.change_reorderrule",
    "inventory.add_stockcount",
    "inventory.post_stockcount",
    "inventory.view_supplier",
    "inventory.add_supplier",
    "inventory.change_supplier",
    "inventory.import_supplier",
    "inventory.view_costcorrection",
    "inventory.view_purchaseorder",
    "inventory.add_purchaseorder",
    "inventory.change_purchaseorder",
    "inventory.send_purchaseorder",
]
_RUN_STOCK = [
    *_KEEP_STOCK,
    "inventory.approve_stockcount",
    "inventory.correct_cost",
    "inventory.change_stockpolicy",
    "inventory.close_period",
]
_KEEP_PLACES = ["inventory.add_location", "inventory.change_location"]

_SEE_ORDERS = ["orders.view_order", "orders.view_channel"]
_SELL = [*_SEE_ORDERS, "orders.sell", "orders.advance_order", "orders.take_payment"]
_KEEP_ORDERS = [
    *_SELL,
    "orders.override_price",
    "orders.cancel_order",
    "orders.refund_payment",
    "orders.view_margin",
    "orders.export_order",
    "orders.import_past_sales",
    "orders.add_channel",
    "orders.change_channel",
]

_SEE_PRODUCTION = [
    "production.view_workorder",
    "production.view_recipe",
    "production.view_planline",
    "production.view_workcenter",
]
_BAKE = [
    *_SEE_PRODUCTION,
    "production.add_workorder",
    "production.change_workorder",
    "production.release_workorder",
    "production.run_workorder",
    "production.change_planline",
    "production.release_plan",
]
_KEEP_PRODUCTION = [
    *_BAKE,
    "production.abort_workorder",
    "production.add_recipe",
    "production.change_recipe",
    "production.activate_recipe",
    "production.view_cost",
    "production.add_workcenter",
    "production.change_workcenter",
]

_IMPORT = ["transfers.view_transferrun", "transfers.add_transferrun", "transfers.change_transferrun"]
_LOOK_AFTER = [
    *_IMPORT,
    "transfers.undo_transferrun",
    "outbox.view_directive",
    "outbox.change_directive",
    "observability.view_ledgerrun",
    "observability.add_ledgerrun",
    "observability.add_restoredrill",
]

# Role -> permissions "app.codename". `manage.py sync_roles` makes groups of them; owner gets everything.
ROLES: dict[str, list[str]] = {
    "owner": [],
    "manager": [
        *_KEEP_CATALOG,
        *_KEEP_CUSTOMERS,
        *_RUN_STOCK,
        *_KEEP_PLACES,
        *_KEEP_ORDERS,
        *_KEEP_PRODUCTION,
        *_LOOK_AFTER,
    ],
    "counter": [*_READ_CATALOG, *_SERVE_CUSTOMERS, *_READ_STOCK, *_COUNT_STOCK, "inventory.waste_stock", *_SELL],
    "baker": [*_READ_CATALOG, *_MOVE_STOCK, *_SEE_ORDERS, *_BAKE],
    "clerk": [
        *_READ_CATALOG,
        "catalog.change_product",
        *_KEEP_STOCK,
        *_IMPORT,
        *_KEEP_PLACES,
        *_SEE_ORDERS,
        *_SEE_PRODUCTION,
        "observability.view_ledgerrun",
        "observability.add_ledgerrun",
    ],
    "viewer": [*_READ_CATALOG, *_KNOW_CUSTOMERS, *_READ_STOCK, *_SEE_ORDERS, *_SEE_PRODUCTION],
}
