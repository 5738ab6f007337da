"""Letters: what is written to a registrant, in their language, and put in the outbox.

A letter is written to the outbox in the transaction of what it is about, and says what is true then. The
registrant's link is a key: where it goes, the stored text has a mark (``letter_keys``), and it is put in while sending.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import object_session

from portal import i18n, resource
from portal.content.addresses import deliverable
from portal.content.event import Event
from portal.content.markdown import render
from portal.content.site import Site
from portal.domain import letter_keys, payments, words
from portal.domain.facts import Facts
from portal.formats import person_code
from portal.formats.calendar import Invitation, Somebody, invitation
from portal.formats.text import from_html
from portal.formats.transfer import shown_iban, written_communication
from portal.storage.models import CANCELLED, CONFIRMED, Attendee, Letter, Registration

LINK_MARK = letter_keys.mark(letter_keys.REGISTRATION)

ASKING = frozenset({"confirmed", "promoted", "changed", "practical", "reminder"})
"""The kinds of letters that bring codes: to pay what is open, and for the door."""

INVITING = frozenset({"confirmed", "promoted", "changed", "practical", "welcome", "cancelled"})
"""The kinds of letters that bring, change or take away an entry in their reader's calendar."""

TELLING = frozenset({"confirmed", "waitlisted", "promoted", "practical"})
"""The kinds after which their reader knows when and where; ``cancelled`` too, when that is the event."""


@dataclass(frozen=True)
class LetterWriter:
    """Writes the letters about one event, whose file may be gone; ``base_url`` is the portal's address."""

    slug: str
    event: Event | None
    site: Site
    base_url: str
    now: datetime

    def __call__(
        self, registration: Registration, kind: str, *, recipient: str = "", **words: object
    ) -> Letter:
        """The letter of a kind (a folder in ``templates/mail``), ready for the outbox.

        It goes to the registration's address unless ``recipient`` is another one. ``words`` are what this kind
        speaks of besides: ``welcome`` of the ``person`` who comes instead, ``address`` of the ``confirm_url``,
        ``cancelled`` of who did it, ``by`` the registrant, the organiser or, for all of them, the event;
        ``practical`` of the event as it ``was``, or None; ``link`` of ``why`` it comes: somebody signed up ``again``,
        asked for what was ``lost``, or the ``organiser`` sends it.
        """
        contact, by = registration.attendees[0], words.get("by", "registrant")
        codes = [
            person_code.written(registration.reference, person.position)
            for person in registration.attendees
            if person.status == CONFIRMED and kind in ASKING and not recipient
        ]
        letter = self._letter(
            kind,
            language=registration.language,
            recipient=recipient or registration.email,
            reply_to=self.contact,
            words={
                "title": registration.event_title,
                "by": by,
                "who": f"{contact.first_name} {contact.last_name}",
                **words,
                "registration": registration,
                "codes": codes,
                "balance": payments.balance(registration),
                "transfer": payments.transfer(registration, self.site),
                "coming": [person for person in registration.attendees if person.status != CANCELLED],
                "link": LINK_MARK,
            },
        )
        letter.registration = registration
        if kind in ASKING and not recipient and (asked := payments.transfer(registration, self.site)):
            letter.transfer = asdict(asked)
        letter.codes = codes or None
        if kind in INVITING:
            person = words.get("person", contact)
            assert isinstance(person, Attendee)  # noqa: S101
            self._invite(letter, person, by == "event")
        if self.event and not recipient and (kind in TELLING or by == "event"):
            letter.facts = Facts.of(self.event).written()
        return letter

    def to_organisers(
        self, kind: str, registration: Registration | None = None, *, reply_to: str = "", **words: object
    ) -> Letter:
        """A letter to the event's own contact, which has to be known, in the organisation's language."""
        letter = self._letter(
            kind,
            language=self.site.languages[0],
            recipient=self.contact,
            reply_to=reply_to,
            words={
                "title": self.event.title if self.event else self.slug,
                "list_url": f"{self.base_url}/admin/events/{self.slug}/attendees",
                "registration": registration,
                **words,
            },
        )
        letter.registration = registration
        return letter

    def to_account(self, kind: str, recipient: str, **words: object) -> Letter:
        """A letter to an organiser about their account, in the organisation's language; it is about no event."""
        language = self.site.languages[0]
        with i18n.speaking(language):
            title = i18n.gettext("Your organiser's account")
        told = {"title": title, "admin_url": f"{self.base_url}/admin/", **words}
        letter = self._letter(
            kind, language=language, recipient=recipient, reply_to=self.site.contact, words=told
        )
        letter.event_slug = None
        return letter

    @property
    def contact(self) -> str:
        """Who gets questions about the event; empty where the site has no address either."""
        return (self.event.contact if self.event else "") or self.site.contact

    def _letter(
        self, kind: str, *, language: str, recipient: str, reply_to: str, words: Mapping[str, object]
    ) -> Letter:
        with i18n.speaking(language):
            context: dict[str, Any] = {
                "kind": kind,
                "event": self.event,
                "site": self.site,
                "event_url": f"{self.base_url}/events/{self.slug}",
                "privacy_url": f"{self.base_url}/privacy",
                "contact": self.contact,
                "language": language,
                "codes": (),
                "own_words": own_words(self.event.words_of(kind) if self.event else "", self.base_url),
                **words,
            }
            subject = _template(f"{kind}/subject.txt").render(context)
            said = _template(f"{kind}/words.txt").render(context)
            paragraphs = (" ".join(part.split()) for part in re.split(r"\n\s*\n", said))
            context["said"] = [paragraph for paragraph in paragraphs if paragraph]
            # Most letters say a few sentences and what stands in all of them.
            text, html = (
                _template(f"{kind}/body.{as_}", f"_frame.{as_}").render(context) for as_ in ("txt", "html")
            )
        # RFC 5322, 3.6.4: unique by chance on the left, by our host on the right.
        message_id = f"<{secrets.token_hex(16)}@{self._host}>"
        return Letter(
            event_slug=self.slug,
            kind=kind,
            language=language,
            recipient=deliverable(recipient),
            reply_to=deliverable(reply_to) if reply_to else "",
            message_id=message_id,
            subject=" ".join(subject.split()),
            text=letter_keys.bound(re.sub(r"\n{4,}", "\n\n\n", text.strip()) + "\n", message_id),
            html=letter_keys.bound(html, message_id),
            created_at=self.now,
            queued_at=self.now,
            due_at=self.now,
        )

    def _invite(self, letter: Letter, person: Attendee, event_is_off: bool) -> None:
        """Give the letter its calendar file, when it changes what stands in this person's calendar."""
        registration = letter.registration
        assert registration is not None  # noqa: S101
        if letter.kind == "cancelled":
            before = _last_sequence(registration)
            if before is None or (person.status == CONFIRMED and not event_is_off):
                return
            sequence = before + 1
        elif person.status != CONFIRMED or self.event is None or self.event.status == CANCELLED:
            return
        else:
            # The first of all its letters: there is nothing to look up.
            before = None if letter.kind == "confirmed" else _last_sequence(registration)
            sequence = 0 if before is None else before + 1
        letter.sequence = sequence
        letter.calendar = invitation(
            Invitation(
                method="CANCEL" if letter.kind == "cancelled" else "REQUEST",
                uid=f"{registration.reference}@{registration.event_slug}",
                sequence=sequence,
                event=self.event,
                title=registration.event_title,
                url=f"{self.base_url}/events/{self.slug}",
                # RFC 5546 asks for one; who has no address gets no replies either.
                organizer=Somebody(self.site.name, letter.reply_to or f"portal@{self._host}"),
                attendee=Somebody(f"{person.first_name} {person.last_name}", letter.recipient),
            ),
            self.now,
        )

    @property
    def _host(self) -> str:
        return urlsplit(self.base_url).hostname or "localhost"


