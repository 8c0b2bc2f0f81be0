"""Where the apps meet. Data only: names of functions, URLs and permissions; nothing here runs at import.

The apps know nothing of each other's screens; what one shows of another is named here, as dotted paths and URL names,
and resolved when it is used.
"""

from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.outbox.handlers import Handler
from backoffice.roles import ROLES as ROLES
from backoffice.transfers.steps import HANDLERS as IMPORT_STEPS
from backoffice.ui.actions import Action
from backoffice.ui.dashboard import Figures, Part
from backoffice.ui.nav import Item, Section
from backoffice.ui.panels import Panel

# Sidebar: sections of entries. See backoffice/ui/nav.py.
NAV: list[Section] = [
    Section("", [Item(_("Home"), "home:home", icon="layout-dashboard", key="h")]),
    Section(
        _("Sell"),
        [
            Item(_("New sale"), "orders:sale_start", "orders.sell", icon="scan-barcode", under=["/orders/sale/"]),
            Item(
                _("Orders"),
                "orders:board",
                "orders.view_order",
                icon="shopping-bag",
                count="apps.orders.selectors.waiting.open_orders",
                under=["/orders/"],
                key="o",
            ),
            Item(_("Customers"), "crm:customer_list", "crm.view_customer", icon="users"),
            Item(_("Loyalty"), "crm:program", "crm.view_loyaltyprogram", icon="gem"),
            Item(_("Channels"), "orders:channel_list", "orders.view_channel", icon="store"),
        ],
    ),
    Section(
        _("Catalogue"),
        [
            Item(
                _("Products"),
                "catalog:product_list",
                "catalog.view_product",
                icon="croissant",
                count="apps.catalog.selectors.products.active",
                key="p",
            ),
            Item(_("Categories"), "catalog:category_list", "catalog.view_category", icon="folder-tree"),
            Item(_("Attributes"), "catalog:attribute_list", "catalog.view_attribute", icon="list-checks"),
            Item(_("Price lists"), "catalog:price_list_list", "catalog.view_pricelist", icon="tags"),
            Item(_("Promotions"), "catalog:promotion_list", "catalog.view_promotion", icon="badge-percent"),
            Item(_("Units"), "catalog:unit_list", "catalog.view_unit", icon="ruler"),
        ],
    ),
    Section(
        _("Stock"),
        [
            Item(
                _("Stock"),
                "inventory:stock_list",
                "inventory.view_stockbalance",
                icon="warehouse",
                under=["/stock/products/", "/stock/receive/"],
                key="s",
            ),
            Item(
                _("Alerts"),
                "inventory:alert_list",
                "inventory.view_stockalert",
                icon="bell",
                count="apps.inventory.selectors.alerts.unseen",
                bell=True,
                refresh=["inventory-stock", "inventory-stockalert"],
            ),
            Item(_("Lots"), "inventory:lot_list", "inventory.view_lot", icon="boxes"),
            Item(
                _("Operations"),
                "inventory:operation_list",
                "inventory.view_stockoperation",
                icon="arrow-left-right",
                under=["/stock/costs/"],
            ),
            Item(_("Holds"), "inventory:hold_list", "inventory.view_hold", icon="lock"),
            Item(
                _("Counts"),
                "inventory:count_list",
                "inventory.view_stockcount",
                icon="clipboard-check",
                count="apps.inventory.selectors.counts.for_approval",
                counted_for="inventory.approve_stockcount",
            ),
            Item(
                _("Purchases"),
                "inventory:purchase_list",
                "inventory.view_purchaseorder",
                icon="shopping-cart",
                count="apps.inventory.selectors.purchasing.late",
            ),
            Item(_("Suppliers"), "inventory:supplier_list", "inventory.view_supplier", icon="truck"),
            Item(_("Places"), "inventory:location_list", "inventory.view_location", icon="map-pin"),
            Item(_("Stock value"), "inventory:stock_value", "inventory.view_stockbalance", icon="scale"),
        ],
    ),
    Section(
        _("Make"),
        [
            Item(
                _("Plan"),
                "production:plan_today",
                "production.view_planline",
                icon="calendar-range",
                under=["/production/plan/"],
            ),
            Item(_("Floor"), "production:floor", "production.run_workorder", icon="flame"),
            Item(
                _("Work orders"),
                "production:work_order_list",
                "production.view_workorder",
                icon="clipboard-list",
                count="apps.production.selectors.work_orders.open_orders",
            ),
            Item(_("Recipes"), "production:recipe_list", "production.view_recipe", icon="chef-hat"),
            Item(_("Work centres"), "production:work_center_list", "production.view_workcenter", icon="factory"),
        ],
    ),
    Section(
        _("Control"),
        [
            Item(_("Imports"), "transfers:run_list", "transfers.view_transferrun", icon="file-up"),
            Item(
                _("Jobs"),
                "outbox:directive_list",
                "outbox.view_directive",
                icon="list-checks",
                count="backoffice.outbox.selectors.queue.needs_a_person",
            ),
            Item(_("Health"), "observability:health", "outbox.view_directive", icon="activity"),
            Item(
                _("Books"),
                "observability:ledgers",
                "observability.view_ledgerrun",
                icon="scale",
                count="backoffice.observability.ledgers.alarming",
                alarm=_("The books do not agree: figures that should be one differ."),
            ),
        ],
    ),
]

