"""Abstract bases for the rows of all apps, and the two tables that the kernel itself keeps."""

from typing import Any, ClassVar, NoReturn, Self, TypeVar

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.errors import LedgerIsAppendOnly

Row = TypeVar("Row", bound=models.Model, covariant=True)


class TimeStamped(models.Model):
    """Knows when it was made and last saved."""

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        abstract = True


class Revisioned(models.Model):
    """Carries the revision that a form or a command must name; a stale one is a conflict, never last-writer-wins."""

    revision = models.PositiveIntegerField(_("revision"), default=1, editable=False)

    class Meta:
        abstract = True


class LedgerQuerySet(models.QuerySet[Row]):
    """Reads and inserts only."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly(str(self.model._meta.verbose_name))

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly(str(self.model._meta.verbose_name))

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly(str(self.model._meta.verbose_name))


class LedgerManager(models.Manager[Row]):
    """Written out, not made by `from_queryset`, so that type checkers see which rows it gives."""

    def get_queryset(self) -> LedgerQuerySet[Row]:
        return LedgerQuerySet(self.model, using=self._db)


class LedgerRow(models.Model):
    """A row that is written once. The database refuses changes too: see `kernel.ledger.AppendOnly`."""

    objects: ClassVar[LedgerManager[Self]] = LedgerManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsAppendOnly(str(self._meta.verbose_name))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly(str(self._meta.verbose_name))


class NumberSeries(models.Model):
    """The last number given in a series and year. Locked by whoever takes the next one, so there are no gaps."""

    series = models.CharField(_("series"), max_length=40)
    year = models.PositiveSmallIntegerField(_("year"), default=0)
    last = models.PositiveBigIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("number series")
        verbose_name_plural = _("number series")
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="number_series_once_a_year")]

    def __str__(self) -> str:
        return f"{self.series} {self.year or ''}".strip()


class IdempotencyKey(models.Model):
    """That a request with this key was carried out, and what came of it. Written in the same transaction."""

    scope = models.CharField(_("scope"), max_length=60)
    key = models.CharField(_("key"), max_length=255)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    result_type = models.ForeignKey(ContentType, models.PROTECT, related_name="+")
    result_id = models.BigIntegerField(_("result"))
    result = GenericForeignKey("result_type", "result_id")
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once_a_scope")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.key}"
