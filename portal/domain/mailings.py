"""Mail from organisers to the people of an event: one letter for each registration, to its contact, written once."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from markupsafe import Markup
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal import i18n
from portal.content.event import Event
from portal.domain import letter_keys, words
from portal.domain.desk import Desk
from portal.domain.filters import Filters, chosen
from portal.domain.letters import LINK_MARK, LetterWriter, OwnWords, own_words
from portal.storage.mailings import Mailing
from portal.storage.models import CANCELLED, Attendee, Letter, Registration

PLACEHOLDERS = ("first_name", "last_name", "event", "date", "place", "reference", "link")
"""What may stand in braces in a subject or a text."""

LINK_HERE = f"https://{letter_keys.BEING_WRITTEN}.invalid/"
_BRACED = re.compile(r"\{([^{}\n]*)\}")
BATCH = 200


def unknown_placeholders(*texts: str) -> list[str]:
    """What stands in braces and means nothing, in its order."""
    found = (name for text in texts for name in _BRACED.findall(text))
    return list(dict.fromkeys(name for name in found if name not in PLACEHOLDERS))


def to_cancelled(filters: Filters) -> bool:
    """Whether who cancelled is written to as well: only when it is they who were chosen, by their status or one by
    one."""
    return filters.status == CANCELLED or bool(filters.people)


def readers(session: Session, slug: str, filters: Filters) -> Iterator[Registration]:
    """The registrations with an address of whom the filters let somebody through who is to be written to, in the order
    of signing up."""
    after = 0
    while True:
        some = session.scalars(
            select(Registration)
            .where(
                Registration.id > after,
                Registration.event_slug == slug,
                Registration.email != "",
                Registration.id.in_(_ids(slug, filters)),
            )
            .order_by(Registration.id)
            .limit(BATCH)
            .options(selectinload(Registration.attendees), selectinload(Registration.payments))
        ).all()
        yield from some
        if len(some) < BATCH:
            return
        after = some[-1].id


def number_of_readers(session: Session, slug: str, filters: Filters) -> int:
    """How many letters it would be."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Registration)
            .where(Registration.email != "", Registration.id.in_(_ids(slug, filters)))
        )
        or 0
    )


def draft(write: LetterWriter, registration: Registration, subject: str, text: str) -> Letter:
    """The letter as it would arrive for one of them. It is not in the outbox."""
    return _letter(write, registration, subject, text)


def send(
    desk: Desk,
    write: LetterWriter,
    *,
    form_id: str,
    subject: str,
    text: str,
    filters: Filters,
) -> Mailing:
    """Put a letter for each of them in the outbox. The same form again is the same mailing, and sends nothing."""
    session = desk.session
    sent = session.scalars(select(Mailing).where(Mailing.form_id == form_id)).one_or_none()
    if sent is not None:
        return sent
    mailing = Mailing(
        event_slug=desk.slug,
        form_id=form_id,
        organiser_id=desk.actor.organiser_id,
        subject=subject,
        text=text,
        filters={name: value for name, value in asdict(filters).items() if value},
        letters=0,
        created_at=desk.now,
    )
    session.add(mailing)
    session.flush()
    for registration in readers(session, desk.slug, filters):
        letter = _letter(write, registration, subject, text)
        letter.mailing_id = mailing.id
        session.add(letter)
        mailing.letters += 1
    return mailing


def of_event(session: Session, slug: str) -> Sequence[Mailing]:
    """What was sent about an event, the newest first."""
    return session.scalars(
        select(Mailing)
        .where(Mailing.event_slug == slug)
        .order_by(Mailing.id.desc())
        .options(joinedload(Mailing.organiser))
    ).all()


def _ids(slug: str, filters: Filters) -> Select[int]:
    people = chosen(slug, filters)
    if not to_cancelled(filters):
        people = people.where(Attendee.status != CANCELLED)
    return people.with_only_columns(Registration.id)


def _letter(write: LetterWriter, registration: Registration, subject: str, text: str) -> Letter:
    with i18n.speaking(registration.language):
        meant = _meant(registration, write.event)
    # Until it is HTML the link has to be an address: a mark would not become one.
    said = own_words(
        _filled(text, {name: _plain(value) for name, value in meant.items()} | {"link": LINK_HERE}),
        write.base_url,
    )
    words_ = OwnWords(
        said.text.replace(LINK_HERE, LINK_MARK),
        Markup(said.html.replace(LINK_HERE, LINK_MARK)),  # noqa: S704
    )
    return write(registration, "mailing", subject=_filled(subject, meant | {"link": ""}), own_words=words_)


def _meant(registration: Registration, event: Event | None) -> dict[str, str]:
    contact = registration.attendees[0]
    return {
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "event": registration.event_title,
        "date": words.when(event) if event else "",
        "place": event.location if event else "",
        "reference": registration.reference,
    }


def _filled(text: str, meant: Mapping[str, str]) -> str:
    return _BRACED.sub(lambda found: meant.get(found[1], found[0]), text)


def _plain(value: str) -> str:
    """A person's words in Markdown, that they are only that."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!<>|&~])", r"\\\1", value)