# Panels that a page of one app shows of another: {"catalog.product": [Panel(...)]}; the page of an import shows those
# of "transfers.<its key>". See backoffice/ui/panels.py.
PANELS: dict[str, list[Any]] = {
    "orders.order": [
        Panel("jobs", _("Jobs"), "orders:order_jobs", "outbox.view_directive"),
    ],
    "crm.customer": [
        Panel("orders", _("Orders"), "orders:customer_orders", "orders.view_order"),
    ],
    "inventory.lot": [
        Panel("label", _("Label"), "production:lot_label_panel", "inventory.view_lot"),
    ],
    **{
        f"transfers.{key}": [
            Panel(
                "pictures",
                _("Pictures"),
                "catalog:run_pictures",
                "catalog.import_product",
                wanted=lambda run: "media" in run.figures,
            ),
        ]
        for key in ("products", "woocommerce", "shopify")
    },
    "catalog.product": [
        Panel("sales", _("Sales"), "orders:product_sales", "orders.view_order"),
        Panel("stock", _("Stock"), "inventory:product_stock", "inventory.view_stockbalance"),
        Panel("recipe", _("Recipe"), "production:product_recipe", "production.view_recipe"),
    ],
}

# What the home page shows, in order. See backoffice/ui/dashboard.py.
DASHBOARD: list[Any] = [
    Action(_("Receive"), "inventory:receive", "inventory.receive_stock", icon="package-plus", dialog=False),
    Action(_("New sale"), "orders:sale_start", "orders.sell", icon="plus", primary=True, dialog=False),
    Figures("apps.orders.views.home.figures", "orders.view_order"),
    Part("sales-today", _("Sales today"), "orders:home_today", "orders.view_order", wide=True, refresh="orders-order"),
    Part(
        "sales-channels",
        _("Where it came from"),
        "orders:home_channels",
        "orders.view_order",
        narrow=True,
        refresh="orders-order",
    ),
    Part(
        "to-accept", _("Orders to accept"), "orders:home_to_accept", "orders.view_order", "left", refresh="orders-order"
    ),
    Part("late", _("Orders late"), "orders:home_late", "orders.view_order", "right", refresh="orders-order"),
    Figures("apps.production.views.home.figures", "production.view_workorder"),
    Part(
        "production",
        _("Production due"),
        "production:home_due",
        "production.view_workorder",
        "left",
        refresh="production-workorder",
    ),
    Part("sales-weeks", _("The last weeks"), "orders:home_weeks", "orders.view_order", "left", refresh="orders-order"),
    Figures("apps.inventory.views.home.figures", "inventory.view_stockbalance"),
    Part(
        "alerts",
        _("Alerts"),
        "inventory:home_alerts",
        "inventory.view_stockalert",
        "right",
        refresh="inventory-stockalert",
    ),
    Part(
        "low-stock",
        _("Low stock"),
        "inventory:home_low",
        "inventory.view_stockbalance",
        "right",
        refresh="inventory-stock",
    ),
    Part(
        "expiring",
        _("Expiring soon"),
        "inventory:home_expiring",
        "inventory.view_stockbalance",
        "right",
        refresh="inventory-stock",
    ),
    Figures("backoffice.outbox.views.home.figures", "outbox.view_directive"),
]

