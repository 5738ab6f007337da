"""Attacks on the links in letters: marks that somebody types, so that the postman makes a key of them."""

from collections.abc import Callable
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from portal.domain import letter_keys, mailings
from portal.formats import mail
from portal.storage.models import Registration
from portal.worker import Clerk, Postman
from tests.support.outbox import letters, sign_up, writer
from tests.support.portal import SECRET, PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def sent(portal: PortalUnderTest, folder: Path) -> dict[str, str]:
    """All that leaves, with what is told to organisers: the words of both parts, by recipient and subject."""
    catalogue = portal.app.extensions["portal"].catalogue
    Clerk(portal.engine, catalogue, "http://localhost").write_due(portal.clock.now)
    way, sender = mail.Folder(folder), mail.Sender("Leraars", "info@leraars.example")
    Postman(portal.engine, way, sender, "http://localhost", (SECRET,)).send_due(portal.clock.now)
    read = [BytesParser(policy=policy.default).parsebytes(file.read_bytes()) for file in folder.glob("*.eml")]
    return {
        f"{one['To']}: {one['Subject']}": "".join(
            part.get_content() for part in one.walk() if part.get_content_maintype() == "text"
        )
        for one in read
    }


@ONLY_SQLITE
def test_who_reads_the_outbox_cannot_have_a_letter_make_a_key_of_what_is_typed(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal()
    portal.organiser("boss@school.example")
    visitor = portal.visitor()
    visitor.submit(visitor.get("/admin/forgot"), {"email": "boss@school.example"})
    portal.answer_asked()
    (reset,) = letters(portal, "reset")
    stolen = letter_keys.MARK.search(reset.text)
    assert stolen is not None
    mark, token = stolen[0], stolen[2]
    marks = f"{mark} {{account-link:{token}}} {{address-link:{token}}} {{registration-link}}"
    portal.write(
        {
            "nascholing": event_file(
                notify="each",
                title=f'"Leren {mark}"',
                letters=f'{{confirmed: "Breng mee: {mark} {{account-link:{token}}}"}}',
                location=f'"Gent {mark}"',
            )
        }
    )
    portal.reread()
    sign_up(portal, first_name=mark, last_name=f"{{account-link:{token}}}", remarks=marks)
    left = sent(portal, tmp_path)
    assert [text.count(mark) > 4 for text in left.values()].count(True) == 2, (
        "two letters say it, as it was typed"
    )
    keys = {letter: text for letter, text in left.items() if "/admin/link/" in text}
    assert [letter.partition(":")[0] for letter in keys] == ["boss@school.example"]


@ONLY_SQLITE
def test_a_name_of_braces_gives_organisers_no_registrants_key(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal({"nascholing": event_file(notify="each")})
    mark = "{registration-link}"
    sign_up(portal, first_name=mark, last_name="{registration-link::" + "0" * 32 + "}", remarks=mark)
    left = sent(portal, tmp_path)
    opened = {letter.partition(":")[0] for letter, text in left.items() if "/registrations/" in text}
    assert opened == {"emma@school.example"}, "who signed up, and not the organisers"


@ONLY_SQLITE
def test_a_mailing_makes_links_of_what_is_asked_for_and_of_no_name(make_portal: MakePortal) -> None:
    portal = make_portal()
    name = f"{letter_keys.mark('account-link', 'abc')} {{account-link:abc}} {{link}}".replace(
        letter_keys.BEING_WRITTEN, "0" * 32
    )
    registration = sign_up(portal, first_name="Emma", last_name=name[:100])
    with portal.session() as session:
        registered = session.get_one(Registration, registration)
        text = "Dag {last_name}, {account-link:abc}, https://registration.invalid/, zie [hier]({link})."
        letter = mailings.draft(writer(portal), registered, "Dag {last_name}", text)
        shown = letter_keys.with_links(letter, letter.html, "http://localhost", (SECRET,))
    assert "/admin/link/" not in shown
    assert shown.count("/registrations/") == letter.html.count("{registration-link::") == 2, (
        "hier, and the frame"
    )
