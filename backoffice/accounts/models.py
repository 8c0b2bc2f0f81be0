"""The people who work here."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db import models
from django.db.models import Value
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import AuditTrail
from backoffice.kernel.compiled import Compiled


def _rights(pk: Any) -> Any:
    by_role = Group.objects.filter(user=pk).values_list(
        "name", "permissions__content_type__app_label", "permissions__codename"
    )
    by_hand = Permission.objects.filter(user=pk).values_list(Value(""), "content_type__app_label", "codename")
    return by_role.order_by().union(by_hand.order_by(), all=True)


_granting: Compiled[Any] = Compiled(_rights)
"""Role, app and permission of somebody. Every request asks this."""


class User(AbstractUser):
    """Someone who logs in. What they may do is data: groups are roles, synced from `composition.ROLES`."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("like the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("comfortable")
        COMPACT = "compact", _("compact")

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"), blank=True)
    language = models.CharField(_("language"), max_length=8, blank=True, choices=settings.LANGUAGES)
    theme = models.CharField(_("appearance"), max_length=8, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(_("density"), max_length=12, choices=Density, default=Density.COMFORTABLE)

    history = AuditTrail(excluded_fields=["password", "last_login"])

    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.get_full_name().split()[0]

    @cached_property
    def granted(self) -> tuple[frozenset[str], tuple[str, ...]]:
        """What they may do, by their roles or by themselves, and the names of those roles: one query."""
        rows = _granting(self.pk)
        permissions = frozenset(f"{app}.{codename}" for _role, app, codename in rows if app)
        return permissions, tuple({role: None for role, _app, _codename in rows if role})

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        if not hasattr(self, "_perm_cache") and self.is_active and not self.is_superuser:
            self._perm_cache = set(self.granted[0])  # where Django's backend keeps what it would ask for in two queries
        if obj is None and self.is_active and not self.is_superuser:
            return perm in self._perm_cache  # what the backend would say; a page asks up to a hundred times
        return super().has_perm(perm, obj)

    @property
    def initials(self) -> str:
        """Two letters for the picture."""
        words = self.get_full_name().split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()