# The ways to sell, for the conditions of promotions: a callable that gives (code, name, price list id) of each.
SALES_CHANNELS = "apps.orders.selectors.places.channel_choices"
# How the stock of products is: a callable that gives (code, words, what narrows products), the permission to see it.
STOCK_STATES: tuple[str, str] = ("apps.inventory.selectors.states.of_products", "inventory.view_stockbalance")
# In how many days the first lot expires that a channel could sell: (channel code, product ids) -> {product id: days}.
CHANNEL_DAYS_LEFT = "apps.orders.selectors.expiry.of_channel"
# How much there is of products: a callable of (product ids) -> {product id: quantity}.
STOCK_ON_HAND = "apps.inventory.selectors.states.on_hand"
# What the palette searches: dotted paths of callables (query, user) -> list of hits.
SEARCH: list[str] = [
    "apps.orders.search.orders",
    "apps.catalog.search.products",
    "apps.production.search.work_orders",
    "apps.production.search.recipes",
    "apps.inventory.search.lots",
    "apps.inventory.search.locations",
    "apps.crm.search.customers",
]

# What the palette lets one begin.
ACTIONS: list[Action] = [
    Action(_("New sale"), "orders:sale_start", "orders.sell", icon="plus"),
    Action(_("Receive goods"), "inventory:receive", "inventory.receive_stock", icon="package-plus"),
    Action(_("New work order"), "production:work_order_create", "production.add_workorder", icon="factory"),
    Action(_("New product"), "catalog:product_create", "catalog.add_product", icon="plus"),
    Action(_("New customer"), "crm:customer_create", "crm.add_customer", icon="user-plus"),
    Action(_("New person"), "accounts:user_create", "accounts.add_user", icon="user-plus"),
]

# Directive topic -> handler. See backoffice/outbox/handlers.py.
DIRECTIVE_HANDLERS: dict[str, Handler] = {
    "catalog.thumbnails": Handler("apps.catalog.services.media.make_thumbnails", "long", lease_seconds=120),
    "catalog.remote_media": Handler(
        "apps.catalog.services.remote_media.fetch",
        "long",
        lease_seconds=120,
        heavy=True,
        gave_up="apps.catalog.services.remote_media.gave_up",
    ),
    "catalog.completeness": Handler("apps.catalog.services.completeness.recompute", "long", lease_seconds=60),
    "audit.seal": Handler("backoffice.observability.seals.carry_out", mode="long", lease_seconds=300),
    "ledgers.verify": Handler("backoffice.observability.ledgers.carry_out", mode="long", lease_seconds=1800),
    "backup.drill": Handler("backoffice.observability.drills.carry_out", mode="long", lease_seconds=1500),
    "catalog.search_words": Handler("apps.catalog.services.search_words.recompute", "long", lease_seconds=60),
    "loyalty.earn": Handler("apps.orders.services.loyalty_jobs.earn"),
    "notify.customer": Handler("apps.orders.services.notifications.customer", mode="long"),
    "order.auto_confirm": Handler("apps.orders.services.order_jobs.auto_confirm"),
    "notify.staff": Handler("apps.inventory.services.alert_jobs.tell", mode="long"),
    "stock.alerts": Handler("apps.inventory.services.alert_jobs.sweep", mode="long"),
    "stock.trends": Handler("apps.inventory.services.trends.carry_out", mode="long"),
    "stock.trends_late": Handler("apps.inventory.services.trends.carry_out_late", mode="long"),
    "stock.correct_cost": Handler("apps.inventory.services.cost_corrections.carry_out", lease_seconds=600),
    "purchase.send": Handler("apps.inventory.services.purchase_jobs.send", mode="long"),
    "order.auto_cancel": Handler("apps.orders.services.order_jobs.auto_cancel"),
    **IMPORT_STEPS,
}

