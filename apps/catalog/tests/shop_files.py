"""Small files of other shops, and their way through an import."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings as project
from django.core.files.base import ContentFile

from apps.catalog.models import Price, Product
from apps.catalog.resources.shops import ShopifyImporter, WooCommerceImporter
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.testing.sites import Site
from backoffice.transfers.models import TransferRun
from backoffice.transfers.services import runs

DATA = Path(project.BASE_DIR).parent / "shared" / "data"
D = Decimal
IMPORTERS = {"woocommerce": WooCommerceImporter, "shopify": ShopifyImporter}
IMPORTING = (
    "catalog.import_product",
    "catalog.view_product",
    *(f"transfers.{verb}_transferrun" for verb in ("view", "add", "change", "undo")),
)
WOO = """\
ID,Type,SKU,Name,Published,Short description,Description,Date sale price starts,Date sale price ends,Sale price,\
Regular price,Categories,Tags,Images,Parent,Grouped products,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,\
Attribute 2 value(s),In stock?
1,variable,tee,Tee &amp; more,1,Short,"<p>Long <b>one</b></p>\\n<ul><li>soft</li></ul><script>alert(1)</script>",,,,,\
Clothing > Shirts,"new, cotton",{url}/tee.png,,,Color,"Blue, Red",Care,"30°, no iron",1
2,variation,tee-blue,"Tee, blue",1,,,,,8,10,,,{url}/blue.png,tee,,Color,Blue,Care,,1
3,variation,,,1,,,,,,12,,,,id:1,,Color,Red,Care,,1
4,simple,cap,Cap,0,,,{start},{end},4.50,6,"Clothing, Clothing > Caps, Sale",,"{url}/cap.png, {url}/gone.png",,,Color,\
Green,,,1
5,"simple, virtual",gift,Gift card,-1,,,,,,25,,,no address,,,,,,,1
6,grouped,set,Set,1,,,,,,,Clothing,,,,"cap, gift",,,,,1
7,external,book,Book elsewhere,1,,,,,,30,Books,,,,,,,,,1
"""
SHOPIFY = """\
Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,\
Option2 Value,Variant SKU,Variant Price,Variant Compare At Price,Variant Barcode,Variant Requires Shipping,Image Src,\
Image Position,Image Alt Text,Variant Image,Status
mug,Mug,<p>Holds tea</p>,Acme,Home > Kitchen,Mugs,"blue, tea",TRUE,Size,Small,Colour,White,MUG-S,9,12,7891000315507,\
TRUE,{url}/two.png,2,Two,{url}/small.png,active
mug,,,,,,,,,Large,,White,,14,,7891000315500,TRUE,{url}/one.png,1,One mug,,
mug,,,,,,,,,,,,,,,,,{url}/three.png,3,,,
poster,Poster,,,,Prints,,FALSE,Title,Default Title,,,POSTER,20,,,FALSE,,,,,draft
old-bag,Old bag,,,Home > Bags,,,TRUE,Title,Default Title,,,BAG,30,,,TRUE,,,,,archived
"""


def woo(web: Site | None = None, *, start: str = "", end: str = "") -> str:
    return WOO.format(url=web.address if web else "http://127.0.0.1:1", start=start, end=end)


def shopify(web: Site | None = None) -> str:
    return SHOPIFY.format(url=web.address if web else "http://127.0.0.1:1")


def previewed(shop: str, content: str | bytes, **options: Any) -> TransferRun:
    data = content if isinstance(content, bytes) else content.encode()
    file = ContentFile(data, name=f"{shop}.csv")
    run = runs.start(
        IMPORTERS[shop], file=file, decimal_style="dot",
        options={"new_categories": True, "fallback_category": "Imported", **options},
    )  # fmt: skip
    runner.drain()
    run.refresh_from_db()
    assert run.status == "ready", run.error
    return run


def imported(shop: str, content: str | bytes, **options: Any) -> TransferRun:
    run = previewed(shop, content, **options)
    if run.new or run.changed:
        runs.apply(run)
        runner.drain()
        run.refresh_from_db()
        assert (run.status, run.refused_late) == ("done", 0), run.error
    return run


def got(sku: str) -> Product:
    return Product.objects.select_related("category__parent", "variant_of").get(sku=sku)


def windows(sku: str) -> list[tuple[Decimal, str, str]]:
    def day(moment: Any) -> str:
        return clock.local(moment).date().isoformat() if moment else ""

    rows = Price.objects.filter(product__sku=sku).order_by("valid_from")
    return [(row.amount, day(row.valid_from), day(row.valid_to)) for row in rows]


def reasons(run: TransferRun) -> dict[int, str]:
    return dict(run.rows.refused().values_list("line", "reason"))
