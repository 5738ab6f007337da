"""Adding people from a file, as an organiser goes about it."""

import zipfile
from collections.abc import Callable
from hashlib import sha512
from io import BytesIO

import pytest
from openpyxl import Workbook
from sqlalchemy import select

from portal.app import LARGEST_FORM
from portal.domain.attendees import Filters, workbook
from portal.formats import tables
from portal.storage.models import Attendee, Letter, Registration
from tests.support.events import BRUSSELS
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
URL = "/admin/events/nascholing/import"
LIST = "/admin/events/nascholing/attendees"
FORMS = (
    "Tijdstempel,E-mailadres,Naam,Wat eet je?,School\n"
    "3/01/2027 10:00:00,emma@x.example,Emma Peeters,vegan,GO! Atheneum\n"
    "3/01/2027 10:05:00,noor@x.example,Noor Van den Broeck,,Sint-Jozef\n"
)
QUESTIONS = "[{name: diet, label: Dieet, each: true}]"
TICKETS = "[{id: full, label: Volledige dag}, {id: am, label: Voormiddag}]"


def paste(organiser: Visitor, text: str) -> Answer:
    return organiser.submit(organiser.get(URL), {"pasted": text})


def upload(organiser: Visitor, data: bytes, name: str = "list.xlsx", url: str = URL) -> Answer:
    token = organiser.get(URL).form()["csrf_token"]
    # By hand: Werkzeug's client leaves the file open in which it lays a large form.
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n'
    body = part % (b"csrf_token", str(token).encode()) + file % (name.encode(), data) + b"--x--\r\n"
    return organiser._ask("POST", url, data=body, content_type="multipart/form-data; boundary=x")


def names(portal: PortalUnderTest) -> list[tuple[str, str, str]]:
    with portal.session() as session:
        people = session.scalars(select(Attendee).order_by(Attendee.registration_id, Attendee.position))
        return [(one.first_name, one.last_name, one.status) for one in people]


def test_pasted_people_are_seen_corrected_and_added(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS)})
    organiser = portal.organiser()
    page = paste(organiser, FORMS)
    assert page.status == 200
    assert [page.form()[f"column-{n}"] for n in range(5)] == ["", "email", "full_name", "", "school"]
    assert "Van den Broeck" in page.text
    assert names(portal) == []

    page = organiser.submit(page, {"column-3": "answer:diet"}, press="Look again")
    assert "vegan" in page.words("section[aria-labelledby=first] tbody tr")[0]
    done = organiser.submit(page, press="Add 2 people")
    assert done.status == 303
    shown = organiser.follow(done)
    assert "2 people got a place." in shown.text
    assert shown.find(f'main a[href="{LIST}"]')
    assert names(portal) == [("Emma", "Peeters", "confirmed"), ("Noor", "Van den Broeck", "confirmed")]
    assert "vegan" in organiser.get(LIST).text
    with portal.session() as session:
        assert session.scalars(select(Letter.id)).all() == []
        assert set(session.scalars(select(Registration.language))) == {"nl"}