# What planned work will take of the stock before it holds any: callables of (product ids) -> {product id: quantity}.
PLANNED_DEMAND: list[str] = ["apps.production.selectors.planned_demand.of"]

# Who works with a place, for whoever closes it: callables of a location -> list of
# apps.inventory.selectors.place_uses.Use.
PLACE_USES: list[str] = ["apps.orders.selectors.places.uses", "apps.production.selectors.places.uses"]

# Who got what left the house: (callable of {model: keys} -> documents and who each was for, the permission to see it).
PARTIES: list[tuple[str, str]] = [("apps.orders.selectors.parties.of", "orders.view_order")]

# What a late correction of a cost reaches, by model: how a document hands on what went into it ("batches"), what it
# costs before and after ("figures"), how that is written ("lock" first, then "apply"), and the permission to see it.
COST_CARRIERS: dict[str, dict[str, str]] = {
    "production.workorder": {
        "batches": "apps.production.selectors.recosting.batches",
        "figures": "apps.production.selectors.recosting.figures",
        "lock": "apps.production.services.recosting.lock",
        "apply": "apps.production.services.recosting.apply",
        "permission": "production.view_cost",
    },
    "orders.order": {
        "figures": "apps.orders.selectors.recosting.figures",
        "apply": "apps.orders.services.recosting.apply",
        "permission": "orders.view_margin",
    },
}

# Import key -> dotted path of the importer class. See backoffice/transfers/importer.py.
IMPORTS: dict[str, str] = {
    "products": "apps.catalog.resources.ProductImporter",
    "woocommerce": "apps.catalog.resources.shops.WooCommerceImporter",
    "shopify": "apps.catalog.resources.shops.ShopifyImporter",
    "prices": "apps.catalog.resources.PriceImporter",
    "opening_stock": "apps.inventory.resources.opening.OpeningImporter",
    "suppliers": "apps.inventory.resources.suppliers.SupplierImporter",
    "counts": "apps.inventory.resources.counts.CountImporter",
    "reorder_rules": "apps.inventory.resources.reorder_rules.ReorderImporter",
    "past_sales": "apps.orders.services.past_sales.PastSalesImporter",
}

# Dotted paths of callables that return the differences that a ledger has. See `manage.py verify_ledgers`.
LEDGER_CHECKS: list[str] = [
    "apps.orders.services.verify.differences",
    "apps.inventory.services.verify.differences",
    "apps.crm.selectors.loyalty.differences",
    "backoffice.observability.audit.differences",
]

# The demo bakery: what exists (goods, places, recipes, people to sell to), then what happened (stock, weeks of sales).
DEMO_MASTERS: list[str] = [
    "backoffice.company.demo.build",
    "apps.catalog.demo.build",
    "apps.catalog.demo_details.build",
    "apps.catalog.demo_pictures.build",
    "apps.inventory.demo.places",
    "apps.production.demo.build",
    "apps.crm.demo.build",
    "apps.orders.demo.build",
]
DEMO_STORY: list[str] = [
    "apps.inventory.demo.deliveries",
    "apps.orders.demo.log",
    "apps.orders.demo.week",
    "apps.orders.demo.today",
    "apps.inventory.demo_story.counts",
    "apps.inventory.demo_story.purchases",
    "apps.inventory.demo_costs.build",
    "apps.inventory.demo_story.alerts",
    "apps.inventory.services.trends.everything",
    "backoffice.observability.demo.books",
]
