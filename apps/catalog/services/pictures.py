"""Pictures as they are taken in: told by their content, drawn anew with nothing hidden in them, made smaller."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from apps.catalog.errors import MediaRefused

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 12 * 1024 * 1024
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2000
QUALITY = 84


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture drawn anew: WebP, without metadata."""

    content: bytes
    width: int
    height: int


def take_in(upload: Any) -> Drawn:
    """Decode an upload whole and draw it anew. Raises MediaRefused when it is too large, or no JPEG, PNG or WebP."""
    from PIL import Image, ImageFile, ImageOps  # 4 MB that only a picture needs

    name = str(getattr(upload, "name", "") or _("The file"))[:80]
    if upload.size > MOST_BYTES:
        raise MediaRefused(
            _("%(name)s is larger than %(most)d MB.") % {"name": name, "most": MOST_BYTES // 1024 // 1024}
        )
    try:
        with Image.open(upload, formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise _too_many_pixels(name)
            found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a large JPEG is decoded smaller
            # The maker of PDFs allows torn pictures for the whole process; what is taken in must be whole.
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            found.load()
            picture = ImageOps.exif_transpose(found)
    except MediaRefused:
        raise
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except Exception as error:  # whatever a decoder stumbles over in foreign bytes: it has many ways
        raise MediaRefused(_("%(name)s is no picture that can be read: JPEG, PNG or WebP.") % {"name": name}) from error
    return _drawn(picture, LONGEST_SIDE)


def _too_many_pixels(name: str) -> MediaRefused:
    return MediaRefused(
        _("%(name)s has more than %(most)d million pixels.") % {"name": name, "most": MOST_PIXELS // 1_000_000}
    )


def smaller(content: Any, side: int) -> bytes:
    """A thumbnail of a picture that was taken in."""
    from PIL import Image

    with Image.open(content, formats=("WEBP",)) as found:
        found.load()
        return _drawn(found, side).content


def _drawn(picture: Image.Image, side: int) -> Drawn:
    from PIL import Image

    clear = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if clear else "RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    picture.info.clear()  # profiles and descriptions would be written again
    out = BytesIO()
    picture.save(out, "WEBP", quality=QUALITY, method=4)
    return Drawn(out.getvalue(), picture.width, picture.height)