def test_the_same_list_again_adds_nobody(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    organiser.submit(paste(organiser, FORMS), press="Add 2 people")
    page = paste(organiser, FORMS)
    assert "is registered already" in page.text
    assert "There is nobody to add." in page.text
    again = organiser.submit(page, press="Look again")
    assert not again.find('button[name="add"]')
    assert len(names(portal)) == 2


def test_pressing_twice_adds_once_and_says_how_it_is_now(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    page = paste(organiser, FORMS)
    assert organiser.submit(page, press="Add 2 people").status == 303
    second = organiser.submit(page, press="Add 2 people")
    assert second.status == 409
    assert "is registered already" in second.text
    assert len(names(portal)) == 2


def test_letters_go_only_when_asked(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    organiser.submit(paste(organiser, FORMS), {"letter": "y"}, press="Add 2 people")
    with portal.session() as session:
        assert session.scalars(select(Letter.recipient).order_by(Letter.id)).all() == [
            "emma@x.example",
            "noor@x.example",
        ]


def test_a_row_that_cannot_be_added_holds_all_until_it_is_left_out(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    page = paste(organiser, FORMS + ",lies@,Lies Maes,,\n")
    assert "Row 4 Lies Maes: “lies@” is not an e-mail address." in page.text
    refused = organiser.submit(page, press="Add 2 people")
    assert refused.status == 422
    assert names(portal) == []
    assert organiser.submit(refused, {"leave_out": "y"}, press="Add 2 people").status == 303
    assert len(names(portal)) == 2


def test_places_over_capacity_are_seen_before_they_are_given(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    organiser = portal.organiser()
    page = paste(organiser, FORMS)
    assert "comes on the waiting list" in page.text
    changed = organiser.submit(page, {"over_capacity": "y"}, press="Add 2 people")
    assert changed.status == 409
    assert "gets a place, over capacity" in changed.text
    assert organiser.submit(changed, press="Add 2 people").status == 303
    assert [status for *_name, status in names(portal)] == ["confirmed", "confirmed"]


def test_who_names_no_ticket_gets_the_one_that_is_chosen_for_them(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(tickets=TICKETS)})
    organiser = portal.organiser()
    page = paste(organiser, "Naam,Ticket\nEmma,voormiddag\nNoor,VIP\n")
    assert "“VIP” is not a ticket of this event." in page.text
    page = organiser.submit(page, {"ticket": "full"}, press="Look again")
    organiser.submit(page, press="Add 2 people")
    with portal.session() as session:
        assert session.scalars(select(Attendee.ticket).order_by(Attendee.registration_id)).all() == [
            "am",
            "full",
        ]


@pytest.mark.parametrize("columns", [{"column-2": ""}, {"column-4": "email"}])
def test_columns_that_cannot_be_are_told_and_nothing_is_done(
    make_portal: MakePortal, columns: dict[str, str]
) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    answer = organiser.submit(paste(organiser, FORMS), columns, press="Add 2 people")
    assert answer.status == 422
    assert answer.find("[role=alert]")
    assert names(portal) == []


def test_what_one_portal_exports_another_event_takes_in(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    organiser = portal.organiser()
    organiser.submit(paste(organiser, FORMS), press="Add 2 people")
    book = b"".join(workbook(portal.engine, "nascholing", None, Filters(), BRUSSELS))
    page = upload(organiser, book, url="/admin/events/other/import")
    assert organiser.submit(page, press="Add 2 people").status == 303
    again = upload(organiser, organiser.get(f"{LIST}.csv").body, url="/admin/events/other/import")
    assert "There is nobody to add." in again.text
    assert [name for name, *_rest in names(portal)] == ["Emma", "Noor", "Emma", "Noor"]


def test_nothing_of_an_import_is_kept_before_it_is_confirmed(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    start = organiser.get(URL)
    with statements_of(portal) as asked:
        page = organiser.submit(start, {"pasted": FORMS})
        organiser.submit(page, press="Look again")
    assert not [one for one in asked if one.startswith(("INSERT", "UPDATE"))], asked
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_table_is_for_who_brought_it_and_for_its_event(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    page = paste(portal.organiser("an@leraars.example"), FORMS)
    bart = portal.organiser("bart@leraars.example")
    token = bart.get(URL).form()["csrf_token"]
    for url, table in (
        (URL, page.form()["table"]),
        (URL, "forged"),
        ("/admin/events/other/import", page.form()["table"]),
    ):
        answer = bart.post(f"{url}/people", {"csrf_token": token, "table": table, "add": "1"})
        assert answer.status == 400
        assert "Bring the file once more" in answer.text
    assert names(portal) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_that_was_open_for_too_long_keeps_its_list(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    stale = organiser.submit(organiser.get(URL), {"pasted": FORMS, "csrf_token": "stale"})
    assert stale.status == 400
    assert "Emma Peeters" in str(stale.form()["pasted"])
    page = organiser.submit(stale)
    assert page.status == 200
    again = organiser.submit(page, {"csrf_token": "stale"}, press="Add 2 people")
    assert again.status == 400
    assert organiser.submit(again, press="Add 2 people").status == 303


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("url", [URL, f"{URL}/done"])
def test_only_who_may_adds_people(make_portal: MakePortal, url: str) -> None:
    portal = make_portal()
    assert portal.visitor().get(url).status == 303
    assert portal.organiser("a@leraars.example", "organiser", ("nascholing",)).get(url).status == 200
    elsewhere = portal.organiser("c@leraars.example", "organiser", ("other",))
    assert elsewhere.get(url).status == 403
    assert elsewhere.post(URL, {"pasted": FORMS}).status == 403
    assert elsewhere.post(f"{URL}/people", {"table": "x"}).status == 403
    assert portal.organiser("d@leraars.example", "door", ("nascholing",)).get(url).status == 403
    assert names(portal) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_event_without_a_form_here_takes_nobody_in(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(registration="none")})
    organiser = portal.organiser()
    assert organiser.get(URL).status == 404
    assert not organiser.get(LIST).find(f'a[href="{URL}"]')


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_list_leads_to_it(make_portal: MakePortal) -> None:
    assert make_portal().organiser().get(LIST).find(f'a[href="{URL}"]')


def bomb() -> bytes:
    to = BytesIO()
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"")
        archive.writestr("[Content_Types].xml", b" " * 80_000_000)
    return to.getvalue()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "There is nobody in it."),
        (b"a,b\n" + b"1,2\n" * 50_000, "more than 5000 rows"),
        (bomb(), "Unpacked, this workbook is far too large."),
        (b"\xd0\xcf\x11\xe0 old", "Save it as .xlsx without a password."),
        (b'naam,school\n"Emma,GO!\n', "In row 2 a quotation mark opens and never closes."),
        (b"\x89PNG\r\n\x1a\n\x00", "This is not a list that can be read."),
        (b"x" * (tables.LARGEST_FILE + 1), "The file is larger than 10 MB."),
    ],
    ids=["empty", "rows", "bomb", "old", "quote", "picture", "large"],
)
def test_a_file_that_cannot_be_read_says_what_to_do(make_portal: MakePortal, data: bytes, said: str) -> None:
    answer = upload(make_portal().organiser(), data)
    assert answer.status == 422
    assert said in answer.words("[role=alert]")[0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_request_that_is_far_too_large_is_not_read(make_portal: MakePortal) -> None:
    answer = upload(make_portal().organiser(), b"x" * (2 * tables.LARGEST_FILE))
    assert answer.status == 413
    assert "The file is larger than 10 MB." in answer.words("[role=alert]")[0]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_in_the_old_encoding_of_windows_keeps_its_accents(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    page = upload(organiser, "Voornaam;Naam\r\nÉlodie;D’Hondt\r\n".encode("cp1252"), "list.csv")
    organiser.submit(page, press="Add one person")
    assert names(portal) == [("Élodie", "D’Hondt", "confirmed")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_workbook_with_merged_cells_days_and_no_addresses_is_added(make_portal: MakePortal) -> None:
    portal = make_portal(
        {"nascholing": event_file(questions="[{name: born, label: Geboren, type: date, each: true}]")}
    )
    book, to = Workbook(), BytesIO()
    for row in (
        ["School", "Naam", "Geboren"],
        ["GO!", "Emma Peeters", 32946],
        [None, "Noor Maes", "1/2/1991"],
    ):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.active["C2"].number_format = "d/m/yyyy"
    book.save(to)
    organiser = portal.organiser()
    done = organiser.submit(upload(organiser, to.getvalue()), press="Add 2 people")
    assert done.status == 303, done.text
    listed = organiser.get(f"{LIST}.csv").text
    assert listed.count("GO!") == 2
    assert "1990-03-14" in listed
    assert "1991-02-01" in listed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_large_list_travels_in_the_form(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    rows = "".join(f"Emma {n},e{n}@x.example,{sha512(str(n).encode()).hexdigest()}\n" for n in range(2500))
    page = upload(organiser, ("Naam,E-mail,School\n" + rows).encode(), "list.csv")
    assert len(str(page.form()["table"])) > LARGEST_FORM
    assert "2500 rows" in page.text
    assert len(page.find("section[aria-labelledby=first] tbody tr")) == 20
    assert organiser.submit(page, press="Look again").status == 200
