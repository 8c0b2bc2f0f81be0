"""How the stock of each product went: kept by a job, so that lists need not ask the ledger."""

from django.db import models
from django.db.models import CheckConstraint, Q
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.fields import QuantityField


class StockTrend(models.Model):
    """What was left of a product at the end of each day before today, and how much was used in how many days.

    Derived from the ledger by `services.trends`, which is the only writer; of the day that `TrendsKept` says. A product
    without a row had nothing in those days.
    """

    product = models.OneToOneField(
        "catalog.Product",
        models.CASCADE,
        primary_key=True,
        related_name="+",  # whoever asks what points to a product means what somebody wrote down
        related_query_name="trend",
        verbose_name=_("product"),
    )
    ends = models.TextField(_("at the end of the day"))
    used = QuantityField(_("used"))
    days = models.PositiveSmallIntegerField(_("days"))

    class Meta:
        verbose_name = _("kept trend")
        verbose_name_plural = _("kept trends")
        constraints = [CheckConstraint(condition=Q(used__gte=0), name="what_was_used_is_not_negative")]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.ends}"


class TrendsKept(models.Model):
    """One row: of which day the kept trends are, and since when. Whoever writes trends locks it first."""

    PK = 1

    day = models.DateField(_("day"), null=True, blank=True)
    kept_at = models.DateTimeField(_("kept at"), null=True, blank=True)

    class Meta:
        verbose_name = _("day of the kept trends")
        verbose_name_plural = _("days of the kept trends")
        constraints = [CheckConstraint(condition=Q(id=1), name="trends_are_kept_of_one_day")]

    def __str__(self) -> str:
        return str(self.day)
