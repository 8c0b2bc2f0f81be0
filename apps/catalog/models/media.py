from __future__ import annotations

from django.db import models
from django.db.models import CheckConstraint, Q
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from backoffice.kernel.audit import Audited

from .validated import Validated

SIZES = SMALL, TILE, LARGE = 128, 360, 640  # of the thumbnails, in pixels of the longer side: row, tile, page
FOLDER = "products"


class ProductMedia(Validated, Audited):
    """A picture or a video of a product. The first picture is its cover.

    Pictures are kept as they were drawn anew from what was uploaded: `stem` names the file and its thumbnails in the
    default storage. A video stays where it is; its address is kept.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", _("picture")
        VIDEO = "video", _("video")

    product = models.ForeignKey("catalog.Product", models.PROTECT, related_name="media", verbose_name=_("product"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind, default=Kind.IMAGE)
    stem = models.CharField(_("file"), max_length=40, blank=True, editable=False)
    url = models.URLField(_("address"), max_length=400, blank=True)
    alt = models.CharField(_("described for those who do not see it"), max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    width = models.PositiveIntegerField(_("width"), default=0, editable=False)
    height = models.PositiveIntegerField(_("height"), default=0, editable=False)
    size = models.PositiveIntegerField(_("bytes"), default=0, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture or video")
        verbose_name_plural = _("pictures and videos")
        constraints = [
            CheckConstraint(
                condition=Q(kind="image", url="") & ~Q(stem="") | Q(kind="video", stem="") & ~Q(url=""),
                name="media_is_a_picture_or_a_video",
            ),
        ]
        indexes = [models.Index(fields=["product", "position", "id"], name="media_by_product")]

    def __str__(self) -> str:
        return self.alt or str(self.get_kind_display())

    @property
    def is_image(self) -> bool:
        return self.kind == self.Kind.IMAGE

    @cached_property
    def shown_at(self) -> str:
        """Where its largest thumbnail is."""
        return media_url(self.stem, LARGE) if self.stem else ""

    @property
    def whole_at(self) -> str:
        """Where the whole picture, or the video, is."""
        return media_url(self.stem) if self.stem else self.url


def file_name(stem: str, size: int = 0) -> str:
    """The name in the storage of a picture, or of its thumbnail."""
    return f"{FOLDER}/{stem}-{size}.webp" if size else f"{FOLDER}/{stem}.webp"


def media_url(stem: str, size: int = 0) -> str:
    """The address at which people see it."""
    global _prefix
    if not _prefix:
        _prefix = reverse("catalog:media_file", args=["x.webp"]).removesuffix("x.webp")
    return f"{_prefix}{stem}-{size}.webp" if size else f"{_prefix}{stem}.webp"


def sized(address: str, size: int) -> str:
    """The address of the same picture in another of its sizes."""
    return f"{address.rpartition('-')[0]}-{size}.webp"


_prefix = ""
