from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InventoryConfig(AppConfig):
    """The ledger of stock: places, lots, moves, holds."""

    name = "apps.inventory"
    label = "inventory"
    verbose_name = _("inventory")
    default_auto_field = "django.db.models.BigAutoField"
