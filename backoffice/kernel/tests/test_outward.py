"""Nothing here leaves this machine: names are answered by the test, servers live in its process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import Any

import pytest

from backoffice.kernel import outward
from backoffice.kernel.outward import Unreachable
from backoffice.testing.sites import Site, redirect, site

MB = 1024 * 1024
PATIENCE = 60


@pytest.fixture
def here(settings: Any) -> Iterator[Site]:
    settings.OUTWARD_ALLOWED_NETWORKS = ["127.0.0.1/32"]
    with site() as found:
        yield found


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What each name stands for, one answer after the other; the last one stays."""
    book: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **more: Any) -> Any:
        try:
            ip_address(host)
        except ValueError:
            answers = book.get(host)
            if not answers:
                raise socket.gaierror(socket.EAI_NONAME, "no such name") from None
            found = answers.pop(0) if len(answers) > 1 else answers[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]
        return real(host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return book


def why(url: str, **more: Any) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        outward.get(url, most_bytes=more.pop("most_bytes", MB), **more)
    return caught.value


def test_it_brings_what_is_there_and_says_little_about_itself(here: Site) -> None:
    here.pages["/a%20b.png?size=2"] = b"picture"

    answer = outward.get(here.url("/a b.png?size=2#part"), most_bytes=7)

    assert (answer.status, answer.content) == (200, b"picture")
    assert here.headers[0]["accept-encoding"] == "identity"
    assert here.headers[0].keys() == {"host", "accept", "accept-encoding", "connection", "user-agent"}


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.1", "198.18.0.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "2002:7f00:1::",
        "2001:db8::1", "64:ff9b::7f00:1",
    ],
)  # fmt: skip
def test_no_address_inside_is_ever_asked(address: str, names: dict[str, list[list[str]]]) -> None:
    assert not outward.is_allowed(ip_address(address))
    names["shop.example"] = [[address]]
    assert "private network" in why("http://shop.example/").message
    assert not why("http://shop.example/").again


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_public_addresses_are(address: str) -> None:
    assert outward.is_allowed(ip_address(address))


def test_one_private_address_among_public_ones_is_enough_to_refuse(names: dict[str, list[list[str]]]) -> None:
    names["shop.example"] = [["93.184.216.34", "10.0.0.7"]]
    assert "private network" in why("http://shop.example/").message


@pytest.mark.parametrize("written", ["http://2130706433/", "http://0x7f.1/", "http://017700000001/", "http://[::1]/"])
def test_another_way_to_write_the_own_machine_does_not_help(written: str) -> None:
    assert "private network" in why(written).message


def test_the_name_is_looked_up_once_and_the_checked_address_is_asked(
    here: Site, names: dict[str, list[list[str]]]
) -> None:
    here.pages["/a.png"] = b"picture"
    port = here.address.rpartition(":")[2]
    names["shop.example"] = [["127.0.0.1"], ["10.0.0.7"]]  # allowed now, inside a moment later

    assert outward.get(f"http://shop.example:{port}/a.png", most_bytes=MB).content == b"picture"
    assert here.headers[0]["host"] == f"shop.example:{port}"
    assert names["shop.example"] == [["10.0.0.7"]]


