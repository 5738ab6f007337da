"""The outbox's worker: claims letters that are due, sends them, notes what became of them.

Any number may run at once, in threads, processes and machines: a letter is claimed by a conditional update,
and sending happens outside every transaction. One that dies while sending leaves a claim that lapses; the
letter then goes out again under the same Message-ID. One that is slow gives back what it can no longer send
before its claim lapses.
"""

import logging
import random
import smtplib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from threading import Event as Signal
from threading import Thread

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session, joinedload

from portal.content.catalogue import Catalogue
from portal.content.event import Event
from portal.domain import (
    account_links,
    announcements,
    desk,
    letter_keys,
    letters,
    link_requests,
    lost_links,
    privacy,
    registration_link,
    rounds,
)
from portal.domain.facts import Facts
from portal.formats import mail, person_code
from portal.formats.transfer import Transfer, png
from portal.storage.database import transaction
from portal.storage.models import EventRecord, Letter

log = logging.getLogger(__name__)

BATCH = 50
CLAIM = timedelta(minutes=5)
LONGEST_SENDING = timedelta(seconds=4 * mail.TIMEOUT)
"""What one letter may take: a mail server answers four times, to MAIL, RCPT, DATA and what follows."""
GIVE_UP_AFTER = timedelta(days=2)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=3)
POLL_SECONDS = 2.0
ROUND_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Postman:
    """Sends what is in the outbox of ``engine`` by ``way``; ``base_url`` and ``secret_key`` make the links.

    ``elapsed`` counts seconds from any moment on.
    """

    engine: Engine
    way: mail.Folder | mail.SmtpServer
    sender: mail.Sender
    base_url: str
    secret_key: str
    elapsed: Callable[[], float] = time.monotonic

    def send_due(self, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
        """One pass: send what is due, and return how many letters were sent. Nothing more is begun on ``stop``."""
        began = self.elapsed()
        with Session(self.engine) as session:
            claimed = _claim(session, now)
            if not claimed:
                return 0
            # What happens to one letter, expires nothing of the others.
            packed = [(letter.id, self._message(letter)) for letter in claimed]
            left = [letter_id for letter_id, _message in packed]
            sent = 0
            try:
                with self.way.open() as connection:
                    for letter_id, message in packed:
                        if stop() or timedelta(seconds=self.elapsed() - began) > CLAIM - LONGEST_SENDING:
                            break
                        sent += self._send(session, connection, letter_id, message, now)
                        left.remove(letter_id)
            except (smtplib.SMTPException, OSError) as error:
                # The server is not there, or went away: all that is still claimed waits for it.
                log.warning("mail does not leave: %s", type(error).__name__)
                with transaction(session):
                    for letter_id in left:
                        _try_again(session, letter_id, now, error)
            else:
                if left:
                    with transaction(session):
                        for letter_id in left:
                            _move(session, letter_id, state="waiting", due_at=now)
            return sent

    def _send(
        self,
        session: Session,
        connection: mail.Transport,
        letter_id: int,
        message: EmailMessage | ValueError,
        now: datetime,
    ) -> bool:
        try:
            if isinstance(message, ValueError):
                raise message
            connection.send(message)
        except smtplib.SMTPServerDisconnected:
            raise
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refusal:
            with transaction(session):
                _note_refusal(session, letter_id, now, refusal)
            return False
        except (smtplib.SMTPNotSupportedError, ValueError) as error:
            # This letter cannot be sent this way, today or tomorrow; the others can.
            with transaction(session):
                _move(session, letter_id, state="failed", error=_reason(error))
            return False
        with transaction(session):
            _move(session, letter_id, state="sent", sent_at=now, error="")
        return True

    def _message(self, letter: Letter) -> EmailMessage | ValueError:
        """The letter as it is sent, or why it cannot be written."""
        link = ""
        if letter.registration:
            token = registration_link.token_of(self.secret_key, letter.registration)
            link = f"{self.base_url}/registrations/{token}"
        try:
            return mail.message(
                sender=self.sender,
                recipient=letter.recipient,
                reply_to=letter.reply_to,
                subject=letter.subject,
                text=self._with_links(letter.text, link),
                html=self._with_links(letter.html, link),
                message_id=letter.message_id,
                written_at=letter.created_at,
                calendar=letter.calendar,
                pictures=_pictures(letter),
            )
        except ValueError as error:
            return error

    def _with_links(self, text: str, link: str) -> str:
        """The letter as it leaves: here the keys are put in."""
        return letter_keys.with_links(letters.with_link(text, link), self.base_url, self.secret_key)


def _pictures(letter: Letter) -> dict[str, bytes]:
    """The codes that go with a letter, drawn: for the banking app, and for the door."""
    pictures = {"payment.png": png(Transfer(**letter.transfer))} if letter.transfer else {}
    return pictures | {f"{code}.png": person_code.png(code) for code in letter.codes or ()}


def _claim(session: Session, now: datetime) -> Sequence[Letter]:
    """Letters that are due and, from now until the claim lapses, ours."""
    due = (
        select(Letter.id, Letter.state, Letter.due_at)
        .where(or_(Letter.state == "waiting", Letter.state == "sending"), Letter.due_at <= now)
        .order_by(Letter.due_at)
        .limit(BATCH)
    )
    if session.execute(due.limit(1)).first() is None:
        return []
    ours = []
    with transaction(session):
        for letter_id, state, due_at in session.execute(due).all():
            claim = (
                update(Letter)
                .where(Letter.id == letter_id, Letter.state == state, Letter.due_at == due_at)
                .values(state="sending", due_at=now + CLAIM, attempts=Letter.attempts + 1)
            )
            if session.execute(claim).rowcount:  # type: ignore[attr-defined]  # a CursorResult
                ours.append(letter_id)
    return session.scalars(
        select(Letter).where(Letter.id.in_(ours)).order_by(Letter.id).options(joinedload(Letter.registration))
    ).all()


def _note_refusal(session: Session, letter_id: int, now: datetime, error: smtplib.SMTPException) -> None:
    """A 5xx answer is for ever, a 4xx one is not (RFC 5321, 4.2.1)."""
    code = _code(error)
    if 500 <= code < 600:
        _move(session, letter_id, state="failed", error=_reason(error))
    else:
        _try_again(session, letter_id, now, error)


def _try_again(session: Session, letter_id: int, now: datetime, error: Exception) -> None:
    """Put a letter that is still in hand back in line, later each time, until it is too old."""
    letter = session.get_one(Letter, letter_id)
    if letter.state != "sending":
        return
    if now - letter.queued_at >= GIVE_UP_AFTER:
        _move(session, letter_id, state="failed", error=_reason(error))
        return
    pause = min(FIRST_PAUSE * 2 ** (letter.attempts - 1), LONGEST_PAUSE)
    _move(
        session,
        letter_id,
        state="waiting",
        due_at=now + pause * random.uniform(0.8, 1.2),  # noqa: S311  # jitter, no secret
        error=_reason(error),
    )


def _move(session: Session, letter_id: int, **values: object) -> None:
    session.execute(update(Letter).where(Letter.id == letter_id, Letter.state == "sending").values(**values))


def _code(error: smtplib.SMTPException) -> int:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))[0]
    return int(getattr(error, "smtp_code", 0) or 0)


