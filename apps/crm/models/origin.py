"""What caused a line in the customer's books: an order, a sale at the market, nothing at all."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils.translation import gettext_lazy as _


class Originated(models.Model):
    """A row that may name what caused it, without this app knowing the kind of thing it is."""

    origin_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("origin type")
    )
    origin_id = models.PositiveBigIntegerField(_("origin id"), null=True, blank=True)
    origin = GenericForeignKey("origin_type", "origin_id")

    class Meta:
        abstract = True


def origin_fields(origin: models.Model | None) -> dict[str, object]:
    """The two columns for `origin`, to filter by or to write."""
    if origin is None:
        return {"origin_type": None, "origin_id": None}
    return {"origin_type": ContentType.objects.get_for_model(origin), "origin_id": origin.pk}
