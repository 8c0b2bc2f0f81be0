"""Pictures by their addresses; the servers live in the process of the test."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from apps.catalog.models import Product, ProductMedia, RemotePicture
from apps.catalog.services import media, remote_media
from apps.catalog.services.remote_media import Wanted
from backoffice.kernel import clock
from backoffice.outbox import runner
from backoffice.outbox.models import Directive
from backoffice.testing.sites import Site, redirect, site
from backoffice.transfers.models import TransferRun

from .factories import make_product

pytestmark = pytest.mark.django_db


def picture(colour: str = "peru", kind: str = "JPEG") -> bytes:
    out = BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, kind)
    return out.getvalue()


@pytest.fixture
def shop(settings: Any) -> Iterator[Site]:
    settings.OUTWARD_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    with site() as found:
        yield found


@pytest.fixture
def bread() -> Product:
    return make_product("Bread")


@pytest.fixture
def run() -> TransferRun:
    return TransferRun.objects.create(importer="products", file_name="a.csv", file_size=1, file_format="csv")


def ask(product: Product, *urls: str, run: TransferRun | None = None) -> int:
    with transaction.atomic():
        return remote_media.schedule_images(product.pk, urls, run=run)


def states(product: Product) -> list[tuple[str, str]]:
    rows = RemotePicture.objects.filter(product=product).order_by("position")
    return [(row.url.rpartition("/")[2], row.status) for row in rows]


def later(monkeypatch: pytest.MonkeyPatch, **time: int) -> None:
    moment = clock.now() + timedelta(**time)
    monkeypatch.setattr(clock, "now", lambda: moment)
    runner.drain()


def test_they_are_fetched_in_their_order_and_taken_in_like_uploads(shop: Site, bread: Product) -> None:
    shop.pages |= {"/a.jpg": picture(), "/b": picture("red", "PNG"), "/moved": redirect("/a.jpg")}
    with transaction.atomic():
        wanted = [Wanted(bread.pk, shop.url("/b"), " Red  bread "), Wanted(bread.pk, shop.url("/moved"))]
        assert remote_media.schedule(wanted) == 2
    runner.drain()

    rows = list(bread.media.order_by("position"))
    assert [row.alt for row in rows] == ["Red bread", ""]
    for row in rows:
        with Image.open(default_storage.open(f"products/{row.stem}.webp")) as kept:
            assert (kept.format, kept.size) == ("WEBP", (60, 40))
    bread.refresh_from_db()
    assert bread.cover == rows[0].stem
    assert states(bread) == [("b", "fetched"), ("moved", "fetched")]


def test_asking_again_brings_nothing_twice_and_nothing_back(shop: Site, bread: Product) -> None:
    shop.pages["/a.jpg"] = picture()
    assert ask(bread, shop.url("/a.jpg"), shop.url("/a.jpg#top"), f" {shop.url('/a.jpg')} ") == 1
    runner.drain()
    assert ask(bread, shop.url("/a.jpg")) == 0
    media.remove(bread.media.get())
    assert ask(bread, shop.url("/a.jpg")) == 0
    runner.drain()
    assert (shop.asked, bread.media.count()) == (["/a.jpg"], 0)


def test_a_job_that_starts_over_doubles_nothing(shop: Site, bread: Product) -> None:
    shop.pages |= {"/a.jpg": picture(), "/b.jpg": picture("red")}
    ask(bread, shop.url("/a.jpg"), shop.url("/b.jpg"))
    for _again in range(2):
        runner.drain()
        Directive.objects.filter(topic=remote_media.TOPIC).update(status=Directive.Status.QUEUED)
    assert ProductMedia.objects.count() == 2
    assert shop.asked == ["/a.jpg", "/b.jpg"]


def test_two_jobs_for_one_picture_keep_it_once(shop: Site, bread: Product) -> None:
    """The slower one finds it there, and its file goes."""

    content = picture()
    ask(bread, shop.url("/a.jpg"))
    directive = runner.claim()
    assert directive is not None
    row = remote_media._begin(directive, RemotePicture.objects.get().pk)
    assert row is not None
    RemotePicture.objects.update(status=RemotePicture.Status.FETCHED)
    before = set(default_storage.listdir("products")[1]) if default_storage.exists("products") else set()
    with pytest.raises(remote_media._Settled):
        remote_media._take_in(directive, row, content)
    assert bread.media.count() == 0
    assert set(default_storage.listdir("products")[1]) == before


@pytest.mark.parametrize(
    ("path", "says"),
    [("/none.jpg", "404"), ("/page.jpg", "no picture"), ("/drawing.svg", "no picture"), ("/torn.jpg", "no picture")],
)
def test_what_is_no_picture_is_said_and_the_others_come(shop: Site, bread: Product, path: str, says: str) -> None:
    shop.pages |= {"/good.jpg": picture(), "/page.jpg": b"<html>hello", "/torn.jpg": picture()[:400]}
    shop.pages["/drawing.svg"] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    ask(bread, shop.url(path), shop.url("/good.jpg"))
    runner.drain()

    assert [status for _name, status in states(bread)] == ["failed", "fetched"]
    assert says in RemotePicture.objects.failed().get().reason
    assert not Directive.objects.exclude(status=Directive.Status.DONE).exists()


def test_an_address_inside_the_house_is_not_asked(bread: Product, settings: Any) -> None:
    assert settings.OUTWARD_ALLOWED_NETWORKS == []
    with site() as inside:
        inside.pages["/a.jpg"] = picture()
        ask(bread, inside.url("/a.jpg"), "http://169.254.169.254/latest/meta-data", "ftp://shop.example/a.jpg", "a.jpg")
        runner.drain()
        assert inside.asked == []
    assert set(RemotePicture.objects.values_list("status", flat=True)) == {"failed"}
    assert RemotePicture.objects.filter(reason__contains="private network").count() == 2


def test_a_server_that_rests_is_asked_again_later_and_its_picture_stands_in_its_place(
    shop: Site, bread: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.pages |= {"/first.jpg": lambda request: request.send_error(503), "/second.jpg": picture("red")}
    ask(bread, shop.url("/first.jpg"), shop.url("/second.jpg"))
    runner.drain()
    assert states(bread) == [("first.jpg", "waiting"), ("second.jpg", "fetched")]
    second = bread.media.get()

    shop.pages["/first.jpg"] = picture()
    later(monkeypatch, minutes=2)
    assert states(bread)[0] == ("first.jpg", "fetched")
    assert [row.pk for row in bread.media.order_by("position")][1] == second.pk
    bread.refresh_from_db()
    assert bread.cover == bread.media.order_by("position")[0].stem != second.stem


def test_after_three_tries_it_is_given_up_until_somebody_asks(
    shop: Site, bread: Product, run: TransferRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.pages["/a.jpg"] = lambda request: request.send_error(503)
    ask(bread, shop.url("/a.jpg"), "no address", run=run)
    runner.drain()
    for minutes in (2, 40, 200):
        later(monkeypatch, minutes=minutes)
    assert states(bread) == [("a.jpg", "failed"), ("no address", "failed")]
    assert len(shop.asked) == remote_media.TRIES

    shop.pages["/a.jpg"] = picture()
    assert remote_media.try_again(run) == 1  # the other is no address and never will be
    runner.drain()
    assert states(bread)[0] == ("a.jpg", "fetched")
    assert remote_media.try_again(run) == 0


def test_a_server_that_does_not_answer_is_left_alone_after_three(shop: Site, bread: Product) -> None:
    def gone(request: Any) -> None:
        request.connection.close()

    shop.pages |= {f"/{n}.jpg": gone for n in range(6)}
    ask(bread, *(shop.url(f"/{n}.jpg") for n in range(6)))
    runner.drain()
    assert len(shop.asked) == remote_media.HOST_FAILS
    assert RemotePicture.objects.waiting().exclude(reason="").count() == 6


def test_a_picture_that_kills_its_process_is_not_tried_for_ever(shop: Site, bread: Product) -> None:
    shop.pages["/bomb.jpg"] = picture()
    ask(bread, shop.url("/bomb.jpg"))
    RemotePicture.objects.update(attempts=remote_media.TRIES)
    runner.drain()
    assert (shop.asked, states(bread)) == ([], [("bomb.jpg", "failed")])

    ask(bread, shop.url("/other.jpg"))
    directive = runner.claim()
    assert directive is not None
    remote_media.gave_up(directive)
    assert states(bread)[1] == ("other.jpg", "failed")


def test_a_product_that_is_gone_needs_no_picture(shop: Site, bread: Product) -> None:
    shop.pages["/a.jpg"] = picture()
    ask(bread, shop.url("/a.jpg"))
    bread.delete()
    runner.drain()
    assert (shop.asked, RemotePicture.objects.count()) == ([], 0)
    assert not Directive.objects.exclude(status=Directive.Status.DONE).exists()


def test_many_are_written_down_in_few_statements(django_assert_max_num_queries: Any) -> None:
    products = [make_product() for _n in range(10)]
    wanted = [Wanted(product.pk, f"https://shop.example/{n}.jpg") for product in products for n in range(3)]
    with transaction.atomic(), django_assert_max_num_queries(7):  # 30 pictures, one job
        assert remote_media.schedule(wanted) == 30
    assert Directive.objects.filter(topic=remote_media.TOPIC).count() == 1
