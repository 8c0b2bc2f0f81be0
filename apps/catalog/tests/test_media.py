from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any, ClassVar

import pytest
from django.core.files.base import File
from django.core.files.storage import Storage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from apps.catalog.errors import MediaRefused
from apps.catalog.models import Product, ProductMedia
from apps.catalog.models.media import SIZES, file_name
from apps.catalog.services import media, pictures
from backoffice.kernel import outward
from backoffice.outbox.models import Directive

from .factories import make_product

pytestmark = pytest.mark.django_db
EDIT = ("catalog.view_product", "catalog.change_product")
SECRET = b"taken-at-home-of-somebody"


def upload(
    name: str = "bread.jpg", kind: str = "JPEG", size: tuple[int, int] = (600, 400), colour: Any = "peru", **more: Any
) -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, colour).save(out, kind, **more)
    return SimpleUploadedFile(name, out.getvalue(), content_type="application/octet-stream")


class ObjectStore(Storage):
    """As the storages of object stores are: names with contents, and no paths."""

    kept: ClassVar[dict[str, dict[str, bytes]]] = {}

    def __init__(self, bucket: str) -> None:
        self.objects = self.kept.setdefault(bucket, {})

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        return File(BytesIO(self.objects[name]), name)

    def _save(self, name: str, content: Any) -> str:
        self.objects[name] = content.read()
        return name

    def delete(self, name: str) -> None:
        self.objects.pop(name, None)

    def exists(self, name: str) -> bool:
        return name in self.objects


@pytest.fixture
def bread() -> Product:
    return make_product("Bread")


def cover(product: Product) -> str:
    product.refresh_from_db()
    return product.cover


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_told_by_its_content_and_drawn_anew(bread: Product, kind: str) -> None:
    row = media.add_picture(bread, upload("anything.exe", kind))

    with Image.open(default_storage.open(file_name(row.stem))) as kept:
        assert (kept.format, kept.size) == ("WEBP", (600, 400))
    assert (row.width, row.height, row.size) == (600, 400, default_storage.size(file_name(row.stem)))


def test_nothing_hidden_stays_in_a_picture_and_it_stands_upright(bread: Product) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, SECRET.decode()  # lies on its side; a description
    row = media.add_picture(bread, upload(exif=exif, comment=SECRET))

    content = default_storage.open(file_name(row.stem)).read()
    assert SECRET not in content
    with Image.open(BytesIO(content)) as kept:
        assert kept.size == (400, 600)
        assert not kept.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(kept.info)


def test_a_large_picture_becomes_a_reasonable_one(bread: Product) -> None:
    row = media.add_picture(bread, upload(size=(4000, 1000)))

    assert (row.width, row.height) == (2000, 500)


def svg() -> SimpleUploadedFile:
    return SimpleUploadedFile("a.png", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')


def gif() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("P", (5, 5)).save(out, "GIF")
    return SimpleUploadedFile("a.jpg", out.getvalue())


def torn() -> SimpleUploadedFile:
    whole = upload(kind="PNG", size=(300, 300)).read()
    return SimpleUploadedFile("torn.png", whole[: len(whole) // 2])


@pytest.mark.parametrize("make", [svg, gif, torn, lambda: SimpleUploadedFile("empty.jpg", b"")])
def test_what_is_no_picture_is_refused_and_leaves_nothing(bread: Product, make: Any) -> None:
    with pytest.raises(MediaRefused):
        media.add_picture(bread, make())

    assert not ProductMedia.objects.exists()
    assert cover(bread) == ""


def test_there_are_limits_of_size_pixels_and_number(bread: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 10)
    with pytest.raises(MediaRefused, match="MB"):
        media.add_picture(bread, upload())
    monkeypatch.undo()
    monkeypatch.setattr(pictures, "MOST_PIXELS", 100)
    with pytest.raises(MediaRefused, match="pixels"):
        media.add_picture(bread, upload())
    monkeypatch.undo()
    monkeypatch.setattr(media, "MOST_EACH", 1)
    first = media.add_picture(bread, upload())
    before = set(default_storage.listdir("products")[1])
    with pytest.raises(MediaRefused):
        media.add_picture(bread, upload())
    assert set(default_storage.listdir("products")[1]) == before, "the file of a refused one is gone again"
    assert list(bread.media.all()) == [first]


def test_a_bomb_is_said_to_be_too_large(bread: Product) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(30_001) * 10))
    bomb = SimpleUploadedFile("bomb.png", b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))
    with pytest.raises(MediaRefused, match=r"bomb\.png has more than 40 million pixels"):
        media.add_picture(bread, bomb)


