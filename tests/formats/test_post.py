"""Messages go to the address that was judged and nowhere else, and take no longer than they may."""

import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.formats import post
from portal.formats.post import Unreachable, UrlRefused
from tests.support.ports import free_port
from tests.support.receiver import Receiver, open_receiver, status


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "hook.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "[::1]",
        "0.0.0.0",  # noqa: S104  # not to listen on
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::]",
        "[fe80::1]",
        "[fec0::1]",
        "[fd00::1]",
        "[ff02::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::10.0.0.1]",
        "[2002:7f00:1::]",
        "2130706433",
        "127.1",
        "0x7f.0.0.1",
    ],
)
def test_nothing_is_sent_into_a_private_network(host: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        post.post(f"https://{host}/", b"{}", {}, loopback=False)
    assert refused.value.kind == "inside"


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fd00::1]", "[::ffff:10.0.0.1]"])
def test_a_portal_on_this_machine_calls_this_machine_and_no_other_private_one(host: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        post.post(f"https://{host}/", b"{}", {}, loopback=True)
    assert refused.value.kind == "inside"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://hook.example/", "https"),
        ("http://127.0.0.1/", "https"),
        ("ftp://hook.example/", "address"),
        ("file:///etc/passwd", "address"),
        ("hook.example", "address"),
        ("https://", "address"),
        ("https://hook.example:99999/", "address"),
        ("https://hook.example/a b", "address"),
        ("https://hook.example/\r\nX: y", "address"),
        ("https://hook.example/" + "a" * 2000, "address"),
        ("https://me:secret@hook.example/", "credentials"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_the_reason(url: str, kind: str) -> None:
    with pytest.raises(UrlRefused) as refused:
        post.target(url, loopback=False)
    assert refused.value.kind == kind


@pytest.mark.parametrize("host", ["hook.example", "93.184.215.14", "[2606:4700::1111]", "[64:ff9b::8.8.8.8]"])
def test_public_addresses_are_allowed(host: str) -> None:
    assert post.target(f"https://{host}/a?b=c", loopback=False).path == "/a?b=c"


def answers_with(monkeypatch: pytest.MonkeyPatch, *addresses: list[str]) -> list[str]:
    """Let names mean these addresses, one list for each time that one is looked up; returns what was asked."""
    asked: list[str] = []
    left = list(addresses)

    def look_up(host: str, port: int, **_kind: object) -> list[tuple[object, ...]]:
        if host.replace(".", "").isdigit():  # an address, which a connection looks up too
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]
        asked.append(host)
        found = [(ip_address(one).version, one) for one in left.pop(0)]
        return [
            (socket.AF_INET6 if version == 6 else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for version, one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *_rest, **kind: look_up(host, port, **kind))
    return asked


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::ffff:192.168.0.1"]])
def test_a_name_that_means_something_private_is_refused(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers_with(monkeypatch, addresses)
    with pytest.raises(UrlRefused) as refused:
        post.post("https://hook.example/", b"{}", {}, loopback=False)
    assert refused.value.kind == "inside"


def test_a_name_is_looked_up_once_and_the_connection_goes_to_what_was_judged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answers_with(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
    url = receiver.url.replace("127.0.0.1", "hook.localhost")
    assert post.post(url, b"{}", {}, loopback=True) == 204
    assert asked == ["hook.localhost"]
    (message,) = receiver.messages
    assert str(message.headers["Host"]).startswith("hook.localhost:")


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    with open_receiver() as elsewhere:
        receiver.answering = status(307, ("Location", elsewhere.url))
        assert post.post(receiver.url, b"{}", {}, loopback=True) == 307
        assert not elsewhere.messages


def test_who_sends_an_answer_without_end_holds_nobody_up(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "LONGEST", 0.5)

    def talk_on(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-More: and m")
        handler.rfile.read(1)

    receiver.answering = talk_on
    began = time.monotonic()
    with suppress(Unreachable):
        post.post(receiver.url, b"{}", {}, loopback=True)
    assert time.monotonic() - began < 5


def test_a_large_answer_is_not_read_to_its_end(receiver: Receiver) -> None:
    written = []

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(2000):
            handler.wfile.write(b"x" * 65536)
            written.append(65536)

    receiver.answering = pour
    assert post.post(receiver.url, b"{}", {}, loopback=True) == 200
    assert sum(written) < 2000 * 65536


def test_who_says_nothing_is_not_waited_for(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(post, "LONGEST", 0.3)
    receiver.answering = lambda handler: handler.rfile.read(1) and None
    with pytest.raises(Unreachable):
        post.post(receiver.url, b"{}", {}, loopback=True)


def test_nobody_there_is_said_in_words() -> None:
    with pytest.raises(Unreachable, match="refused"):
        post.post(f"http://127.0.0.1:{free_port()}/", b"{}", {}, loopback=True)


def certificate(folder: Path) -> Path:
    """A certificate of localhost that nobody has signed but itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_over_tls_only_who_can_prove_their_name_gets_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path)
    with open_receiver(own) as receiver:
        with pytest.raises(Unreachable, match="certificate"):
            post.post(receiver.url, b"{}", {}, loopback=True)
        assert not receiver.messages
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        assert post.post(receiver.url, b"{}", {}, loopback=True) == 204
        with pytest.raises(Unreachable, match="certificate"):
            post.post(receiver.url.replace("localhost", "127.0.0.1"), b"{}", {}, loopback=True)
    assert len(receiver.messages) == 1