def _reason(error: Exception) -> str:
    """What the mail server said, such as ``550 5.1.1 No such mailbox``, else what went wrong."""
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        _number, said = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
    else:
        return f"{type(error).__name__}: {error}"[:500]
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(f"{_code(error)} {text}".split())[:500]


@dataclass(frozen=True)
class LineKeeper:
    """Lets waiting lists move up when a file gives more places, without anybody asking for it."""

    engine: Engine
    catalogue: Catalogue
    base_url: str

    def move_up(self, now: datetime) -> None:
        """One pass over the events whose places are not those under which their line last moved."""
        snapshot = self.catalogue.snapshot
        with Session(self.engine) as session:
            known = session.execute(select(EventRecord.slug, EventRecord.rules)).all()
            for slug, ruled in known:
                event = snapshot.events.get(slug)
                if event is None or desk.rules(event) == ruled:
                    continue
                write = letters.LetterWriter(slug, event, snapshot.site, self.base_url, now)
                with transaction(session):
                    desk.Desk(session, slug, event, now=now, write_letter=write, actor=desk.SYSTEM)


@dataclass(frozen=True)
class Clerk:
    """Writes the letters whose time has come, and settles what nobody has to be told."""

    engine: Engine
    catalogue: Catalogue
    base_url: str

    def answer_asked(self, now: datetime) -> int:
        """Send links to those who asked for them, for what stands on their address; returns how many letters."""
        snapshot = self.catalogue.snapshot

        def writer(event: Event | None) -> letters.LetterWriter:
            return letters.LetterWriter(event.slug if event else "", event, snapshot.site, self.base_url, now)

        with Session(self.engine) as session:
            if link_requests.nobody_asked(session):
                return 0
            with transaction(session):
                written = account_links.answer_asked(session, writer(None))
                return written + lost_links.answer_asked(session, snapshot.events, now, writer)

    def write_due(self, now: datetime) -> int:
        """One pass over the events that people signed up for; returns how many letters were written."""
        snapshot = self.catalogue.snapshot
        written = 0
        with Session(self.engine) as session:
            known = session.execute(select(EventRecord.slug, EventRecord.told)).all()
            for slug, told in known:
                event = snapshot.events.get(slug)
                if event is None:
                    continue
                write = letters.LetterWriter(slug, event, snapshot.site, self.base_url, now)
                written += rounds.write_due(session, event, write)
                if told != Facts.of(event).written() and announcements.everybody_knows(session, event):
                    with transaction(session):
                        announcements.settle(session, event)
        return written

    def forget(self, now: datetime) -> int:
        """Remove the people of events that have been over for as long as the site keeps them; returns how many events
        that were."""
        snapshot = self.catalogue.snapshot
        with Session(self.engine) as session:
            found = privacy.expired(session, snapshot.events, snapshot.site.keep_days, now)
            for event in found:
                with transaction(session):
                    number = privacy.anonymise_event(session, event.slug, now)
                log.info("removed the people of %d registrations for %s", number, event.slug)
        return len(found)


