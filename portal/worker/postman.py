"""The postman: sends the letters that are due, and notes what became of them."""

import logging
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, joinedload

from portal.domain import letter_keys
from portal.formats import mail, person_code
from portal.formats.transfer import Transfer, png
from portal.storage.database import transaction
from portal.storage.models import Letter
from portal.worker import outbox
from portal.worker.outbox import CLAIM

log = logging.getLogger(__name__)

LONGEST_SENDING = timedelta(seconds=4 * mail.TIMEOUT)
"""What one letter may take: a mail server answers four times, to MAIL, RCPT, DATA and what follows."""

GIVE_WAY, GLANCE = 25, 0.02
"""A letter waits for a moment in which nobody waits for a page: it looks so many times, so many seconds apart. Two in a
second leave all the same."""


@dataclass(frozen=True)
class Postman:
    """Sends what is in the outbox of ``engine`` by ``way``; ``base_url`` and ``secret_keys`` make the links.

    ``is_busy`` says whether people wait for this process, ``elapsed`` counts seconds from any moment on.
    """

    engine: Engine
    way: mail.Folder | mail.SmtpServer
    sender: mail.Sender
    base_url: str
    secret_keys: tuple[str, ...]
    is_busy: Callable[[], bool] = lambda: False
    elapsed: Callable[[], float] = time.monotonic

    def send_due(self, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
        """One pass: send what is due, and return how many letters were sent. Nothing more is begun on ``stop``."""
        began = self.elapsed()
        with Session(self.engine) as session:
            ours = outbox.claim(session, Letter, now)
            if not ours:
                return 0
            claimed = session.scalars(
                select(Letter)
                .where(Letter.id.in_(ours))
                .order_by(Letter.id)
                .options(joinedload(Letter.registration))
            ).all()
            # They stay as they were read, and nothing stays open while the mail server is waited for.
            session.expunge_all()
            session.rollback()
            left = [letter.id for letter in claimed]
            sent = 0
            try:
                with self.way.open() as connection:
                    for letter in claimed:
                        if stop() or timedelta(seconds=self.elapsed() - began) > CLAIM - LONGEST_SENDING:
                            break
                        self._give_way()
                        if _is_there(session, letter.id):
                            sent += self._send(session, connection, letter, now)
                        left.remove(letter.id)
            except (smtplib.SMTPException, OSError) as error:
                # The server is not there, or went away: all that is still claimed waits for it.
                log.warning("mail does not leave: %s", type(error).__name__)
                with transaction(session):
                    for letter_id in left:
                        outbox.try_again(session, Letter, letter_id, now, _reason(error))
            else:
                if left:
                    with transaction(session):
                        outbox.give_back(session, Letter, left, now)
            return sent

    def _give_way(self) -> None:
        for _glance in range(GIVE_WAY):
            if not self.is_busy():
                return
            time.sleep(GLANCE)

    def _send(
        self,
        session: Session,
        connection: mail.Transport,
        letter: Letter,
        now: datetime,
    ) -> bool:
        try:
            message = self._message(letter)
        except Exception as error:
            return _give_up(session, letter, error)
        try:
            connection.send(message)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refusal:
            with transaction(session):
                _note_refusal(session, letter.id, now, refusal)
            return False
        except smtplib.SMTPNotSupportedError as error:
            # This letter cannot be sent this way, today or tomorrow; the others can.
            with transaction(session):
                outbox.move(session, Letter, letter.id, state="failed", error=_reason(error))
            return False
        except (smtplib.SMTPException, OSError):
            raise
        except Exception as error:
            return _give_up(session, letter, error)
        with transaction(session):
            outbox.move(session, Letter, letter.id, state="sent", sent_at=now, error="")
        return True

    def _message(self, letter: Letter) -> EmailMessage:
        """The letter as it is sent; raises ValueError when it cannot be written."""
        return mail.message(
            sender=self.sender,
            recipient=letter.recipient,
            reply_to=letter.reply_to,
            subject=letter.subject,
            text=self._with_links(letter, letter.text),
            html=self._with_links(letter, letter.html),
            message_id=letter.message_id,
            written_at=letter.created_at,
            calendar=letter.calendar,
            pictures=_pictures(letter),
        )

    def _with_links(self, letter: Letter, text: str) -> str:
        """The letter as it leaves: here the keys are put in."""
        return letter_keys.with_links(letter, text, self.base_url, self.secret_keys)


def _pictures(letter: Letter) -> dict[str, bytes]:
    """The codes that go with a letter, drawn: for the banking app, and for the door."""
    pictures = {"payment.png": png(Transfer(**letter.transfer))} if letter.transfer else {}
    return pictures | {f"{code}.png": person_code.png(code) for code in letter.codes or ()}


def _is_there(session: Session, letter_id: int) -> bool:
    """Whether a letter that was read minutes ago is still to be sent: who was erased meanwhile gets none."""
    row = select(Letter.id).where(Letter.id == letter_id, Letter.state == "sending")
    there = session.scalar(row) is not None
    # On SQLite the question began something, and nothing stays open while the mail server is waited for.
    session.rollback()
    return there


def _give_up(session: Session, letter: Letter, error: Exception) -> bool:
    """Set a letter aside that cannot be written, or not handed over: what is wrong with it holds up no other."""
    log.error("letter %d cannot be sent", letter.id, exc_info=error)
    with transaction(session):
        outbox.move(session, Letter, letter.id, state="failed", error=type(error).__name__)
    return False


def _note_refusal(session: Session, letter_id: int, now: datetime, error: smtplib.SMTPException) -> None:
    """A 5xx answer is for ever, a 4xx one is not (RFC 5321, 4.2.1)."""
    code = _code(error)
    if 500 <= code < 600:
        outbox.move(session, Letter, letter_id, state="failed", error=_reason(error))
    else:
        outbox.try_again(session, Letter, letter_id, now, _reason(error))


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