def masked(text: str, instead: str) -> str:
    """The letter's text for who may read it but not open what it opens: ``instead`` of each such address."""
    return _KEY.sub(instead, text)


_KEY = re.compile(
    rf"(?:{letter_keys.MARK.pattern})\S*|https?://\S+/(?:registrations|addresses)/\S+", re.ASCII
)


@dataclass(frozen=True)
class OwnWords:
    """What an event's file adds to a letter."""

    text: str
    html: Markup


@lru_cache(256)
def own_words(markdown: str, base_url: str) -> OwnWords:
    """An event's own Markdown for a letter: HTML that is safe to send, and text that reads well."""
    if not markdown:
        return OwnWords("", Markup())
    html = render(markdown, base_url, lambda _path: None)
    # A letter stands on no site: what leads to this one says so in full.
    html = re.sub(r'(<a [^<>]*href=")/(?!/)', rf"\g<1>{base_url}/", html)
    return OwnWords(from_html(html), Markup(html))  # noqa: S704  # render lets nothing through that could run


def _last_sequence(registration: Registration) -> int | None:
    """The SEQUENCE of the last calendar file that went out; None when there was none."""
    session = object_session(registration)
    assert session is not None, "only who just signed up is not there yet"  # noqa: S101
    return session.scalar(select(func.max(Letter.sequence)).where(Letter.registration_id == registration.id))


def localise(environment: Environment) -> None:
    """Give a template environment the words of the language in force and the filters that write as people do."""
    environment.add_extension("jinja2.ext.i18n")
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        i18n.gettext, i18n.ngettext, newstyle=True, pgettext=i18n.pgettext, npgettext=i18n.npgettext
    )
    environment.filters.update(
        when=words.when,
        hours=words.hours,
        price_words=words.price,
        places_words=words.places,
        money=words.money,
        day=words.day,
        month_year=words.month_year,
        month_short=words.month_short,
        weekday_short=words.weekday_short,
        iban=shown_iban,
        communication=written_communication,
    )


@cache
def _template(*names: str) -> Template:
    """The first of these that there is. Found once: Jinja looks on the disk each time for one that is not there."""
    return _templates().select_template(names)


@cache
def _templates() -> Environment:
    # Plain text is not escaped, the HTML part is.
    environment = Environment(
        loader=FileSystemLoader(resource("templates") / "mail"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    localise(environment)
    return environment
