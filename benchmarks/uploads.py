"""Files that a shop brings: its own with everything in it, and those of two other shops. And the way they come in."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from benchmarks.meter import Spent
from benchmarks.yardstick import Laps

Cells = dict[str, str]
TEXT = "Pellentesque habitant morbi tristique senectus et netus et malesuada fames ac turpis egestas. " * 2
FLAVOURS = ("plain", "sweet", "salted", "spiced", "smoked", "sour")
LASTS = "2099-12-31"
FILES_EACH = 3


class Pace(NamedTuple):
    """Lines of the file a second of CPU, of one step; and the machine factor while it ran."""

    lines: float
    machine: float


def own(count: int) -> Iterable[Cells]:
    """Our own format: attributes, packs, pictures, bundles of what comes before them."""
    for number in range(count):
        sku = f"FULL-{count}-{number}"
        row = {
            "sku": sku, "name": f"Carved oak {number}", "unit": "un", "tags": "new, file", "description": TEXT,
            "category": f"Branch {number % 8} > Twig {number % 8}-{number % 5}", "price:counter": "29.90",
            "attribute:flavour": FLAVOURS[number % 6], "attribute:weight": str(50 + number % 900), "tax_rate": "12.5",
        }  # fmt: skip
        if number % 7 == 6:
            parts = f"FULL-{count}-{number - 1} = 2; FULL-{count}-{number - 2} = 1"
            yield {**row, "kind": "bundle", "parts": parts}
        else:
            packs = {"packs": "box 12 = 12; sack = 25"} if number % 2 else {}
            yield {**row, **packs, "media": f"https://example.com/{sku}.jpg"}


def woocommerce(count: int) -> Iterable[Cells]:
    """Families of ten: a product with nine variants; and between them two that stand alone."""
    for number in range(count):
        family, place = divmod(number, 12)
        sku, name = f"WOO-{count}-{family}", f"Linen shirt {family}"
        row = {"ID": str(number + 1), "Published": "1"}
        about = {
            "Categories": f"Shop > Room {family % 30} > Shelf {family % 90}", "Tags": "new, sale",
            "Images": f"https://example.com/{sku}-{place}.jpg", "Description": f"<p>{TEXT}</p>",
        }  # fmt: skip
        if place == 0:
            axes = {"Attribute 1 name": "Color", "Attribute 1 value(s)": "Red, Blue, Green"}
            axes |= {"Attribute 2 name": "Size", "Attribute 2 value(s)": "S, M, L"}
            yield {**row, **about, **axes, "Type": "variable", "SKU": sku, "Name": name}
        elif place < 10:
            colour, size = ("Red", "Blue", "Green")[(place - 1) // 3], "SML"[(place - 1) % 3]
            sale = {"Sale price": "18", "Date sale price ends": LASTS} if colour == "Red" else {}
            axes = {"Attribute 1 name": "Color", "Attribute 1 value(s)": colour}
            axes |= {"Attribute 2 name": "Size", "Attribute 2 value(s)": size}
            more = {"Type": "variation", "SKU": f"{sku}-{colour}-{size}", "Name": f"{name} - {colour}, {size}"}
            yield {**row, **axes, **more, **sale, "Parent": sku, "Regular price": "20"}
        else:
            alone = {"Type": "simple", "SKU": f"{sku}-{place}", "Name": f"Bowl {number}", "Regular price": "12.5"}
            yield {**row, **about, **alone, "Attribute 1 name": "Material", "Attribute 1 value(s)": "Clay"}


def shopify(count: int) -> Iterable[Cells]:
    """Products with six variants, a line each, and between them two that stand alone."""
    for number in range(count):
        family, place = divmod(number, 8)
        handle, name = f"shop-{count}-{family}", f"Linen shirt {family}"
        about = {
            "Title": name, "Body (HTML)": f"<p>{TEXT}</p>", "Vendor": "Acme", "Tags": "a, b", "Status": "active",
            "Product Category": f"Shop > Room {family % 30} > Shelf {family % 90}", "Published": "TRUE",
            "Image Src": f"https://example.com/{handle}-{place}.jpg", "Image Alt Text": "As it is worn",
        }  # fmt: skip
        if place < 6:
            colour, size = ("Red", "Blue")[place // 3], "SML"[place % 3]
            first = {**about, "Option1 Name": "Color", "Option2 Name": "Size"} if place == 0 else {}
            more = {"Handle": handle, "Option1 Value": colour, "Option2 Value": size, "Variant Price": "25"}
            yield {**first, **more, "Variant SKU": f"{handle}-{place}", "Variant Compare At Price": "30"}
        else:
            more = {"Handle": f"{handle}-{place}", "Option1 Name": "Title", "Option1 Value": "Default Title"}
            yield {**about, **more, "Variant SKU": f"{handle}-{place}", "Variant Price": "12.5"}


FILES: dict[str, Callable[[int], Iterable[Cells]]] = {"products": own, "woocommerce": woocommerce, "shopify": shopify}


def paces(user: Any, key: str, count: int) -> tuple[Pace, Pace]:
    """How fast the preview is, and then the import itself, of a file of new products: the middle one of three files.

    PostgreSQL looks after its tables by itself a few times in an hour, and its CPU counts here: where that falls into a
    single file, the file seems to take twice its time.
    """
    found = [_paces(user, key, count + more) for more in range(FILES_EACH)]
    previews, applied = (
        sorted(steps, key=lambda pace: pace.lines * pace.machine) for steps in zip(*found, strict=True)
    )
    return previews[FILES_EACH // 2], applied[FILES_EACH // 2]


def _paces(user: Any, key: str, count: int) -> tuple[Pace, Pace]:
    from backoffice.kernel.audit import acting
    from backoffice.outbox import runner
    from backoffice.outbox.models import Directive
    from backoffice.transfers import imports
    from backoffice.transfers.models import TransferRun
    from backoffice.transfers.services import runs

    rows = list(FILES[key](count))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    file = SimpleUploadedFile(f"{key}.csv", text.getvalue().encode(), content_type="text/csv")
    reverse("catalog:product_list")  # a process loads the screens once, however many rows there are
    # Only the import is measured: what waits already, and the pictures that it asks for, are left to others.
    Directive.objects.exclude(status=Directive.Status.DONE).update(status=Directive.Status.CANCELLED)
    found = []
    with acting(user):
        options = {"new_categories": True, "sale_until": LASTS}
        run = runs.start(imports.find(key), file=file, decimal_style=TransferRun.Style.DOT, options=options)
        for _step in ("preview", "apply"):
            laps, spent = Laps(), Spent()
            runner.drain(limit=1)
            laps.end(spent.seconds())
            found.append(Pace(count / laps.cost, laps.machine))
            run.refresh_from_db()
            if run.status == TransferRun.Status.READY:
                assert not run.refused, run.rows.refused().values_list("line", "reason")[:3]
                runs.apply(run)
    assert run.status == TransferRun.Status.DONE, (run.status, run.error)
    Directive.objects.exclude(status=Directive.Status.DONE).update(status=Directive.Status.CANCELLED)
    return found[0], found[1]
