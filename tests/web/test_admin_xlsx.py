"""The attendee list in spreadsheet programs: as a workbook, and as the CSV for Excel."""

import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from tests.support.live import PORTAL
from tests.support.many import sign_up_many
from tests.support.office import converted, needs_office
from tests.support.portal import PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
LIST = "/admin/events/nascholing/attendees"
TICKETS = (
    "[{id: full, label: Volledige dag, price: 140}, {id: am, label: Voormiddag, price: 65, capacity: 1}]"
)
QUESTIONS = "[{name: born, label: Geboren, type: date}, {name: bags, label: Tassen, type: number}]"


def sign_up(portal: PortalUnderTest, first: str, last: str, ticket: str, **values: str) -> None:
    visitor = portal.visitor()
    sent = {"first_name": first, "last_name": last, "email": f"{first.lower()}@school.example"}
    form = visitor.get("/events/nascholing/signup")
    answer = visitor.submit(form, sent | {"ticket": ticket, "privacy": "y"} | values)
    assert answer.status == 303, answer.text
    portal.clock.pass_by(timedelta(minutes=1))


@pytest.fixture
def three(make_portal: MakePortal) -> PortalUnderTest:
    """Three people with two tickets, of whom the last waits."""
    portal = make_portal({"nascholing": event_file(tickets=TICKETS, questions=QUESTIONS)})
    answers = {"answers-born": "1990-05-01", "answers-bags": "2"}
    sign_up(portal, "Emma", "=1+1", "full", phone="+32 470 00 00 00", **answers)
    sign_up(portal, "Noor", "Aerts", "am")
    sign_up(portal, "Lies", "Maes", "am")
    return portal


def rows(body: bytes, name: str = "attendees") -> list[dict[str, Any]]:
    header, *below = load_workbook(BytesIO(body))[name].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in below]


def test_the_workbook_has_the_columns_of_the_csv_as_what_they_are(three: PortalUnderTest) -> None:
    organiser = three.organiser()
    answer = organiser.get(f"{LIST}.xlsx")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nascholing-attendees.xlsx"'
    assert answer.headers["Cache-Control"] == "no-store"
    first = rows(answer.body)[0]
    assert list(first) == organiser.get(f"{LIST}.csv").text.splitlines()[0].split(",")
    assert (first["last_name"], first["phone"]) == ("=1+1", "+32 470 00 00 00")
    assert (first["amount_due"], first["answer:bags"]) == (140, 2)
    assert first["registered_at"] == datetime(2027, 1, 4, 10, 0)  # noqa: DTZ001  # on the wall in Brussels
    assert first["answer:born"] == datetime(1990, 5, 1)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("query", "names"), [("?status=waitlisted", ["Lies"]), ("?q=noor", ["Noor"]), ("?ticket=full", ["Emma"])]
)
def test_what_is_filtered_is_what_is_in_the_workbook(
    three: PortalUnderTest, query: str, names: list[str]
) -> None:
    body = three.organiser().get(f"{LIST}.xlsx{query}").body
    assert [row["first_name"] for row in rows(body)] == names
    assert rows(body, "totals")[-1]["people"] == 1


