"""A real SMTP server on this machine, that keeps what it is given and can be told to refuse."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from threading import Condition
from typing import Any, Literal

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from tests.support.ports import free_port


@dataclass(frozen=True)
class Letter:
    """A message that arrived, and the addresses on its envelope."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """The plain words of it."""
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    def _part(self, kind: Literal["plain", "html"]) -> str:
        part = self.message.get_body((kind,))
        assert part is not None, f"{self.subject!r} has no {kind} part"
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class PostOffice:
    """``letters`` holds what arrived, oldest first."""

    port: int
    letters: list[Letter] = field(default_factory=list)
    _arrived: Condition = field(default_factory=Condition)
    connections: set[Any] = field(default_factory=set)
    """Who has connected, as (address, port)."""
    _refusals: dict[str, str] = field(default_factory=dict)
    _silent: bool = False
    _held: bool = False
    in_hand: int = 0
    """How many letters came and have no answer yet."""
    _hangs_up: bool = False

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def wait_for(self, number: int, timeout: float = 20) -> None:
        """Until so many letters are here; fails when they do not come."""
        with self._arrived:
            came = self._arrived.wait_for(lambda: len(self.letters) >= number, timeout)
        assert came, f"{len(self.letters)} letters came, not {number}"

    def refuse(self, answer: str, *, at: Literal["MAIL", "RCPT", "DATA"] = "RCPT") -> None:
        """From now on answer such as ``451 4.3.0 Try again later`` at that step."""
        self._refusals[at] = answer

    def refuse_only(self, recipient: str, answer: str) -> None:
        """From now on answer so to letters for this address."""
        self._refusals[recipient] = answer

    def fall_silent(self) -> None:
        """From now on take what is sent and never answer."""
        self._silent = True

    def hold(self) -> None:
        """From now on take what is sent, and answer when told to ``accept``."""
        self._held = True

    def hang_up(self) -> None:
        """From now on keep the letter that is sent and hang up without a word."""
        self._hangs_up = True

    def accept(self) -> None:
        """Refuse nothing any more."""
        self._refusals.clear()
        self._silent = self._hangs_up = self._held = False

    # What aiosmtpd calls; the names are its own.

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, session: Any, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.connections.add(session.peer)
        if "MAIL" not in self._refusals:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return self._refusals.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        refusal = self._refusals.get("RCPT") or self._refusals.get(address)
        if not refusal:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self._silent:
            await asyncio.Event().wait()
        self.in_hand += 1
        while self._held:
            await asyncio.sleep(0.02)
        self.in_hand -= 1
        if "DATA" not in self._refusals:
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
            with self._arrived:
                self.letters.append(Letter(str(envelope.mail_from), tuple(envelope.rcpt_tos), message))
                self._arrived.notify_all()
        if self._hangs_up:
            server.transport.abort()
        return self._refusals.get("DATA", "250 OK")


@contextmanager
def open_post_office(*, international: bool = True) -> Iterator[PostOffice]:
    """A running SMTP server; one that is not ``international`` only knows addresses in ASCII (no SMTPUTF8)."""
    office = PostOffice(free_port())
    controller = Controller(office, hostname="127.0.0.1", port=office.port, enable_SMTPUTF8=international)
    controller.start()
    try:
        yield office
    finally:
        controller.stop()
