"""The outbox's worker: claims letters that are due, sends them, notes what became of them.

Any number may run at once, in threads, processes and machines: a letter is claimed by a conditional update,
and sending happens outside every transaction. One that dies while sending leaves a claim that lapses; the
letter then goes out again under the same Message-ID.
"""

import logging
import random
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

from sqlalchemy import Engine, or_, select, update
from sqlalchemy.orm import Session, joinedload

from portal.content.catalogue import Catalogue
from portal.domain import desk, letters, registration_link
from portal.formats import mail
from portal.storage.database import transaction
from portal.storage.models import EventRecord, Letter

log = logging.getLogger(__name__)

BATCH = 50
CLAIM = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=2)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=3)
POLL_SECONDS = 2.0


@dataclass(frozen=True)
class Postman:
    """Sends what is in the outbox of ``engine`` by ``way``; ``base_url`` and ``secret_key`` make the links."""

    engine: Engine
    way: mail.Folder | mail.SmtpServer
    sender: mail.Sender
    base_url: str
    secret_key: str

    def send_due(self, now: datetime) -> int:
        """One pass: send what is due, and return how many letters were sent."""
        with Session(self.engine) as session:
            claimed = _claim(session, now)
            if not claimed:
                return 0
            sent = 0
            try:
                with self.way.open() as connection:
                    for letter in claimed:
                        sent += self._send(session, connection, letter, now)
            except (smtplib.SMTPException, OSError) as error:
                # The server is not there, or went away: all that is still claimed waits for it.
                log.warning("mail does not leave: %s", type(error).__name__)
                with transaction(session):
                    for letter_id in [letter.id for letter in claimed]:
                        _try_again(session, letter_id, now, error)
            return sent

    def _send(self, session: Session, connection: mail.Transport, letter: Letter, now: datetime) -> bool:
        link = f"{self.base_url}/registrations/{registration_link.token_of(self.secret_key, letter.registration)}"
        message = mail.message(
            sender=self.sender,
            recipient=letter.recipient,
            reply_to=letter.reply_to,
            subject=letter.subject,
            text=letters.with_link(letter.text, link),
            html=letters.with_link(letter.html, link),
            message_id=letter.message_id,
            written_at=letter.created_at,
        )
        letter_id = letter.id
        try:
            connection.send(message)
        except smtplib.SMTPServerDisconnected:
            raise
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
            with transaction(session):
                _note_refusal(session, letter_id, now, error)
            return False
        with transaction(session):
            _move(session, letter_id, state="sent", sent_at=now, error="")
        return True


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
    if now - letter.created_at >= GIVE_UP_AFTER:
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
    return f"{type(error).__name__}: {error}"[:500]


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


class Worker:
    """A thread that keeps the outbox empty and the lines moving until it is told to stop."""

    def __init__(self, postman: Postman, keeper: LineKeeper | None = None) -> None:
        self._postman = postman
        self._keeper = keeper
        self._stop = Event()
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
                if self._keeper:
                    self._keeper.move_up(datetime.now(UTC))
                self._postman.send_due(datetime.now(UTC))
            except Exception:
                log.exception("a pass of the worker failed")
