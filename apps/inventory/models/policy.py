"""The stock room's own rules: business switches are a row, not settings."""

from decimal import Decimal

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited
from backoffice.kernel.fields import MoneyField
from backoffice.kernel.models import Revisioned, TimeStamped


class StockPolicy(Audited, Revisioned, TimeStamped):
    """One row: tolerance of counts, nearness of expiry, codes of lots, reasons of waste, the last closed day."""

    PK = 1
    LOT_PATTERN = "{sku}-{year}{month}{day}-{letter}"

    count_tolerance = MoneyField(
        _("tolerance of a count"),
        default=Decimal(50),
        help_text=_("A count whose differences add up to more needs somebody who may approve it."),
    )
    expiry_days = models.PositiveSmallIntegerField(
        _("warn before expiry"), default=3, help_text=_("So many days before the last good day.")
    )
    lot_pattern = models.CharField(
        _("codes of new lots"),
        max_length=40,
        default=LOT_PATTERN,
        help_text=_(
            "Made of {sku}, {year}, {month}, {day}, {week}, and {letter} or {number}, which go on by themselves."
        ),
    )
    waste_reasons = models.TextField(
        _("reasons of waste"),
        max_length=1000,
        blank=True,
        help_text=_("One a line, as they are chosen when something is written off. Blank: the usual ones."),
    )
    closed_through = models.DateField(_("closed through"), null=True, blank=True)

    class Meta:
        verbose_name = _("stock policy")
        verbose_name_plural = _("stock policy")
        permissions = [("close_period", _("Can close a period"))]
        constraints = [
            CheckConstraint(condition=Q(id=1), name="there_is_one_stock_policy"),
            CheckConstraint(condition=Q(count_tolerance__gte=0), name="count_tolerance_is_not_negative"),
        ]

    def __str__(self) -> str:
        return str(_("Stock policy"))