@pytest.mark.parametrize(
    "url",
    [
        "", "ftp://shop.example/a", "file:///etc/passwd", "gopher://shop.example/", "//shop.example/a", "a.png",
        "http://", "http:///a", "http://shop.example:99999/", "http://[::1/", "javascript:alert(1)",
        "http://shop.example/" + "a" * 1000, "http://a b/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_said_to_be_none(url: str) -> None:
    assert "no web address" in why(url).message


def test_names_and_passwords_are_not_sent() -> None:
    assert "password" in why("https://me:secret@shop.example/").message


def test_no_line_of_the_request_can_be_smuggled_in(here: Site) -> None:
    here.pages["/a%0D%0AX-Evil:%201"] = b"picture"
    with pytest.raises(Unreachable):  # the address loses its line breaks, or keeps them quoted; never a second line
        outward.get(here.url("/a\r\nX-Evil: 1"), most_bytes=MB)
    assert all("x-evil" not in headers for headers in here.headers)


def test_a_redirect_is_followed_and_judged_like_the_first_address(
    here: Site, names: dict[str, list[list[str]]]
) -> None:
    here.pages |= {"/old": redirect("/new"), "/new": b"picture", "/in": redirect("http://169.254.169.254/latest/")}
    here.pages |= {"/name": redirect("http://inside.example/"), "/file": redirect("file:///etc/passwd")}
    names["inside.example"] = [["192.168.0.1"]]

    assert outward.get(here.url("/old"), most_bytes=MB).url == here.url("/new")
    assert "private network" in why(here.url("/in")).message
    assert "private network" in why(here.url("/name")).message
    assert "no web address" in why(here.url("/file")).message


def test_redirects_end(here: Site) -> None:
    here.pages |= {f"/{n}": redirect(f"/{n + 1}") for n in range(9)}
    assert "without an end" in why(here.url("/0")).message
    assert here.asked == ["/0", "/1", "/2", "/3"]


def test_more_bytes_than_allowed_are_not_read_announced_or_not(here: Site) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"x" * 65536)

    here.pages |= {"/endless": endless, "/large": b"x" * (MB + 1)}
    assert "larger than 1 MB" in why(here.url("/endless")).message
    assert "larger than 1 MB" in why(here.url("/large")).message


def test_time_counts_for_all_of_it_however_it_drips(here: Site) -> None:
    over = threading.Event()

    def drips(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not over.wait(0.05):
            request.wfile.write(b"x")
            request.wfile.flush()

    def drips_headings(request: BaseHTTPRequestHandler) -> None:
        while not over.wait(0.05):
            request.wfile.write(b"H")
            request.wfile.flush()

    def sleeps(request: BaseHTTPRequestHandler) -> None:
        over.wait(PATIENCE)

    here.pages |= {"/drips": drips, "/headings": drips_headings, "/sleeps": sleeps}
    for path in here.pages:
        began = time.monotonic()
        error = why(here.url(path), seconds=0.4)
        assert ("too long" in error.message, error.again) == (True, True)
        assert time.monotonic() - began < PATIENCE / 2  # none of them would have come to its end
    over.set()


def test_what_breaks_off_is_no_picture(here: Site) -> None:
    def torn(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()
        request.wfile.write(b"half")

    here.pages["/torn"] = torn
    error = why(here.url("/torn"))
    assert ("broke off" in error.message, error.again) == (True, True)


def test_nothing_is_unpacked(here: Site) -> None:
    def packed(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        request.wfile.write(b"\x1f\x8b")

    here.pages["/packed"] = packed
    assert "packed" in why(here.url("/packed")).message


@pytest.mark.parametrize(("status", "again"), [(404, False), (410, False), (403, False), (429, True), (503, True)])
def test_what_the_server_refuses_is_said_with_its_number(here: Site, status: int, again: bool) -> None:
    here.pages["/no"] = lambda request: request.send_error(status)
    error = why(here.url("/no"))
    assert (str(status) in error.message, error.again) == (True, again)


def test_no_server_and_no_name(here: Site, names: dict[str, list[list[str]]]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert why(f"http://127.0.0.1:{port}/").again
    assert "no server of this name" in why("http://nowhere.example/").message


def test_a_secure_address_is_not_left_for_one_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    moved = outward.Answer("https://shop.example/a", 302, b"", {"location": "http://shop.example/a"})
    monkeypatch.setattr(outward, "_ask", lambda *args, **more: moved)
    assert "not" in why("https://shop.example/a").message


def test_whoever_speaks_no_tls_is_not_believed(here: Site) -> None:
    here.pages["/a"] = b"picture"
    assert why(here.url("/a").replace("http:", "https:"), seconds=2).again
    assert here.asked == []
