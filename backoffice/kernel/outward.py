"""The one way out of the house by HTTP: for pictures that a file names, and whatever else a stranger's address is.

An address that somebody typed may point back into the house: at a database, at the console of the machine, at another
shop on the same network. So a name is resolved once, every address it has must be a public one, and the connection goes
to the address that was checked (a second look-up could answer differently). A redirect is a new address and judged like
the first. Time counts for the whole journey, bytes are counted while they arrive, and nothing is unpacked.

Tests, and nobody else, may allow their own machine: `OUTWARD_ALLOWED_NETWORKS = ["127.0.0.0/8"]`.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice.kernel.errors import DomainError

PORTS = {"http": 80, "https": 443}
LONGEST_ADDRESS = 1000
MOST_REDIRECTS = 3
CONNECT_SECONDS = 5.0
CHUNK = 64 * 1024
SAFE = "%/:=&?~+!$,;'@()*[]"  # stays as it is in a path and its query
MOVED = {301, 302, 303, 307, 308}
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Unreachable(DomainError):
    """It could not be fetched. `again`: another try, later, may go better."""

    status = 422

    def __init__(self, message: str, *, again: bool = False) -> None:
        super().__init__(message)
        self.again = again


@dataclass(frozen=True)
class Answer:
    """What came: the address that gave it in the end, its status and body, its headings in small letters."""

    url: str
    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@lru_cache(maxsize=4096)
def clean(url: str) -> str:
    """The address as it is asked for: http or https, with a host, without name and password, without a fragment.

    Raises Unreachable when it is none.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise Unreachable(_("This is no web address.")) from None
    if parts.scheme not in PORTS or not host or len(text) > LONGEST_ADDRESS:
        raise Unreachable(_("This is no web address."))
    if parts.username is not None or parts.password is not None:
        raise Unreachable(_("An address with a name and a password in it is not fetched."))
    try:
        plain = host if ":" in host else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise Unreachable(_("This is no web address.")) from None
    if any(sign <= " " or sign == "\x7f" for sign in plain):
        raise Unreachable(_("This is no web address."))
    place = f"[{plain}]" if ":" in plain else plain
    if port is not None and port != PORTS[parts.scheme]:
        place = f"{place}:{port}"
    cleaned = urlunsplit((parts.scheme, place, quote(parts.path, SAFE) or "/", quote(parts.query, SAFE), ""))
    if len(cleaned) > LONGEST_ADDRESS:
        raise Unreachable(_("This is no web address."))
    return cleaned


def get(url: str, *, most_bytes: int, seconds: float = 15.0, accept: str = "*/*") -> Answer:
    """Fetch what is at the address, following up to three redirects.

    Raises Unreachable, with a sentence: no public address, no answer within `seconds` in all, more than `most_bytes`,
    or any status but success.
    """
    deadline = time.monotonic() + seconds
    here = clean(url)
    for _step in range(MOST_REDIRECTS + 1):
        answer = _ask(here, deadline=deadline, most_bytes=most_bytes, accept=accept)
        if answer.status not in MOVED:
            break
        there = clean(urljoin(here, answer.headers.get("location", "")))
        if here.startswith("https:") and there.startswith("http:"):
            raise Unreachable(_("It leads from a secure address to one that is not."))
        here = there
    else:
        raise Unreachable(_("It leads from one address to the next, without an end."))
    if answer.status != http.client.OK:
        later = answer.status in (408, 425, 429) or answer.status >= 500
        raise Unreachable(_("The server answered with %(status)d.") % {"status": answer.status}, again=later)
    return answer


def is_allowed(address: Address) -> bool:
    """Whether this is somewhere in the public internet: not here, not next door, not everybody at once."""
    if any(address in network for network in _allowed(tuple(getattr(settings, "OUTWARD_ALLOWED_NETWORKS", ())))):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in NAT64:
            inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inside is not None:
            return is_allowed(inside)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


@cache
def _allowed(texts: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text) for text in texts]


