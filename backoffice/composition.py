"""Where the apps meet. Data only: names of functions, URLs and permissions; nothing here runs at import.

The apps know nothing of each other's screens; what one shows of another is named here, as dotted paths and URL names,
and resolved when it is used.
"""

from typing import Any

from backoffice.outbox.handlers import Handler

# Sidebar: sections of entries. See backoffice/ui/nav.py.
NAV: list[Any] = []

# Panels that a page of one app shows of another: {"catalog.product": [Panel(...)]}. See backoffice/ui/panels.py.
PANELS: dict[str, list[Any]] = {}

# What the home page shows, in order. See backoffice/ui/dashboard.py.
DASHBOARD: list[Any] = []

# What the palette searches: dotted paths of callables (query, user) -> list of hits.
SEARCH: list[str] = []

# Directive topic -> handler. See backoffice/outbox/handlers.py.
DIRECTIVE_HANDLERS: dict[str, Handler] = {
    "transfer.scan": Handler("backoffice.transfers.services.jobs.scan", mode="long"),
    "transfer.preview": Handler("backoffice.transfers.services.jobs.preview", mode="long"),
    "transfer.apply": Handler("backoffice.transfers.services.jobs.apply", mode="long"),
}

# Import key -> dotted path of the importer class. See backoffice/transfers/importer.py.
IMPORTS: dict[str, str] = {
    "past_sales": "apps.orders.services.past_sales.PastSalesImporter",
}

# Dotted paths of callables that return the differences that a ledger has. See `manage.py verify_ledgers`.
LEDGER_CHECKS: list[str] = [
    "apps.inventory.services.verify.differences",
    "apps.crm.selectors.loyalty.differences",
]

# Role -> permissions "app.codename". `manage.py sync_roles` makes groups of them; owner gets everything.
ROLES: dict[str, list[str]] = {
    "owner": [],
    "manager": [],
    "counter": [],
    "baker": [],
    "clerk": [],
    "viewer": [],
}

# The demo bakery: what exists (goods, places, recipes, people to sell to), then what happened (stock, weeks of sales).
DEMO_MASTERS: list[str] = [
    "apps.catalog.demo.build",
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
]
