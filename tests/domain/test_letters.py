"""What letters say, to whom, and which entry they leave in a calendar."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from portal.domain import changes, letter_keys
from portal.domain.changes import Change
from portal.domain.letters import LINK_MARK, masked, own_words
from portal.domain.signup import Person
from portal.storage.models import Attendee, Letter, Registration
from tests.support.outbox import at_the_desk, entry, letters, method, sign_up, writer
from tests.support.pages import check_page
from tests.support.portal import PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
LANGUAGES = ("nl", "en", "fr", "de")
SITE = "name: Leraars Leren\ncontact: info@leraars.example\nlanguages: [nl, en, fr, de]\n"


def draft(portal: PortalUnderTest, registration_id: int, kind: str, **words: Any) -> Letter:
    """A letter that is not kept."""
    with portal.session() as session:
        registration = session.get_one(Registration, registration_id)
        return writer(portal)(registration, kind, **words)


def test_an_invitation_is_what_rfc_5546_asks_for(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    (letter,) = letters(portal)
    shown = entry(letter)
    assert method(letter) == "REQUEST"
    assert shown["organizer"] == "mailto:info@leraars.example"
    assert shown["organizer"].params["CN"] == "Leraars Leren"
    assert shown["attendee"] == "mailto:emma@school.example"
    assert {name: str(value) for name, value in shown["attendee"].params.items()} == {
        "CN": "Emma Peeters",
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "ACCEPTED",
        "RSVP": "FALSE",
    }
    assert shown.decoded("dtstart") == datetime(2027, 2, 3, 12, 30, tzinfo=UTC)
    assert (shown["sequence"], shown["status"], shown["location"]) == (0, "CONFIRMED", "De Krook, Gent")
    assert shown.decoded("dtstamp") == portal.clock.now
    assert "{registration-link" not in letter.calendar
    assert "/registrations/" not in letter.calendar


def test_each_later_invitation_replaces_the_one_of_before(make_portal: MakePortal) -> None:
    portal = make_portal()
    registration = sign_up(portal, "en", "Noor")
    with at_the_desk(portal) as desk:
        changes.change(desk, registration, Change(people={1: Person("Lies", "De Smet")}))
    with at_the_desk(portal) as desk:
        changes.cancel(desk, registration)
    carried = [letter for letter in letters(portal) if letter.calendar]
    assert [(letter.kind, method(letter)) for letter in carried] == [
        ("confirmed", "REQUEST"),
        ("changed", "REQUEST"),
        ("cancelled", "CANCEL"),
    ]
    assert [letter.sequence for letter in carried] == [int(entry(letter)["sequence"]) for letter in carried]
    assert [letter.sequence for letter in carried] == [0, 1, 2]
    assert len({str(entry(letter)["uid"]) for letter in carried}) == 1
    assert entry(carried[-1])["status"] == "CANCELLED"


def test_who_waits_has_nothing_in_the_calendar_until_a_place_comes_free(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    first = sign_up(portal)
    sign_up(portal, email="noor@school.example")
    waiting = sign_up(portal, email="lies@school.example")
    with at_the_desk(portal) as desk:
        changes.cancel(desk, waiting)
    with at_the_desk(portal) as desk:
        changes.cancel(desk, first)
    told = [
        (letter.recipient.partition("@")[0], letter.kind, bool(letter.calendar)) for letter in letters(portal)
    ]
    assert told == [
        ("emma", "confirmed", True),
        ("noor", "waitlisted", False),
        ("lies", "waitlisted", False),
        ("lies", "cancelled", False),
        ("emma", "cancelled", True),
        ("noor", "promoted", True),
    ]


def test_a_colleague_who_cancels_leaves_the_contacts_calendar_alone(make_portal: MakePortal) -> None:
    portal = make_portal()
    registration = sign_up(portal, "en", "Noor")
    with at_the_desk(portal) as desk:
        changes.cancel(desk, registration, [1])
    assert not letters(portal, "cancelled")[0].calendar
    other = sign_up(portal, "en", "Wout", email="lies@school.example")
    with at_the_desk(portal) as desk:
        changes.cancel(desk, other, [0])
    assert method(letters(portal, "cancelled")[1]) == "CANCEL"


def test_an_event_without_an_address_still_has_an_organizer(make_portal: MakePortal) -> None:
    portal = make_portal(site="name: Leraars Leren\nlanguages: [nl, en]\n")
    sign_up(portal)
    assert entry(letters(portal)[0])["organizer"] == "mailto:portal@localhost"


def test_a_registration_whose_event_file_is_gone_is_still_taken_out_of_the_calendar(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    registration = sign_up(portal)
    (portal.content / "events" / "nascholing.md").unlink()
    portal.reread()
    with at_the_desk(portal) as desk:
        changes.cancel(desk, registration)
    letter = letters(portal, "cancelled")[0]
    assert (method(letter), entry(letter)["summary"]) == ("CANCEL", "Nascholing")


def test_who_comes_instead_hears_from_whom_and_gets_no_key(make_portal: MakePortal) -> None:
    portal = make_portal()
    registration = sign_up(portal, "en", "Noor")
    with at_the_desk(portal) as desk:
        newcomer = Person("Lies", "De Smet", "lies@school.example")
        changes.change(desk, registration, Change(people={1: newcomer}))
    (welcome,) = letters(portal, "welcome")
    assert welcome.recipient == "lies@school.example"
    for part in (welcome.text, welcome.html):
        assert "Hello Lies" in part
        assert "Emma Peeters" in part
        assert "Wednesday 3 February 2027" in part
        assert "http://localhost/privacy" in part
        assert "{registration-link" not in part
        assert "/registrations/" not in part
        assert "Noor" not in part
    assert entry(welcome)["attendee"] == "mailto:lies@school.example"
    assert not welcome.facts


def test_a_new_address_is_asked_whether_it_is_right_and_told_nothing_else(make_portal: MakePortal) -> None:
    portal = make_portal()
    registration = sign_up(portal)
    asked = draft(
        portal,
        registration,
        "address",
        recipient="new@school.example",
        confirm_url=letter_keys.mark("address-link", "xyz"),
    )
    assert asked.recipient == "new@school.example"
    for part in (asked.text, asked.html):
        assert letter_keys.bound(letter_keys.mark("address-link", "xyz"), asked.message_id) in part
        assert "xyz" not in masked(part, "[a link]"), "organisers read letters too"
        assert "{registration-link" not in part
        assert "ignore this mail" in part
        assert "Emma" not in part
    assert not asked.calendar


@pytest.mark.parametrize(
    ("by", "says"),
    [("registrant", "as you asked"), ("organiser", "Is that a mistake?"), ("event", "does not take")],
)
def test_a_cancellation_says_whose_doing_it_is(make_portal: MakePortal, by: str, says: str) -> None:
    portal = make_portal()
    registration = sign_up(portal)
    letter = draft(portal, registration, "cancelled", by=by)
    assert says in letter.text
    assert says in letter.html
    assert ("as you asked" in letter.text) == (by == "registrant")


def test_a_party_that_gets_its_places_is_spoken_to_as_one(make_portal: MakePortal) -> None:
    portal = make_portal()
    party, alone = sign_up(portal, "en", "Noor"), sign_up(portal, email="lies@school.example")
    assert "2 places came free" in draft(portal, party, "promoted").text
    assert "a place came free and it is yours" in draft(portal, alone, "promoted").text


def test_an_events_own_words_stand_in_both_parts_and_cannot_run(make_portal: MakePortal) -> None:
    words = (
        '"**Breng mee:** een [laptop](/events/nascholing).\\n\\n- lader\\n- <script>alert(1)</script>muis"'
    )
    portal = make_portal({"nascholing": event_file(letters=f"{{confirmed: {words}}}")})
    registration = sign_up(portal)
    (letter,) = letters(portal)
    assert "Breng mee: een laptop (http://localhost/events/nascholing).\n\n- lader\n- muis" in letter.text
    assert '<strong>Breng mee:</strong> een <a href="http://localhost/events/nascholing"' in letter.html
    assert "alert" not in letter.html
    assert "Breng mee" not in draft(portal, registration, "promoted").text


def test_names_are_escaped_in_the_html_part_only(make_portal: MakePortal) -> None:
    portal = make_portal()
    registration = sign_up(portal, "en", "<b>Noor</b>", first_name="Jo & <i>An</i>")
    with portal.session() as session:
        people = session.scalars(select(Attendee).order_by(Attendee.position)).all()
        registered = session.get_one(Registration, registration)
        made = [
            writer(portal)(registered, "confirmed"),
            writer(portal)(registered, "welcome", recipient="a@b.example", person=people[1]),
            writer(portal).to_organisers("notice", registered, who=people[0].full_name),
        ]
    for letter in made:
        assert "Jo & <i>An</i>" in letter.text
        assert "<i>" not in letter.html
        assert "<b>" not in letter.html


KINDS: dict[str, dict[str, Any]] = {
    "confirmed": {},
    "waitlisted": {},
    "promoted": {},
    "changed": {},
    "cancelled": {"by": "event"},
    "link": {"why": "again"},
    "welcome": {"recipient": "lies@school.example"},
    "address": {"recipient": "new@school.example", "confirm_url": letter_keys.mark("address-link", "xyz")},
    "reminder": {},
    "practical": {"was": None},
    "after": {},
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_letter_is_whole_in_every_language(make_portal: MakePortal, language: str) -> None:
    keys = {"price": 65, "materials": "[{label: Notebook, url: 'https://example.org/nb', from: end}]"}
    portal = make_portal({"nascholing": event_file(**keys)}, site=SITE)
    registration = sign_up(portal, language, "Noor", remarks="Eén vraag.")
    with portal.session() as session:
        registered = session.get_one(Registration, registration)
        write = writer(portal)
        words = {kind: dict(given) for kind, given in KINDS.items()}
        words["welcome"]["person"] = registered.attendees[1]
        made = [write(registered, kind, **given) for kind, given in words.items()]
        made.append(write.to_organisers("notice", registered, who="Emma Peeters"))
        since = portal.clock.now
        new = [("Emma Peeters", "Sint-Jozef", "waitlisted")]
        made.append(write.to_organisers("digest", people=1, since=since, new=new, more=3))
    for letter in made:
        assert letter.subject, letter.kind
        assert len(letter.subject) < 200
        page = check_letter(letter.html)
        for part in (letter.text, page):
            assert "{{" not in part, letter.kind
            assert "%(" not in part, letter.kind
            assert "Leraars Leren" in part
        assert "\n\n\n\n" not in letter.text
        assert not letter.text.startswith("\n")


def check_letter(html: str) -> str:
    """The letter's HTML, which has to be a sound document; styles have to be inline, for mail programs want that."""
    assert "<img" not in html
    assert any(lead in html for lead in ("http://localhost", "{registration-link:", "{address-link:"))
    whole = html.replace("<style>", "<!--").replace("</style>", "-->")
    whole = whole.replace("<body style=", "<body data-style=").replace(" style=", " data-style=")
    check_page(
        whole.replace('<div data-style="max', '<main data-style="max').replace(
            "</div>\n</body>", "</main>\n</body>"
        )
    )
    return html


def test_what_opens_or_proves_something_is_masked_for_organisers() -> None:
    text = f"See:\n{LINK_MARK}\nor {LINK_MARK}/cancel and https://x.example/addresses/abc.d?e=1\nBye"
    assert masked(text, "[link]") == "See:\n[link]\nor [link] and [link]\nBye"


def test_an_address_of_this_site_in_own_words_is_whole_and_of_another_left_alone() -> None:
    words = own_words("[a](/x) [b](https://other.example/y) [c](//other.example/z)", "https://p.example")
    assert 'href="https://p.example/x"' in words.html
    assert 'href="https://other.example/y"' in words.html
    assert "p.example//other" not in words.html
