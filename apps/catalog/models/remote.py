from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.models import TimeStamped

from .media import ProductMedia

LONGEST_ADDRESS = 1000


class RemotePictureQuerySet(models.QuerySet["RemotePicture"]):
    def waiting(self) -> Self:
        return self.filter(status=RemotePicture.Status.WAITING)

    def failed(self) -> Self:
        return self.filter(status=RemotePicture.Status.FAILED)


class RemotePicture(TimeStamped):
    """The address of a picture that a file named for a product, and what came of fetching it.

    A product has an address once, so that the same file brings no picture twice, and none back that was removed.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        FETCHED = "fetched", _("fetched")
        FAILED = "failed", _("not fetched")

    product = models.ForeignKey(
        "catalog.Product", models.CASCADE, related_name="remote_pictures", verbose_name=_("product")
    )
    url = models.CharField(_("address"), max_length=LONGEST_ADDRESS)
    alt = models.CharField(_("described for those who do not see it"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    status = models.CharField(_("state"), max_length=8, choices=Status, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    media = models.ForeignKey(
        ProductMedia, models.SET_NULL, null=True, blank=True, related_name="came_from", verbose_name=_("picture")
    )
    run = models.ForeignKey(
        "transfers.TransferRun", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("import")
    )

    objects = RemotePictureQuerySet.as_manager()

    class Meta:
        verbose_name = _("picture to fetch")
        verbose_name_plural = _("pictures to fetch")
        constraints = [
            UniqueConstraint(fields=["product", "url"], name="remote_picture_once_a_product"),
            CheckConstraint(
                condition=Q(status__in=["waiting", "fetched", "failed"]), name="remote_picture_status_known"
            ),
        ]
        indexes = [models.Index(fields=["run", "status", "id"], name="remote_picture_by_run")]

    def __str__(self) -> str:
        return self.url