class Worker:
    """A thread that keeps the outbox empty and the lines moving until it is told to stop."""

    def __init__(
        self, postman: Postman, keeper: LineKeeper | None = None, clerk: Clerk | None = None
    ) -> None:
        self._postman, self._keeper, self._clerk = postman, keeper, clerk
        self._round_at: datetime | None = None
        self._forgot_on: date | None = None
        self._stop = Signal()
        self._thread = Thread(target=self.run, name="letters", daemon=True)

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def stop(self, timeout: float = 10) -> None:
        """Finish the letter in hand and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def run(self) -> None:
        """Work until stopped; an error is logged and the next pass tries again."""
        while not self._stop.wait(POLL_SECONDS):
            try:
                self._pass(datetime.now(UTC))
            except Exception:
                log.exception("a pass of the worker failed")

    def _pass(self, now: datetime) -> None:
        if self._keeper:
            self._keeper.move_up(now)
        if self._clerk:
            self._clerk.answer_asked(now)
        if self._clerk and (self._round_at is None or now >= self._round_at):
            self._round_at = now + ROUND_EVERY
            self._clerk.write_due(now)
        if self._clerk and self._forgot_on != now.date():
            self._clerk.forget(now)
            self._forgot_on = now.date()
        # A thousand letters do not wait two seconds after each fifty.
        while self._postman.send_due(datetime.now(UTC), self._stop.is_set):
            pass