def _ask(url: str, *, deadline: float, most_bytes: int, accept: str) -> Answer:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or PORTS[parts.scheme]
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(host, port)
    connection.default_port = PORTS[parts.scheme]
    late = threading.Event()
    try:
        with _connected(host, port, deadline=deadline, late=late, secure=parts.scheme == "https") as found:
            connection.sock = found
            connection.request(
                "GET", target,
                headers={
                    "Accept": accept, "Accept-Encoding": "identity", "Connection": "close", "User-Agent": "backoffice",
                },
            )  # fmt: skip
            response = connection.getresponse()
            headers = {name.lower(): value for name, value in response.getheaders()}
            if response.status in MOVED or response.status != http.client.OK:
                return Answer(url, response.status, b"", headers)
            if headers.get("content-encoding", "identity").lower() != "identity":
                raise Unreachable(_("The server packed what it was asked to send as it is."))
            content = _read(response, most_bytes)
            if late.is_set():
                raise TimeoutError
            return Answer(url, response.status, content, headers)
    except Unreachable:
        raise
    except TimeoutError:
        raise _too_slow() from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if late.is_set():
            raise _too_slow() from None
        if isinstance(error, ssl.SSLCertVerificationError):
            raise Unreachable(_("The server could not prove who it is: its certificate is not valid.")) from error
        raise Unreachable(_("The server cannot be reached, or broke off."), again=True) from error
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, most_bytes: int) -> bytes:
    too_large = Unreachable(_("It is larger than %(most)d MB.") % {"most": max(1, most_bytes // 1024 // 1024)})
    if response.length is not None and response.length > most_bytes:
        raise too_large
    parts, count = [], 0
    while chunk := response.read(min(CHUNK, most_bytes + 1 - count)):
        parts.append(chunk)
        count += len(chunk)
        if count > most_bytes:
            raise too_large
    if response.length:  # fewer came than were promised
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


@contextmanager
def _connected(
    host: str, port: int, *, deadline: float, late: threading.Event, secure: bool
) -> Iterator[socket.socket]:
    """A connection to the address that was checked; it is cut when the time is over, whatever drips through it."""
    plain = socket.create_connection((str(_resolve(host, port, deadline)), port), timeout=_left(deadline))
    found: socket.socket = plain

    def cut() -> None:
        late.set()
        try:
            socket.socket.shutdown(found, socket.SHUT_RDWR)
        except OSError:  # it is closed already
            return

    watch = threading.Timer(max(0.0, deadline - time.monotonic()), cut)
    watch.daemon = True
    try:
        if secure:
            found = _trust().wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        watch.start()
        if isinstance(found, ssl.SSLSocket):
            found.do_handshake()
        found.settimeout(max(0.1, deadline - time.monotonic()))
        yield found
    finally:
        watch.cancel()
        found.close()


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _resolve(host: str, port: int, deadline: float) -> Address:
    """The first address of the host, when all of them are public ones."""
    addresses = _looked_up(host, port, deadline)
    if not addresses:
        raise Unreachable(_("There is no server of this name."), again=True)
    if not all(map(is_allowed, addresses)):
        raise Unreachable(_("The address is inside a private network. Only public ones are fetched from."))
    return addresses[0]


def _looked_up(host: str, port: int, deadline: float) -> list[Address]:
    """What the name stands for. Looking up has no time limit of its own, so somebody else waits for it."""
    found: list[Address] = []
    finished = threading.Event()

    def look_up() -> None:
        try:
            for _family, _kind, _proto, _name, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                found.append(ipaddress.ip_address(str(place[0]).partition("%")[0]))
        except (OSError, UnicodeError, ValueError):
            found.clear()
        finally:
            finished.set()

    threading.Thread(target=look_up, daemon=True).start()
    if not finished.wait(_left(deadline)):
        raise _too_slow()
    return list(found)


def _left(deadline: float) -> float:
    """How long one step of connecting may take. Raises Unreachable when the time is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise _too_slow()
    return min(left, CONNECT_SECONDS)


def _too_slow() -> Unreachable:
    return Unreachable(_("The server took too long."), again=True)
