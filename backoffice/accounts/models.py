"""The people who work here."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import AuditTrail


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

    @property
    def initials(self) -> str:
        """Two letters for the picture."""
        words = self.get_full_name().split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()
