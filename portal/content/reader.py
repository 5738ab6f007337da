"""One event file: bytes in, an ``Event`` and its problems out. Never an exception, whatever the bytes."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal, cast, get_args
from urllib.parse import quote

from portal.content import frontmatter
from portal.content.correspondence import read_own_words, read_reminder
from portal.content.costly import LONGEST, check_cost
from portal.content.decoding import decode, without_tabs
from portal.content.event import Event, Notify, Registration, Status, Waitlist
from portal.content.fields import NO, Fields
from portal.content.findings import Findings, shown
from portal.content.frontmatter import FrontMatter, Unreadable
from portal.content.links import check_text, host_of, is_web_address, local_path, without_code
from portal.content.price import price_in_text, written
from portal.content.problems import Edit, Problem
from portal.content.programme import (
    MOST_PLACES,
    check_period,
    read_capacity,
    read_materials,
    read_questions,
    read_sessions,
    read_tickets,
)
from portal.content.site import Site
from portal.content.slugs import Naming, from_name, safe
from portal.content.summary import first_paragraph
from portal.content.times import NotATime, read_moment
from portal.content.title import read_title
from portal.i18n import LANGUAGES

SIGNUP_KEYS = (
    "capacity", "tickets", "sessions", "questions", "signup_opens", "signup_closes", "waitlist", "max_party", "minimum",
)  # fmt: skip
"""Keys that only make sense with a sign-up."""
KEYS = (
    "title", "date", "end_date", "item_theme_logo_url", "location", "location_link", "language", "anchor",
    "registration_link", "slug", "status", "summary", "registration", "price", *SIGNUP_KEYS, "contact", "materials",
    "letters", "reminder", "notify",
)  # fmt: skip

_OTHER_WORDS = {
    "titel": "title", "titre": "title", "datum": "date", "start_date": "date", "startdatum": "date",
    "einddatum": "end_date", "enddate": "end_date", "locatie": "location", "plaats": "location", "lieu": "location",
    "taal": "language", "langue": "language", "prijs": "price", "prix": "price", "preis": "price",
    "capaciteit": "capacity", "inschrijvingslink": "registration_link",
}  # fmt: skip
_LANGUAGE_NAMES = {"nederlands": "nl", "dutch": "nl", "engels": "en", "english": "en", "frans": "fr", "french": "fr",
                   "français": "fr", "duits": "de", "german": "de", "deutsch": "de"}  # fmt: skip
_ONLINE = re.compile(
    r"online(?:\s+(?:in|via|op|on|met|with|sur|über|per|bij)\b|\s*[(,:;/–-]\s)", re.IGNORECASE
)
_NO_DAY = datetime.max.replace(tzinfo=UTC)
"""Stands for a day that is wrong, so that whatever else is wrong in the file is found too."""


@dataclass(frozen=True)
class Reading:
    """What a file says. ``event`` is None when any problem is an error.

    The problems' lines and edits refer to ``text``: the file's characters without what editors put in
    unseen. ``source`` is the file itself, ``naming`` where the event's slug stands.
    """

    event: Event | None
    problems: tuple[Problem, ...]
    text: str
    source: bytes = b""
    naming: Naming = field(default_factory=Naming)


def read(source: bytes, path: str, site: Site, has_image: Callable[[str], bool] = lambda _: True) -> Reading:
    """The event in the bytes of the file at ``path``, which is relative to the content folder.

    ``has_image`` tells whether there is an image at a path below ``images/``.
    """
    findings = Findings(path)
    text = decode(source, findings)
    if text is None:
        return Reading(None, findings.in_order(), "", source)
    text = without_tabs(text, findings)
    try:
        front = frontmatter.read(text)
    except Unreadable as error:
        findings.error(error.line, error.what, error.mend)
        return Reading(None, findings.in_order(), text, source)
    for repair in front.repairs:
        findings.warning(repair.line, repair.what, repair.mend)
    event, naming = _File(front, path, site, has_image, findings).read()
    return Reading(None if findings.refused else event, findings.in_order(), front.text, source, naming)


class _File:
    """The reading of one file whose front matter is known."""

    def __init__(
        self, front: FrontMatter, path: str, site: Site, has_image: Callable[[str], bool], findings: Findings
    ) -> None:
        self.front, self.path, self.site = front, path, site
        self.has_image, self.findings = has_image, findings
        self.text = front.text
        self.shown = front.text[front.body :].strip()
        self.body = without_code(front.text[front.body : front.body + LONGEST])
        self.own_host = host_of(site.url)
        removable = None if front.mapping.flow else front.text
        self.fields = Fields(front.mapping, findings, text=removable)

    def read(self) -> tuple[Event, Naming]:
        """The event, as far as it can be known: with an error there is something in it that nobody wrote."""
        self._check_opening()
        self.fields.known_only(KEYS, also=_OTHER_WORDS, strict=False)
        title, status, sold_out = self._title_and_status()
        starts, ends = self._times()
        slug, naming = self._slug()
        location, online, location_link = self._location()
        registration, registration_link = self._registration()
        check_cost(self.shown, self.front.lines[self.front.body], self.findings)
        check_text(self.body, self.front.body, self.front.lines, self.findings, self.has_image, self.own_host)
        sessions = read_sessions(self.fields)
        tickets = read_tickets(self.fields, sessions, self.site.timezone)
        price, price_in_text = self._price(any(ticket.price is not None for ticket in tickets))
        event = Event(
            slug=slug, title=title, starts=starts or _NO_DAY, ends=ends, path=self.path,
            text=self.shown,
            summary=self.fields.text("summary") or first_paragraph(self.body), language=self._language(),
            status=status, sold_out=sold_out, location=location, online=online, location_link=location_link,
            logo=self._logo(), registration=registration, registration_link=registration_link, price=price,
            price_in_text=price_in_text, sessions=sessions,
            tickets=tuple(t if t.price is not None else replace(t, price=price) for t in tickets),
        )  # fmt: skip
        return self._with_signup(event), naming

    def _with_signup(self, event: Event) -> Event:
        """The event with what its sign-up form and list need."""
        zone, fields = self.site.timezone, self.fields
        opens = fields.moment("signup_opens", zone)
        closes = fields.moment("signup_closes", zone, until=True)
        check_period(fields, opens, closes, event.starts)
        capacity, minimum = read_capacity(fields), fields.number("minimum", 1, MOST_PLACES)
        if capacity is not None and minimum is not None and minimum > capacity:
            fields.wrong("minimum", f"more than `capacity` ({minimum} and {capacity})", "lower it")
        return replace(
            event,
            capacity=capacity,
            signup_opens=opens,
            signup_closes=closes,
            waitlist=cast("Waitlist", fields.choice("waitlist", get_args(Waitlist), "auto")),
            max_party=fields.number("max_party", 1, 100) or Event.max_party,
            questions=read_questions(fields),
            minimum=minimum,
            contact=fields.address("contact"),
            materials=read_materials(fields),
            letters=read_own_words(fields),
            reminder=read_reminder(fields),
            notify=cast("Notify", fields.choice("notify", get_args(Notify), self.site.notify)),
        )

    def _check_opening(self) -> None:
        lead = len(self.text) - len(self.text.lstrip())
        if lead:
            self.findings.warning(
                1,
                "the front matter does not begin on the first line",
                "take away what is above it",
                Edit(0, lead, ""),
            )

    def _added(self, line: str) -> tuple[Edit, ...]:
        """The edit that adds a line at the end of the front matter, as far to the right as its first key."""
        mapping, end = self.front.mapping, self.front.end
        if mapping.flow:
            return ()
        first = mapping.entries[0].key.start if mapping.entries else 0
        indent = " " * (first - self.text.rfind("\n", 0, first) - 1)
        return (Edit(end, end, f"{indent}{line}\n"),)

    def _title_and_status(self) -> tuple[str, Status, bool]:
        written_title = self.fields.text("title", 300)
        if not written_title and not self.fields.found_wrong("title"):
            self.findings.error(
                self.fields.line_of("title"), "`title` is missing", "add a line like title: My event"
            )
        heading = read_title(written_title)
        word = self.fields.choice("status", (*get_args(Status), "full"), "published")
        hidden = self.fields.scalar_or_group("published")
        if (
            "status" not in self.fields
            and isinstance(hidden, frontmatter.Scalar)
            and hidden.text.casefold() in NO
        ):
            word = "draft"
        if heading.says:
            says = "cancelled" if "cancelled" in (heading.says, word) else heading.says
            edits = () if word == "draft" else self._status_edits(heading.prefix, says)
            self.findings.warning(
                self.fields.line_of("title"),
                f"the title begins with {shown(heading.prefix)}",
                f"take that away and write status: {says}",
                *edits,
            )
        sold_out = word == "full" or heading.says == "full"
        if word == "draft":
            return heading.title, "draft", sold_out
        cancelled = "cancelled" in (word, heading.says)
        return heading.title, "cancelled" if cancelled else "published", sold_out

    def _status_edits(self, prefix: str, says: str) -> tuple[Edit, ...]:
        title = self.fields.scalar("title")
        if title is None:
            return ()
        start, end = title.inside
        if not self.text[start:end].startswith(prefix):
            return ()
        away = Edit(start, start + len(prefix), "")
        status = self.fields.scalar("status")
        if status is None:
            added = self._added(f"status: {says}")
            return (away, *added) if added else ()
        if status.text.strip().casefold() == says:
            return (away,)
        return away, *status.rewritten(says)

    def _times(self) -> tuple[datetime | None, datetime | None]:
        zone, fields = self.site.timezone, self.fields
        starts = fields.moment("date", zone, seconds=True)
        ends = fields.moment("end_date", zone, seconds=True, until=True)
        if "date" not in fields:
            self.findings.error(
                fields.line_of("date"), "`date` is missing", "add a line like date: 2027-01-31T13:00:00"
            )
        if starts is None:
            return None, ends
        named = re.match(r"\d{4}-\d{2}-\d{2}(?!\d)", PurePosixPath(self.path).name)
        if named and named[0] != starts.date().isoformat():
            self.findings.warning(
                fields.line_of("date"),
                f"the file's name says {named[0]}, its date is {starts.date().isoformat()}",
                "rename the file, or mend the date",
            )
        if ends is not None and ends < starts:
            ends = self._end_in_year_of(starts)
        return starts, ends

    def _end_in_year_of(self, starts: datetime) -> datetime | None:
        """An end before the start is a year typed wrongly, when with the right year it comes after."""
        value = self.fields.scalar("end_date")
        year = re.search(r"\d{4}", value.text) if value else None
        meant = None
        if value and year:
            text = value.text.replace(year[0], str(starts.year), 1)
            with suppress(NotATime):
                meant = read_moment(text, self.site.timezone, seconds=True).over
        if value is None or year is None or meant is None or meant < starts:
            self.fields.wrong("end_date", "before `date`", "give the moment at which it ends")
            return None
        at = self.text.find(year[0], *value.inside)
        edits = (Edit(at, at + 4, str(starts.year)),) if at >= 0 else ()
        self.findings.warning(
            value.line, f"`end_date` is in {year[0]}, before `date`", f"write the year {starts.year}", *edits
        )
        return meant

    def _slug(self) -> tuple[str, Naming]:
        for key in ("slug", "anchor"):
            value = self.fields.scalar(key)
            if value is None or not value.text.strip():
                continue
            name = value.text.strip()
            slug = safe(name)
            if not slug:
                self.findings.warning(value.line, f"`{key}` is {shown(name)}", "use letters, digits, - and _")
                continue
            if slug != name:
                self.findings.warning(
                    value.line, f"`{key}` is {shown(name)}", f"write {slug}", *value.rewritten(slug)
                )
            source: Literal["slug", "anchor"] = "slug" if key == "slug" else "anchor"
            return slug, Naming(source, value.line, *(value.inside if value.rewritten(slug) else (0, 0)))
        return from_name(self.path), Naming()

    def _location(self) -> tuple[str, bool, str]:
        fields = self.fields
        link = fields.link("location_link", needed=False)
        place, line = fields.text("location"), fields.line_of("location")
        if not place:
            if fields.is_written("location") and not isinstance(
                fields.scalar_or_group("location"), (frontmatter.Sequence, frontmatter.Mapping)
            ):
                self.findings.warning(line, "`location` is empty", "write where it is, or online")
            return "", False, link
        if is_web_address(place):
            self.findings.warning(
                line, "`location` is a web address", "write where it is, and move it to location_link"
            )
            return "", False, link or place
        if place.casefold().rstrip(".") == "online":
            return "", True, link
        return place, _ONLINE.match(place) is not None, link

    def _logo(self) -> str:
        value = self.fields.scalar("item_theme_logo_url")
        if value is None or not value.text.strip():
            return ""
        address = value.text.strip()
        path = local_path(address, self.own_host)
        if path is None:
            self.findings.warning(
                value.line,
                f"`item_theme_logo_url` {shown(address)} is on another host, and is left out",
                "put the file below images/ and point to it there",
            )
            return ""
        if not self.has_image(path):
            self.findings.warning(
                value.line,
                f"`item_theme_logo_url` {shown(address)} is not there",
                "put the file below images/, or take the line away",
            )
            return ""
        return f"/images/{quote(path)}"

    def _registration(self) -> tuple[Registration, str]:
        fields = self.fields
        link = fields.link("registration_link")
        default = ""
        if link:
            replaced = host_of(link) in self.site.replaces_registration_hosts
            default = "portal" if replaced else "external"
        elif any(key in fields for key in SIGNUP_KEYS):
            default = "portal"
        chosen = fields.choice(
            "registration", get_args(Registration), default or self.site.default_registration
        )
        if chosen == "external" and not link:
            fields.wrong("registration", "external, without `registration_link`", "add the link")
        return cast("Registration", chosen), link

    def _language(self) -> str:
        value = self.fields.scalar("language")
        word = value.text.strip() if value else ""
        if value is None or not word:
            return self.site.languages[0]
        folded = word.casefold()
        meant = _LANGUAGE_NAMES.get(folded) or re.split(r"[-_]", folded)[0]
        if word in LANGUAGES:
            return word
        if meant in LANGUAGES:
            self.findings.warning(
                value.line, f"`language` is {shown(word)}", f"write {meant}", *value.rewritten(meant)
            )
            return meant
        self.findings.warning(
            value.line, f"`language` {shown(word)} is not known", f"write one of {', '.join(LANGUAGES)}"
        )
        return self.site.languages[0]

    def _price(self, tickets_have_prices: bool) -> tuple[int | None, bool]:
        """The price of the key, else of the text, and whether the text says more than one plain price."""
        if "price" in self.fields:
            return self.fields.price(), False
        found = None if tickets_have_prices else price_in_text(self.body)
        if found is None:
            return None, False
        line = self.front.lines[self.front.body] + found.row
        if found.cents is None:
            self.findings.warning(
                line,
                "the text says a price in more words than one amount",
                "add `price`, or `tickets` with their prices",
            )
            return None, True
        said = written(found.cents)
        self.findings.warning(
            line, "the price is in the text only", f"add price: {said}", *self._added(f"price: {said}")
        )
        return found.cents, False
