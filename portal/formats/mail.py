"""Letters as messages (RFC 5322), and the two ways they leave: by SMTP, or as files in a folder."""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from portal.formats.calendar import method_of as calendar_method

TIMEOUT = 30
"""Seconds that a mail server may take for an answer."""


class _Headers(HeaderRegistry):
    """Headers that are remembered: most of a letter are those of the letter before, and making them takes as long as
    all else of it."""

    __getitem__ = lru_cache(64)(HeaderRegistry.__getitem__)
    __call__ = lru_cache(128)(HeaderRegistry.__call__)


POLICY = SMTP_POLICY.clone(header_factory=_Headers())


class Transport(Protocol):
    """An open way out."""

    def send(self, message: EmailMessage) -> None:
        """Hand the message over; raises smtplib.SMTPException or OSError when it was not taken."""


@dataclass(frozen=True)
class Sender:
    """Who the letters are from."""

    name: str
    address: str


def message(
    *,
    sender: Sender,
    recipient: str,
    reply_to: str,
    subject: str,
    text: str,
    html: str,
    message_id: str,
    written_at: datetime,
    calendar: str = "",
    pictures: Mapping[str, bytes] = MappingProxyType({}),
) -> EmailMessage:
    """A letter with a plain and an HTML part, a calendar file where there is one, and pictures (PNG) by file name.

    ``Auto-Submitted`` keeps holiday replies away (RFC 3834). There is no ``List-Unsubscribe``: each letter is about
    something that its reader asked for. Raises ValueError when a header cannot say what it is told.
    """
    made = EmailMessage(policy=POLICY)
    made["From"] = str(Address(sender.name, addr_spec=sender.address))
    _put_address(made, "To", recipient)
    if reply_to:
        _put_address(made, "Reply-To", reply_to)
    made["Subject"] = subject
    made["Date"] = format_datetime(written_at)
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text, cte="quoted-printable")
    made.add_alternative(html, subtype="html", cte="quoted-printable")
    if calendar:
        _add_calendar(made, calendar)
    for name, picture in pictures.items():
        made.add_attachment(picture, maintype="image", subtype="png", filename=name)
    return made


def _put_address(made: EmailMessage, header: str, address: str) -> None:
    """A header with this address. It is read as text: what would become another address, or several, is refused."""
    made[header] = address
    if [one.addr_spec for one in made[header].addresses] != [address]:
        raise ValueError(f"{header} would be another address")


def _add_calendar(made: EmailMessage, calendar: str) -> None:
    """The calendar file twice, as the large calendars send theirs: among the alternatives it is an invitation that
    changes and cancels the entry of before (RFC 6047; Outlook looks nowhere else), attached it is a file for
    programs that know no invitations."""
    made.add_alternative(
        calendar, subtype="calendar", cte="base64", params={"method": calendar_method(calendar)}
    )
    made.add_attachment(calendar.encode(), maintype="application", subtype="ics", filename="invite.ics")


@dataclass(frozen=True)
class Folder:
    """Writes each message to a file of its own, for a portal that has no mail server yet."""

    path: Path

    @contextmanager
    def open(self) -> Iterator[Transport]:
        """The folder, made when missing."""
        self.path.mkdir(parents=True, exist_ok=True)
        yield self

    def send(self, message: EmailMessage) -> None:
        """Write the message to ``<Message-ID>.eml``; the same letter sent twice is one file."""
        name = str(message["Message-ID"]).strip("<>").partition("@")[0]
        (self.path / f"{name}.eml").write_bytes(message.as_bytes())


@dataclass(frozen=True)
class SmtpServer:
    """A mail server: ``smtp://user:password@host:port?starttls=1`` or ``smtps://…``."""

    url: str

    @contextmanager
    def open(self) -> Iterator[Transport]:
        """One connection, for as many messages as there are."""
        address = urlsplit(self.url)
        host = address.hostname or "localhost"
        context = ssl.create_default_context()
        if address.scheme == "smtps":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(
                host, address.port or 465, timeout=TIMEOUT, context=context
            )
        else:
            connection = smtplib.SMTP(host, address.port or 25, timeout=TIMEOUT)
        with connection:
            if parse_qs(address.query).get("starttls") == ["1"]:
                connection.starttls(context=context)
            if address.username:
                connection.login(unquote(address.username), unquote(address.password or ""))
            yield _Connection(connection)


@dataclass(frozen=True)
class _Connection:
    smtp: smtplib.SMTP

    def send(self, message: EmailMessage) -> None:
        self.smtp.send_message(message)
