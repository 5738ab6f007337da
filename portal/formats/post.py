"""A POST to an address that somebody typed: it never leads into our own network, and takes no longer than it may.

The name is looked up once, each of its addresses is judged, and the connection goes to one that was: a name that means
something else a moment later (DNS rebinding) leads nowhere. Nothing is redirected, and no proxy is asked.
"""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Timer
from typing import NamedTuple
from urllib.parse import urlsplit

LONGEST_URL = 2000
STEP = 10.0
"""Seconds that a connection, or the next bytes of an answer, may take."""
LONGEST = 20.0
"""Seconds for all of it, the look-up of the name aside."""
MOST_ADDRESSES = 4
LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; what they say is not looked at."""

NAT64 = IPv6Network("64:ff9b::/96")
GLOBAL = IPv6Network("2000::/3")


class UrlRefused(ValueError):
    """Nothing is sent to this address. ``kind``: ``address`` (it is none), ``https`` (it is not), ``credentials``,
    ``inside`` (it is of a private network)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Unreachable(Exception):
    """There was no answer; the message says in a few words what happened."""


class Target(NamedTuple):
    """An address, taken apart."""

    tls: bool
    host: str
    port: int
    path: str


def target(url: str, *, loopback: bool) -> Target:
    """What a URL leads to, as far as one can see without looking its name up.

    Only ``https``, and with ``loopback`` also ``http`` to this very machine. Raises UrlRefused.
    """
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise UrlRefused("address")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UrlRefused("address") from None
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise UrlRefused("address")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("credentials")
    here = _is_this_machine(host)
    if parts.scheme == "http" and not (here and loopback):
        raise UrlRefused("https")
    if here and not loopback:
        raise UrlRefused("inside")
    if (address := _literal(host)) and not _may_be_called(address, loopback=loopback):
        raise UrlRefused("inside")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(tls, host, port or (443 if tls else 80), path)


def post(url: str, body: bytes, headers: Mapping[str, str], *, loopback: bool) -> int:
    """Send ``body`` and return the status of the answer, whatever it is.

    ``loopback`` says whether this very machine may be called. Raises UrlRefused, Unreachable.
    """
    to = target(url, loopback=loopback)
    deadline = time.monotonic() + LONGEST
    try:
        addresses = _addresses(to, loopback=loopback)
        with _connect(addresses, to, deadline) as connected:
            late = Timer(max(0.1, deadline - time.monotonic()), _cut, [connected])
            late.daemon = True
            late.start()
            try:
                return _ask(connected, to, body, headers)
            finally:
                late.cancel()
    except (OSError, HTTPException, UnicodeError) as error:
        raise Unreachable(_words(error)) from None


def is_loopback(url: str) -> bool:
    """Whether a URL is one of this very machine."""
    return _is_this_machine(urlsplit(url).hostname or "")


def _addresses(to: Target, *, loopback: bool) -> Sequence[str]:
    """The addresses that the name has now, every one of them allowed: a mixed answer is a trick."""
    found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    for address in addresses:
        ip = ip_address(address)
        if not _may_be_called(ip, loopback=loopback) or not (to.tls or ip.is_loopback):
            raise UrlRefused("inside")
    return addresses[:MOST_ADDRESSES]


def _connect(addresses: Sequence[str], to: Target, deadline: float) -> socket.socket:
    error: OSError = OSError("no address")
    for address in addresses:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            connected = socket.create_connection((address, to.port), timeout=min(STEP, left))
        except OSError as failed:
            error = failed
            continue
        connected.settimeout(STEP)
        if not to.tls:
            return connected
        return ssl.create_default_context().wrap_socket(
            connected, server_hostname=to.host, do_handshake_on_connect=False
        )
    raise error


def _ask(connected: socket.socket, to: Target, body: bytes, headers: Mapping[str, str]) -> int:
    if isinstance(connected, ssl.SSLSocket):
        connected.do_handshake()
    host = f"[{to.host}]" if ":" in to.host else to.host
    usual = 443 if to.tls else 80
    connection = HTTPConnection(to.host, to.port, timeout=STEP)
    # Given to it, so that it looks nothing up again.
    connection.sock = connected
    own = {
        "Host": host if to.port == usual else f"{host}:{to.port}",
        "User-Agent": "portal-webhooks",
        "Connection": "close",
    }
    connection.request("POST", to.path, body, own | dict(headers))
    with connection.getresponse() as answer:
        # The status has been said: what becomes of the rest changes nothing.
        with suppress(OSError, HTTPException):
            answer.read(LARGEST_ANSWER)
        return answer.status


def _cut(connected: socket.socket) -> None:
    """End a connection that somebody else is waiting on; not TLS's own shutdown, which would say goodbye first."""
    with suppress(OSError):
        socket.socket.shutdown(connected, socket.SHUT_RDWR)


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_this_machine(host: str) -> bool:
    address = _literal(host)
    if address is None:
        return host == "localhost" or host.endswith(".localhost")
    return _plain(address).is_loopback


def _may_be_called(address: IPv4Address | IPv6Address, *, loopback: bool) -> bool:
    plain = _plain(address)
    if plain.is_loopback:
        return loopback
    if isinstance(plain, IPv6Address) and plain not in GLOBAL:
        return False
    return plain.is_global and not plain.is_multicast


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it stands for one."""
    if isinstance(address, IPv4Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
    if inner:
        return inner
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else address


def _words(error: Exception) -> str:
    """What happened, and nothing of what was sent."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, socket.gaierror):
        return "this name is not known"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted: {error.verify_message}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
