"""The messenger: brings what happened to the addresses that asked for it, and notes how they answered.

A receiver that is slow or away holds up its own messages and nobody else's for long: after a few failures, or half a
minute, it is left alone for the rest of the pass.
"""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, joinedload

from portal.content.catalogue import Catalogue
from portal.domain import webhooks
from portal.domain.letters import LetterWriter
from portal.formats import post, webhook
from portal.storage.database import transaction
from portal.storage.webhooks import Delivery
from portal.worker import outbox
from portal.worker.outbox import CLAIM

log = logging.getLogger(__name__)

LONGEST_SENDING = timedelta(seconds=3 * post.LONGEST)
"""What one message may take, the look-up of the name included, which nothing else bounds."""
SHARE = 30.0
"""Seconds of a pass that one receiver may take, but for the message in hand."""
FAILURES = 3
GONE = 410


@dataclass(frozen=True)
class Parcel:
    """A message as it is brought; ``keys`` sign it. Without any, or while its webhook is ``off``, it stays here."""

    delivery_id: int
    webhook_id: int
    url: str
    message_id: str
    body: bytes
    keys: tuple[str, ...]
    off: bool


@dataclass(frozen=True)
class Answer:
    """The status that was answered, and what is said of it where it means anything but thank you."""

    status: int | None
    error: str = ""

    @property
    def silent(self) -> bool:
        """Whether nobody was there at all."""
        return self.status is None


@dataclass(frozen=True)
class Seen:
    """What a pass has met so far, by webhook: who is gone, how often others failed, and the seconds that they took."""

    gone: set[int] = field(default_factory=set)
    failures: Counter[int] = field(default_factory=Counter)
    spent: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    def note(self, webhook_id: int, answer: Answer, seconds: float) -> None:
        """Remember how a message was answered; one that nobody answered counts as all failures that there may be."""
        self.spent[webhook_id] += seconds
        if answer.status == GONE:
            self.gone.add(webhook_id)
        elif answer.error:
            self.failures[webhook_id] += FAILURES if answer.silent else 1


@dataclass(frozen=True)
class Messenger:
    """Brings what is due in ``engine``; ``elapsed`` counts seconds from any moment on.

    Only a portal that is itself on this very machine (by its ``base_url``) calls this very machine.
    """

    engine: Engine
    catalogue: Catalogue
    base_url: str
    secret_keys: tuple[str, ...]
    elapsed: Callable[[], float] = time.monotonic

    def deliver_due(self, now: datetime, stop: Callable[[], bool] = lambda: False) -> int:
        """One pass: bring what is due, and return how many messages were taken. Nothing more is begun on ``stop``."""
        began, delivered, seen = self.elapsed(), 0, Seen()
        with Session(self.engine) as session:
            left = self._claimed(session, now)
            while left:
                passed = self.elapsed() - began
                if stop() or timedelta(seconds=passed) > CLAIM - LONGEST_SENDING:
                    break
                parcel = left.pop(0)
                if self._stays(session, parcel, seen, now):
                    continue
                at = now + timedelta(seconds=passed)
                answer = self._bring(parcel, at)
                seen.note(parcel.webhook_id, answer, self.elapsed() - began - passed)
                self._note(session, parcel, answer, at)
                delivered += not answer.error
            if left:
                with transaction(session):
                    outbox.give_back(session, Delivery, [parcel.delivery_id for parcel in left], now)
        return delivered

    def _claimed(self, session: Session, now: datetime) -> list[Parcel]:
        ours = outbox.claim(session, Delivery, now)
        if not ours:
            return []
        rows = session.scalars(
            select(Delivery)
            .where(Delivery.id.in_(ours))
            .order_by(Delivery.id)
            .options(joinedload(Delivery.webhook))
        )
        parcels = [
            Parcel(
                row.id,
                row.webhook_id,
                row.webhook.url,
                row.message_id,
                row.body.encode(),
                tuple(webhooks.keys(row.webhook, self.secret_keys, now)),
                bool(row.webhook.off),
            )
            for row in rows
        ]
        # Nothing stays open while others are waited for.
        session.rollback()
        return parcels

    def _stays(self, session: Session, parcel: Parcel, seen: Seen, now: datetime) -> bool:
        """Whether a message is not brought in this pass; what becomes of it is noted then."""
        if parcel.off or parcel.webhook_id in seen.gone or not parcel.keys:
            self._keep(session, parcel)
        elif seen.failures[parcel.webhook_id] >= FAILURES:
            with transaction(session):
                outbox.try_again(session, Delivery, parcel.delivery_id, now, "others failed before it")
        elif seen.spent[parcel.webhook_id] >= SHARE:
            with transaction(session):
                outbox.give_back(session, Delivery, [parcel.delivery_id], now + outbox.FIRST_PAUSE)
        else:
            return False
        return True

    def _bring(self, parcel: Parcel, at: datetime) -> Answer:
        headers = webhook.headers(parcel.message_id, parcel.body, at, parcel.keys)
        try:
            status = post.post(parcel.url, parcel.body, headers, loopback=post.is_loopback(self.base_url))
        except post.UrlRefused as refused:
            return Answer(None, REFUSALS[refused.kind])
        except post.Unreachable as error:
            return Answer(None, str(error))
        return Answer(status, "" if 200 <= status < 300 else f"HTTP {status}")

    def _keep(self, session: Session, parcel: Parcel) -> None:
        error = "switched off" if parcel.keys else "the secret cannot be read: make a new one"
        with transaction(session):
            outbox.move(session, Delivery, parcel.delivery_id, state="failed", error=error)

    def _note(self, session: Session, parcel: Parcel, answer: Answer, at: datetime) -> None:
        noted = {"tried_at": at, "answer": answer.status}
        write = LetterWriter("", None, self.catalogue.snapshot.site, self.base_url, at)
        # The webhook first and then its message, as whoever removes both does: so nobody waits for one another.
        with transaction(session):
            if not answer.error:
                webhooks.answered(session, parcel.webhook_id)
                after = {"state": "sent", "sent_at": at, "error": ""}
                outbox.move(session, Delivery, parcel.delivery_id, **after, **noted)
            elif answer.status == GONE:
                webhooks.switch_off_by_itself(session, parcel.webhook_id, "gone", write)
                after = {"state": "failed", "error": answer.error}
                outbox.move(session, Delivery, parcel.delivery_id, **after, **noted)
            else:
                webhooks.failed(session, parcel.webhook_id, write)
                outbox.try_again(session, Delivery, parcel.delivery_id, at, answer.error, **noted)
        if answer.error:
            # Neither the address nor the message: both may say what is nobody's business.
            log.warning("webhook %d does not take its messages: %s", parcel.webhook_id, answer.error)


REFUSALS = {
    "address": "this is no address",
    "https": "this is no https address",
    "credentials": "the address has a password in it",
    "inside": "the address leads into a private network",
}
"""Why nothing was sent, for who looks at the list of messages."""