def test_whatever_a_decoder_stumbles_over_is_a_sentence(bread: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(picture: Any) -> None:
        raise TypeError("The fill character must be a unicode character, not bytes")

    monkeypatch.setattr("PIL.ImageOps.exif_transpose", stumble)
    with pytest.raises(MediaRefused, match="no picture that can be read"):
        media.add_picture(bread, upload())


def test_too_many_pictures_are_refused_with_one_sentence(
    as_user: Any, bread: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "MOST_EACH", 1)
    data = {"files": [upload(f"{n}.jpg", size=(20, 20)) for n in range(4)]}

    answer = as_user(*EDIT).post(reverse("catalog:media_add", args=[bread.pk]), data, follow=True)

    assert answer.content.decode().count("A product has 1 pictures and videos at most.") == 1


def test_the_first_picture_is_the_cover_and_counts_for_completeness(bread: Product) -> None:
    video = media.add_video(bread, url="https://video.example/1", alt="How it is made")
    assert cover(bread) == ""
    first = media.add_picture(bread, upload())
    second = media.add_picture(bread, upload())
    assert cover(bread) == first.stem
    assert not bread.missing & 2
    revision, entries = bread.revision, bread.history.count()

    media.make_cover(second)
    assert cover(bread) == second.stem
    media.move(second, earlier=False)
    assert list(bread.media.order_by("position")) == [video, second, first]
    media.reorder(bread, [first.pk, 999, first.pk])
    assert list(bread.media.order_by("position")) == [first, video, second]
    media.remove(first)
    assert cover(bread) == second.stem
    media.remove(second)
    assert cover(bread) == ""
    assert bread.missing & 2
    assert (bread.revision, bread.history.count()) == (revision, entries)


def test_a_variant_is_pictured_by_its_product(bread: Product) -> None:
    variant = make_product("Variant")
    Product.objects.filter(pk=variant.pk).update(variant_of=bread, variant_key="a=b")

    media.add_picture(bread, upload())

    variant.refresh_from_db()
    assert not variant.missing & 2


def test_thumbnails_are_made_in_the_background_once(bread: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    row = media.add_picture(bread, upload())
    directive = Directive.objects.get(topic="catalog.thumbnails")
    assert directive.payload == {"media": row.pk}
    monkeypatch.setattr(media.directives, "heartbeat", lambda directive: None)

    media.make_thumbnails(directive)
    media.make_thumbnails(directive)

    for side in SIZES:
        with Image.open(default_storage.open(file_name(row.stem, side))) as small:
            assert max(small.size) == min(side, 600)
    media.remove(row)
    media.make_thumbnails(directive)


@pytest.mark.django_db(transaction=True)
def test_files_go_with_their_picture(bread: Product) -> None:
    row = media.add_picture(bread, upload())

    media.remove(row)

    assert not default_storage.exists(file_name(row.stem))


@pytest.mark.parametrize(
    "url", ["http://video.example/1", "javascript:alert(1)", "https://", "video", "https://me:secret@video.example/1"]
)
def test_a_video_is_a_secure_address(bread: Product, url: str) -> None:
    with pytest.raises(MediaRefused):
        media.add_video(bread, url=url)


def test_a_video_is_kept_as_a_file_would_bring_it(bread: Product) -> None:
    row = media.add_video(bread, url=" https://video.example/how it is made?v=1#t=30 ")

    assert row.url == "https://video.example/how%20it%20is%20made?v=1"
    assert outward.clean(row.url) == row.url


def test_a_video_that_is_there_is_not_added_again(bread: Product) -> None:
    media.add_video(bread, url="https://video.example/1")
    with pytest.raises(MediaRefused, match="this video already") as refused:
        media.add_video(bread, url=" https://video.example/1#t=30")
    assert refused.value.field == "url"


def test_who_describes_second_is_told_what_the_first_said(as_user: Any, bread: Product) -> None:
    row = media.add_picture(bread, upload(), alt="A loaf")
    client, page = as_user(*EDIT), reverse("catalog:media_describe", args=[row.pk])
    assert 'name="seen" value="A loaf"' in client.get(page).content.decode()
    media.describe(row, alt="A brown loaf")

    second = client.post(page, {"alt": "Bread", "seen": "A loaf"})

    shown = second.content.decode()
    assert second.status_code == 409
    assert "now it is: A brown loaf" in shown
    assert 'value="Bread"' in shown
    assert client.post(page, {"alt": "Bread", "seen": "A brown loaf"}).status_code == 302
    row.refresh_from_db()
    assert row.alt == "Bread"


def test_what_was_removed_meanwhile_is_not_moved(bread: Product) -> None:
    first, second = media.add_picture(bread, upload()), media.add_picture(bread, upload())
    media.remove(ProductMedia.objects.get(pk=second.pk))

    media.move(second, earlier=True)

    assert list(bread.media.all()) == [first]


def test_several_are_uploaded_at_once_and_each_refusal_is_said(as_user: Any, bread: Product) -> None:
    client = as_user(*EDIT)

    answer = client.post(
        reverse("catalog:media_add", args=[bread.pk]), {"files": [upload(), svg(), upload("b.png", "PNG")]}, follow=True
    )

    assert bread.media.count() == 2
    shown = answer.content.decode()
    assert "2 pictures added" in shown
    assert "a.png is no picture" in shown
    assert shown.count("data-media=") == 2
    assert client.post(reverse("catalog:media_add", args=[bread.pk]), follow=True).status_code == 200


def test_pictures_are_seen_by_those_who_may_see_products(as_user: Any, bread: Product) -> None:
    row = media.add_picture(bread, upload())
    client = as_user("catalog.view_product")

    whole = client.get(reverse("catalog:media_file", args=[f"{row.stem}.webp"]))
    small = client.get(row.shown_at)

    assert whole["Content-Type"] == small["Content-Type"] == "image/webp"
    assert whole["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in whole["Cache-Control"]
    assert "immutable" not in small["Cache-Control"], "it is the whole one as long as there is no thumbnail"
    for name in ("x.webp", "0" * 32 + ".webp", row.stem + ".png", "..%2F..%2Fdb.sqlite3"):
        assert client.get(f"/catalog/media/{name}").status_code == 404
    assert as_user(username="other").get(row.shown_at).status_code == 403


def test_lists_and_pages_show_the_cover_instead_of_the_icon(as_user: Any, bread: Product) -> None:
    row = media.add_picture(bread, upload())
    client = as_user(*EDIT)

    for url in (reverse("catalog:product_list"), bread.get_absolute_url()):
        assert f"{row.stem}-{SIZES[0]}.webp" in client.get(url).content.decode()


def test_pictures_are_ordered_described_and_removed_on_the_page(as_user: Any, bread: Product) -> None:
    first, second = media.add_picture(bread, upload()), media.add_picture(bread, upload())
    client = as_user(*EDIT)

    client.post(reverse("catalog:media_order", args=[bread.pk]), {"media": [second.pk, first.pk, "x"]})
    assert cover(bread) == second.stem
    client.post(reverse("catalog:media_move", args=[first.pk, "cover"]))
    assert cover(bread) == first.stem
    client.post(reverse("catalog:media_describe", args=[first.pk]), {"alt": "A loaf <b>"})
    assert "A loaf &lt;b&gt;" in client.get(bread.get_absolute_url()).content.decode()
    assert (
        client.post(reverse("catalog:media_video", args=[bread.pk]), {"url": "https://video.example/1"}).status_code
        == 302
    )
    assert (
        client.post(reverse("catalog:media_video", args=[bread.pk]), {"url": "http://video.example/1"}).status_code
        == 422
    )
    assert client.post(reverse("catalog:media_move", args=[first.pk, "sideways"])).status_code == 404
    client.post(reverse("catalog:media_remove", args=[first.pk]))
    assert bread.media.count() == 2
    assert (
        as_user("catalog.view_product", username="reader")
        .post(reverse("catalog:media_add", args=[bread.pk]))
        .status_code
        == 403
    )


def test_a_new_size_is_made_for_old_pictures_too(bread: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    old, lost = media.add_picture(bread, upload()), media.add_picture(bread, upload())
    default_storage.delete(file_name(lost.stem))
    monkeypatch.setattr(media.directives, "heartbeat", lambda directive: None)

    media.make_thumbnails(Directive(topic="catalog.thumbnails", payload={"all": True}))

    for side in SIZES:
        assert default_storage.exists(file_name(old.stem, side))
        assert not default_storage.exists(file_name(lost.stem, side)), "nothing to make it of, and no error either"


def test_tiles_show_pictures_of_their_own_size(as_user: Any, bread: Product) -> None:
    row = media.add_picture(bread, upload())
    client = as_user(*EDIT)
    url = reverse("catalog:product_list")

    rows, tiles = (client.get(url, query).content.decode() for query in ({}, {"look": "photos"}))

    assert f"{row.stem}-128.webp" in rows
    assert f"{row.stem}-360.webp" not in rows
    assert f"{row.stem}-360.webp 360w" in tiles
    assert f"{row.stem}-640.webp 640w" in tiles
    assert f"{row.stem}-128.webp" not in tiles


def test_pictures_may_lie_in_a_storage_without_files_of_its_own(
    as_user: Any, bread: Product, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the setting can name must do for all that is done with pictures."""
    store = {"BACKEND": f"{__name__}.ObjectStore", "OPTIONS": {"bucket": "shop"}}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    monkeypatch.setattr(media.directives, "heartbeat", lambda directive: None)
    client = as_user(*EDIT)

    client.post(reverse("catalog:media_add", args=[bread.pk]), {"files": [upload()]})
    row = bread.media.get()
    early = client.get(reverse("catalog:media_file", args=[f"{row.stem}-{SIZES[0]}.webp"]))
    media.make_thumbnails(Directive.objects.get(topic="catalog.thumbnails"))
    late = client.get(reverse("catalog:media_file", args=[f"{row.stem}-{SIZES[0]}.webp"]))

    with Image.open(BytesIO(b"".join(early))) as whole, Image.open(BytesIO(b"".join(late))) as small:
        assert (whole.size, max(small.size)) == ((600, 400), SIZES[0])
    media.forget_files(row.stem)
    assert ObjectStore.kept["shop"] == {}
