"""Who keeps the house while nobody asks: lines that move, letters whose time comes, names that are forgotten."""

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.content.catalogue import Catalogue
from portal.content.event import Event
from portal.domain import (
    account_links,
    announcements,
    bank,
    desk,
    letters,
    link_requests,
    lost_links,
    new_address,
    privacy,
    rounds,
    webhooks,
)
from portal.domain.facts import Facts
from portal.storage.database import transaction
from portal.storage.models import EventRecord

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LineKeeper:
    """Lets waiting lists move up when a file gives more places, without anybody asking for it."""

    engine: Engine
    catalogue: Catalogue
    base_url: str

    def move_up(self, now: datetime) -> None:
        """One pass over the events whose places are not those under which their line last moved. What goes wrong with
        one is logged, and holds up no other."""
        snapshot = self.catalogue.snapshot
        with Session(self.engine) as session:
            known = session.execute(select(EventRecord.slug, EventRecord.rules)).all()
            for slug, ruled in known:
                event = snapshot.events.get(slug)
                if event is None or desk.rules(event) == ruled:
                    continue
                write = letters.LetterWriter(slug, event, snapshot.site, self.base_url, now)
                try:
                    with transaction(session):
                        desk.Desk(session, slug, event, now=now, write_letter=write, actor=desk.SYSTEM)
                except Exception:
                    log.exception("the waiting list of %s could not move", slug)


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
        """One pass over the events that people signed up for; returns how many letters were written. What goes wrong
        with one event is logged, and keeps nothing from the others."""
        snapshot = self.catalogue.snapshot
        written = 0
        with Session(self.engine) as session:
            known = session.execute(select(EventRecord.slug, EventRecord.told)).all()
            for slug, told in known:
                event = snapshot.events.get(slug)
                if event is None:
                    continue
                write = letters.LetterWriter(slug, event, snapshot.site, self.base_url, now)
                try:
                    written += _write_about(session, event, told, write)
                except Exception:
                    # Whoever signed up for another event still hears about theirs.
                    log.exception("the letters that are due about %s could not be written", slug)
                    session.rollback()
        return written

    def forget(self, now: datetime) -> int:
        """Remove the people of events that have been over for as long as the site keeps them, old messages to programs,
        names of payers that nobody was found for, and addresses that nobody confirmed; returns how many events that
        were."""
        snapshot = self.catalogue.snapshot
        with Session(self.engine) as session:
            with transaction(session):
                new_address.forget(session, now)
            found = privacy.expired(session, snapshot.events, snapshot.site.keep_days, now)
            for event in found:
                with transaction(session):
                    number = privacy.anonymise_event(session, event.slug, now)
                log.info("removed the people of %d registrations for %s", number, event.slug)
            with transaction(session):
                webhooks.forget(session, now)
                bank.forget(session, snapshot.site.keep_days, now)
        return len(found)


def _write_about(session: Session, event: Event, told: str, write: letters.LetterWriter) -> int:
    written = rounds.write_due(session, event, write)
    if told != Facts.of(event).written() and announcements.everybody_knows(session, event):
        with transaction(session):
            announcements.settle(session, event)
    return written
