"""The company, and when it is open."""

from datetime import time

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from stdnum.br import cnpj
from stdnum.exceptions import ValidationError as BadDocument

from backoffice.kernel.audit import Audited
from backoffice.kernel.models import Revisioned


def validate_cnpj(value: str) -> None:
    """A CNPJ with right check digits, written as people write it."""
    try:
        cnpj.validate(value)
    except BadDocument:
        raise ValidationError(_("This is not a valid CNPJ: its check digits do not match.")) from None


class Company(Revisioned, Audited):
    """The one company of this house. Currency and tax mode are how prices are meant, so they change rarely."""

    class Currency(models.TextChoices):
        BRL = "BRL", _("Brazilian real (R$)")
        EUR = "EUR", _("Euro (€)")
        GBP = "GBP", _("Pound sterling (£)")
        USD = "USD", _("US dollar (US$)")

    class Mark(models.TextChoices):
        CROISSANT = "croissant", _("croissant")
        WHEAT = "wheat", _("wheat")
        COFFEE = "coffee", _("cup")
        CAKE = "cake", _("cake")
        CHEF_HAT = "chef-hat", _("chef's hat")
        CANDY = "candy", _("sweet")
        FLASK = "flask-conical", _("flask")
        LEAF = "leaf", _("leaf")
        STORE = "store", _("shop")

    name = models.CharField(_("name"), max_length=80)
    legal_name = models.CharField(_("legal name"), max_length=160, blank=True)
    document = models.CharField(_("CNPJ"), max_length=18, blank=True, validators=[validate_cnpj])
    state_registration = models.CharField(_("state registration"), max_length=20, blank=True)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    address = models.TextField(
        _("address"), max_length=400, blank=True, help_text=_("As it stands on labels and sheets.")
    )
    mark = models.CharField(_("mark"), max_length=20, choices=Mark, default=Mark.CROISSANT)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.BRL)
    tax_inclusive = models.BooleanField(_("prices include taxes"), default=True)
    banner = models.CharField(
        _("notice to everybody"),
        max_length=160,
        blank=True,
        help_text=_("Shown in red above every page. Leave empty for none."),
    )

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="company_is_one_row")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return "/company/"

    @property
    def time_zone(self) -> str:
        """The business's time zone. It is set in the environment, because jobs and queries need it before any row."""
        return settings.TIME_ZONE


class OpeningHours(models.Model):
    """From when to when the counter is open on a day of the week. A day without a row is closed."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, _("Monday")
        TUESDAY = 1, _("Tuesday")
        WEDNESDAY = 2, _("Wednesday")
        THURSDAY = 3, _("Thursday")
        FRIDAY = 4, _("Friday")
        SATURDAY = 5, _("Saturday")
        SUNDAY = 6, _("Sunday")

    company = models.ForeignKey(Company, models.CASCADE, related_name="hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday, validators=[MaxValueValidator(6)])
    opens = models.TimeField(_("opens"), default=time(7))
    closes = models.TimeField(_("closes"), default=time(19))

    class Meta:
        verbose_name = _("opening hours")
        verbose_name_plural = _("opening hours")
        constraints = [
            models.UniqueConstraint(fields=["company", "weekday"], name="opening_hours_once_a_day"),
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")), name="opening_hours_close_after_opening"
            ),
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="opening_hours_on_a_weekday"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"
