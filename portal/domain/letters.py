"""Letters: what is written to a registrant, in their language, and put in the outbox.

A letter is rendered in the transaction of what it is about, so that it says what was true then. The
registrant's link is a key: where it goes, the stored text has a mark, and it is put in while sending.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from portal import i18n, resource
from portal.content.event import Event
from portal.content.site import Site
from portal.domain import words
from portal.domain.addresses import deliverable
from portal.storage.models import Letter, Registration

LINK_MARK = "{registration-link}"


@dataclass(frozen=True)
class LetterWriter:
    """Writes the letters about one event, whose file may be gone; ``base_url`` is the portal's address."""

    slug: str
    event: Event | None
    site: Site
    base_url: str
    now: datetime

    def __call__(self, registration: Registration, kind: str) -> Letter:
        """The letter of a kind (a folder in ``templates/mail``), ready for the outbox."""
        with i18n.speaking(registration.language):
            text = {
                part: _templates().get_template(f"{kind}/{part}").render(self._context(registration))
                for part in ("subject.txt", "body.txt", "body.html")
            }
        return Letter(
            registration=registration,
            kind=kind,
            language=registration.language,
            recipient=deliverable(registration.email),
            reply_to=self._contact,
            # RFC 5322, 3.6.4: unique by chance on the left, by our host on the right.
            message_id=f"<{secrets.token_hex(16)}@{urlsplit(self.base_url).hostname or 'localhost'}>",
            subject=" ".join(text["subject.txt"].split()),
            text=text["body.txt"].strip() + "\n",
            html=text["body.html"],
            created_at=self.now,
            due_at=self.now,
        )

    def _context(self, registration: Registration) -> dict[str, object]:
        return {
            "registration": registration,
            "event": self.event,
            "site": self.site,
            "event_url": f"{self.base_url}/events/{self.slug}",
            "link": LINK_MARK,
            "contact": self._contact,
            "language": registration.language,
        }

    @property
    def _contact(self) -> str:
        return (self.event.contact if self.event else "") or self.site.contact


def with_link(text: str, link: str) -> str:
    """The letter's text as it is sent."""
    return text.replace(LINK_MARK, link)


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
    )


@lru_cache
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
