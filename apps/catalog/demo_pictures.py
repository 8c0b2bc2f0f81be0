"""Pictures for some of the demo's goods, drawn here. Repeatable."""

from __future__ import annotations

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw, ImageFilter

from apps.catalog.models import Product
from apps.catalog.services import media

# SKU: background, crust, light, number of cuts
LOOKS = {
    "BR-SOUR": ("#f3e4cc", "#9a5a25", "#d69a58", 3),
    "BR-RYE": ("#e9e2d6", "#5b3a20", "#8a6238", 5),
    "VI-CROI": ("#fbeacb", "#b8722c", "#efb465", 4),
    "CA-COOK": ("#f6e3e6", "#7d4a2a", "#a86b3f", 0),
}
SIDE = 900


def build() -> None:
    """A drawn picture for each of these that has none."""
    for product in Product.objects.filter(sku__in=LOOKS, cover="").order_by("pk"):
        media.add_picture(product, _drawn(product.sku), alt=product.name)


def _drawn(sku: str) -> SimpleUploadedFile:
    ground, crust, light, cuts = LOOKS[sku]
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((130, 560, 790, 760), fill="#00000022")
    draw.ellipse((110, 230, 790, 720), fill=crust)
    draw.ellipse((160, 250, 740, 600), fill=light)
    picture = picture.filter(ImageFilter.GaussianBlur(14))
    draw = ImageDraw.Draw(picture)
    for place in range(cuts):
        left = 230 + place * 460 // max(cuts, 1)
        draw.line((left, 560, left + 110, 300), fill=ground, width=16)
    if not cuts:
        for x, y in ((300, 380), (430, 300), (560, 400), (400, 500), (600, 540), (520, 480)):
            draw.ellipse((x, y, x + 60, y + 50), fill="#3a2015")
    out = BytesIO()
    picture.save(out, "JPEG", quality=88)
    return SimpleUploadedFile(f"{sku.lower()}.jpg", out.getvalue(), content_type="image/jpeg")