def test_totals_stand_on_a_second_sheet(three: PortalUnderTest) -> None:
    full, half, total = rows(three.organiser().get(f"{LIST}.xlsx").body, "totals")
    assert [(row["ticket"], row["people"]) for row in (half, full)] == [("full", 1), ("am", 2)]
    assert (full["confirmed"], full["waitlisted"], full["amount_due"]) == (1, 1, 65)
    assert total == {
        "ticket": "total",
        "confirmed": 2,
        "waitlisted": 1,
        "cancelled": 0,
        "people": 3,
        "amount_due": 205,
        "amount_paid": 0,
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_offers_the_workbook_of_what_it_shows(three: PortalUnderTest) -> None:
    organiser = three.organiser()
    page = organiser.get(f"{LIST}?q=noor")
    (link,) = page.find('a[href*=".xlsx"]')
    assert [row["first_name"] for row in rows(organiser.get(link.attrs["href"]).body)] == ["Noor"]


def test_a_list_of_several_batches_is_whole_in_both_files(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up_many(portal.engine, "nascholing", confirmed=1_200, at=portal.clock.now)
    organiser = portal.organiser()
    assert len(organiser.get(f"{LIST}.csv").text.splitlines()) == 1_201
    body = organiser.get(f"{LIST}.xlsx").body
    assert len({row["attendee"] for row in rows(body)}) == rows(body, "totals")[-1]["people"] == 1_200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_empty_list_is_a_workbook_too(make_portal: MakePortal) -> None:
    body = make_portal().organiser().get(f"{LIST}.xlsx").body
    assert rows(body) == []
    assert rows(body, "totals")[0]["people"] == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_who_may_gets_the_workbook(make_portal: MakePortal) -> None:
    portal = make_portal()
    assert portal.visitor().get(f"{LIST}.xlsx").status == 303
    assert portal.organiser("c@leraars.example", "organiser", ("other",)).get(f"{LIST}.xlsx").status == 403


def test_the_shell_gives_the_bytes_of_the_download(three: PortalUnderTest) -> None:
    told = {
        "PATH": "/bin",
        "PORTAL_DATA_DIR": str(three.settings.data_dir),
        "PORTAL_CONTENT_DIR": str(three.content),
        "PORTAL_DATABASE_URL": three.settings.database_url,
    }
    command = [*PORTAL, "export", "nascholing", "--format", "xlsx"]
    done = subprocess.run(command, capture_output=True, env=told)
    assert done.stdout == three.organiser().get(f"{LIST}.xlsx").body


@needs_office
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_libreoffice_opens_it_and_runs_nothing(three: PortalUnderTest, tmp_path: Path) -> None:
    book = tmp_path / "list.xlsx"
    book.write_bytes(three.organiser().get(f"{LIST}.xlsx").body)
    lines = converted(book, "csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    for cell in ("=1+1", "+32 470 00 00 00", "2027-01-04 10:00:00", ",140,0,", "1990-05-01,2"):
        assert cell in lines[1]


@needs_office
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_semicolons_part_cells_the_csv_opens_as_what_it_says(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal({"nascholing": event_file(tickets=TICKETS, questions=QUESTIONS)})
    accents, remark = "D’Hondt–Ünal; “één”, ça", 'Zij zei "ja;\nmisschien"'
    born = {"answers-born": "1990-05-01", "answers-bags": "12"}
    sign_up(portal, "Élodie", accents, "full", phone="0470123456", remarks=remark, **born)
    sign_up(portal, "Noor", "=1+1", "full", phone="+32 470 12 34 56", remarks="@SUM(1)")
    sign_up(portal, "Lies", "Maes", "am", phone="0470 12 34 56", remarks="-1")
    file = tmp_path / "list.csv"
    file.write_bytes(portal.organiser().get(f"{LIST}.csv?dialect=excel").body)
    # Semicolon, quotation mark, UTF-8, from the first line, Dutch of Belgium, numbers and dates found as when typed.
    belgian = "--infilter=CSV:59,34,76,1,,2067,false,true"
    head, *below = load_workbook(converted(file, "xlsx", belgian)).active.iter_rows(values_only=True)
    first, second, third = (dict(zip(head, row, strict=True)) for row in below)
    assert (head[0], first["first_name"], first["last_name"]) == ("registration", "Élodie", accents)
    assert first["remarks"] == remark
    # Nothing runs and no zero is lost; the mark before it is what keeps it, and stays to be seen.
    assert [row["phone"] for row in (first, second, third)] == [
        "'0470123456",
        "'+32 470 12 34 56",
        "0470 12 34 56",
    ]
    assert (second["last_name"], second["remarks"], third["remarks"]) == ("'=1+1", "'@SUM(1)", "'-1")
    # Amounts, numbers and days can be calculated with; a moment with its offset is a text.
    assert (first["amount_due"], third["amount_due"], first["answer:bags"]) == (140, 65, 12)
    assert first["answer:born"] == datetime(1990, 5, 1)  # noqa: DTZ001
    assert first["registered_at"] == "2027-01-04T10:00:00+01:00"
