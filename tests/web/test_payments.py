"""Paying, as a registrant and as an organiser see it."""

import csv
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO, StringIO

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

from portal.formats import mail
from portal.storage.ledger import Billing, Payment
from portal.storage.models import Registration
from portal.worker import Postman
from tests.support.camt import camt
from tests.support.mail import PostOffice
from tests.support.portal import SECRET, PortalUnderTest, event_file, statements_of
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
FORM = "/events/nascholing/signup"
IBAN = "BE71096123456769"
SITE = f"""name: Leraars Leren
contact: info@leraars.example
languages: [nl, en]
bank: {{name: Leraars Leren vzw, iban: {IBAN}}}
"""


@pytest.fixture
def portal(make_portal: MakePortal) -> PortalUnderTest:
    return make_portal({"nascholing": event_file(capacity=2, price="65,50")}, site=SITE)


def sign_up(portal: PortalUnderTest, name: str, **values: str) -> tuple[Visitor, str]:
    visitor = portal.visitor()
    sent = {"first_name": name, "last_name": "Peeters", "email": f"{name}@school.example", "privacy": "y"}
    return visitor, visitor.submit(visitor.get(FORM), sent | values).location


def kept(portal: PortalUnderTest, name: str) -> Registration:
    with portal.session() as session:
        return session.scalars(
            select(Registration).where(Registration.email == f"{name}@school.example")
        ).one()


def statement(*payments: tuple[str, str], currency: str = "EUR") -> tuple[BytesIO, str]:
    """A file with an entry for each (amount, communication)."""
    entries = [(date(2027, 1, 19), amount, text) for amount, text in payments]
    return BytesIO(camt(IBAN, entries, currency)), "january.xml"


def test_who_has_a_place_sees_how_to_pay_and_who_waits_does_not(portal: PortalUnderTest) -> None:
    emma, url = sign_up(portal, "Emma")
    page = emma.get(url)
    digits = kept(portal, "Emma").communication
    assert digits is not None
    assert f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++" in page.text
    for words in ("€65.50", "BE71 0961 2345 6769", "Leraars Leren vzw"):
        assert words in page.text
    assert page.find("svg.transfer-qr title")
    sign_up(portal, "Wout")
    noor, noors = sign_up(portal, "Noor")
    assert "To pay" not in noor.get(noors).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_an_account_nobody_is_told_to_pay_into_one(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(price=65)})
    emma, url = sign_up(portal, "Emma")
    assert "The organiser lets you know how to pay." in emma.get(url).text


def test_an_organiser_writes_down_what_came_in_and_what_went_back(portal: PortalUnderTest) -> None:
    emma, url = sign_up(portal, "Emma")
    organiser = portal.organiser()
    page = organiser.get(f"/admin/events/nascholing/registrations/{kept(portal, 'Emma').reference}")
    form = 'form[action$="/payments"]'
    done = organiser.follow(
        organiser.submit(page, {"amount": "65,50", "received_on": "2027-01-04"}, form=form)
    )
    assert "Written down." in done.text
    assert "paid" in emma.get(url).words(".tag")
    assert not emma.get(url).find("#pay")
    back = organiser.submit(done, {"amount": "€ 20", "received_on": "2027-01-04", "back": "y"}, form=form)
    assert organiser.follow(back).words(".said")[:2] == ["-€20", "€65.50"]
    assert "€45.50 of €65.50 has come in." in emma.get(url).text
    with portal.session() as session:
        assert session.scalars(select(Payment.amount).order_by(Payment.id)).all() == [6550, -2000]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_one_amount_or_no_day_until_today_is_not_booked_and_stays_in_the_form(
    portal: PortalUnderTest,
) -> None:
    # In Brussels it is the 5th already.
    portal.clock.now = datetime(2027, 1, 4, 23, 30, tzinfo=UTC)
    sign_up(portal, "Emma")
    organiser = portal.organiser()
    page = organiser.get(f"/admin/events/nascholing/registrations/{kept(portal, 'Emma').reference}")
    form = 'form[action$="/payments"]'
    right = {"amount": "1", "received_on": "2027-01-05", "note": "aan de kassa", "back": "y"}
    amounts = (
        "veel", "0", "", "65 (2x)", "€ 65,50 (3 personen)", "25 euro, 2 personen", "1e3", "0,005", "-65", "1.250",
        "65 70", "9" * 5000, "100001",
    )  # fmt: skip
    days = ("morgen", "", "2027-01-06", "0026-01-05", "1999-12-31")
    for wrong in [{"amount": each} for each in amounts] + [{"received_on": each} for each in days]:
        told = organiser.submit(page, right | wrong, form=form)
        assert told.status == 422
        assert told.find("[role=alert]")
        assert told.find("details[open] #amount")
        typed = {name: value for name, value in told.form(form).items() if name in right}
        assert typed == right | wrong
    for amount in ("65,-", "€ 1.250,00", "65 EUR", "0.05"):
        page = organiser.get(page.url)
        assert organiser.submit(page, right | {"amount": amount}, form=form).status == 303
    with portal.session() as session:
        booked = session.execute(select(Payment.amount, Payment.received_on).order_by(Payment.id)).all()
    assert booked == [(-cents, date(2027, 1, 5)) for cents in (6500, 125_000, 6500, 5)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_that_is_sent_twice_is_one_payment_and_another_form_another(portal: PortalUnderTest) -> None:
    sign_up(portal, "Emma")
    organiser, form = portal.organiser(), 'form[action$="/payments"]'
    url = f"/admin/events/nascholing/registrations/{kept(portal, 'Emma').reference}"
    for _page in range(2):
        page = organiser.get(url)
        for _press in range(2):
            done = organiser.submit(page, {"amount": "20"}, form=form)
            assert (done.status, done.location) == (303, url)
            assert "Written down." in organiser.follow(done).text
    assert organiser.submit(page, {"form_id": "x"}, form=form).status == 400
    with portal.session() as session:
        assert session.scalars(select(Payment.amount)).all() == [2000, 2000]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_note_is_cleaned_of_what_no_database_takes(portal: PortalUnderTest) -> None:
    sign_up(portal, "Emma")
    organiser = portal.organiser()
    page = organiser.get(f"/admin/events/nascholing/registrations/{kept(portal, 'Emma').reference}")
    sent = {"amount": "65,50", "note": "aan\x00 de \u202ekassa", "received_on": "2027-01-04\x00"}
    assert organiser.submit(page, sent, form='form[action$="/payments"]').status == 303
    with portal.session() as session:
        assert session.scalars(select(Payment.note)).all() == ["aan de kassa"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_typed_of_an_entry_stays_when_it_cannot_be_booked(portal: PortalUnderTest) -> None:
    sign_up(portal, "Emma")
    organiser = portal.organiser()
    page, form = organiser.get("/admin/payments"), 'form[action*="/entries/"]'
    file = statement(("65.50", kept(portal, "Emma").communication or ""), currency="USD")
    look = organiser.submit(page, {"statement": file}, form='form[action$="/import"]')
    for wrong in ({"amount": "60 (2x)"}, {"amount": ""}, {"reference": "K7M2-QX4"}):
        told = organiser.submit(look, {"amount": "60"} | wrong, form=form)
        assert told.status == 422
        assert {"amount": "60"} | wrong | told.form(form) == told.form(form)
    assert organiser.submit(look, {"amount": "60,25"}, form=form).status == 303
    with portal.session() as session:
        assert session.scalars(select(Payment.amount)).all() == [6025]


def test_a_statement_is_read_once_and_what_is_doubtful_is_decided_by_a_person(
    portal: PortalUnderTest,
) -> None:
    sign_up(portal, "Emma")
    sign_up(portal, "Wout")
    organiser = portal.organiser()
    number, reference = kept(portal, "Emma").communication, kept(portal, "Wout").reference
    for booked in ("One payment was booked.", "0 payments were booked."):
        page = organiser.get("/admin/payments")
        file = statement(("65.50", number or ""), ("60.00", f"nascholing {reference}"), ("12.00", "boeken"))
        read = organiser.submit(page, {"statement": file}, form='form[action$="/import"]')
        assert booked in read.text
    assert kept(portal, "Emma").reference in organiser.get("/admin/events/nascholing/payments.csv").text
    look = organiser.get("/admin/payments")
    done = organiser.follow(organiser.submit(look, form='form[action*="/entries/"]'))
    assert "Booked." in done.text
    assert "There is nothing to decide about." in done.text
    assert organiser.submit(look, form='form[action*="/entries/"]').status == 409
    with portal.session() as session:
        assert session.scalars(select(Payment.amount).order_by(Payment.id)).all() == [6550, 6000]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("bytes_", [b"", b"hallo", b"<?xml version='1.0'?><a/>", b"%PDF-1.7"])
def test_a_file_that_is_no_statement_says_so(portal: PortalUnderTest, bytes_: bytes) -> None:
    organiser = portal.organiser()
    page = organiser.get("/admin/payments")
    told = organiser.submit(page, {"statement": (BytesIO(bytes_), "x.xml")}, form='form[action$="/import"]')
    assert told.status == 422
    assert told.find("[role=alert]")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_statement_of_a_busy_year_is_read_and_one_that_is_too_large_is_told(
    portal: PortalUnderTest,
) -> None:
    sign_up(portal, "Emma")
    organiser = portal.organiser()
    page, form = organiser.get("/admin/payments"), 'form[action$="/import"]'
    others = [("10.00", f"boeken {number}") for number in range(5000)]
    busy, name = statement(*others, ("65.50", kept(portal, "Emma").communication or ""))
    assert len(busy.getvalue()) > 1024 * 1024
    boundary = "a-line-between"
    # Werkzeug's test client would pack this much into a file that it leaves open.
    packed = (
        b"".join(
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"{more}\r\n\r\n'.encode()
            + value
            + b"\r\n"
            for field, more, value in (
                ("csrf_token", "", page.form(form)["csrf_token"].encode()),
                ("statement", f'; filename="{name}"', busy.getvalue()),
            )
        )
        + f"--{boundary}--\r\n".encode()
    )
    sent = {"content_type": f"multipart/form-data; boundary={boundary}"}
    url = "/admin/payments/import"
    assert "One payment was booked." in organiser.client.post(url, data=packed, **sent).text
    assert organiser.client.post(url, data=packed * 12, **sent).status_code == 413


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_statements_are_not_for_who_is_bound_to_an_event(portal: PortalUnderTest) -> None:
    bound = portal.organiser("bo@leraars.example", "organiser", events=("nascholing",))
    assert bound.get("/admin/payments").status == 403
    token = bound.get("/admin/events/nascholing/add").form()["csrf_token"]
    for url in ("/admin/payments/import", "/admin/payments/entries/abc"):
        assert bound.post(url, {"csrf_token": token}).status == 403
    assert bound.get("/admin/events/nascholing/payments.csv").status == 200


def test_an_invoice_goes_where_the_registrant_says(portal: PortalUnderTest) -> None:
    billing = {
        "billing-name": "Sint-Jan vzw",
        "billing-street": "Kerkstraat 1",
        "billing-postcode": "9000",
        "billing-city": "Gent",
        "billing-vat": "0403.019.261",
        "billing-reference": "bestelbon 12",
    }
    emma, url = sign_up(portal, "Emma", **billing)
    for words in ("Sint-Jan vzw", "9000 Gent", "BE0403019261"):
        assert words in emma.get(url).text
    with portal.session() as session:
        assert session.scalars(select(Billing.vat)).all() == ["BE0403019261"]
    changed = emma.submit(emma.get(f"{url}/change"), {"billing-city": "Aalst"})
    assert changed.status == 303
    rows = list(
        csv.DictReader(StringIO(portal.organiser().get("/admin/events/nascholing/payments.csv").text))
    )
    assert [(row["billing_city"], row["amount_open"]) for row in rows] == [("Aalst", "65.50")]
    assert re.fullmatch(r"\d{3}/\d{4}/\d{5}", rows[0]["payment_reference"])


def test_an_invoice_goes_nowhere_once_its_fields_are_emptied(portal: PortalUnderTest) -> None:
    emma, url = sign_up(portal, "Emma", **{"billing-name": "Sint-Jan vzw", "billing-city": "Gent"})
    assert "Sint-Jan vzw" in emma.get(url).text
    emptied = {"billing-name": "", "billing-city": ""}
    assert emma.submit(emma.get(f"{url}/change"), emptied).status == 303
    assert "Sint-Jan vzw" not in emma.get(url).text
    with portal.session() as session:
        assert session.scalars(select(Billing)).all() == []
    assert emma.submit(emma.get(f"{url}/change"), {"billing-name": "Sint-Jozef"}).status == 303
    assert "Sint-Jozef" in emma.get(url).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("billing", "field"),
    [
        ({"billing-vat": "0403.019.262", "billing-name": "Sint-Jan"}, "billing-vat"),
        ({"billing-vat": "NL123", "billing-name": "Sint-Jan"}, "billing-vat"),
        ({"billing-city": "Gent"}, "billing-name"),
        ({"billing-name": "x" * 300}, "billing-name"),
    ],
)
def test_billing_that_cannot_be_is_said_at_its_field(
    portal: PortalUnderTest, billing: dict[str, str], field: str
) -> None:
    visitor = portal.visitor()
    sent = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
    told = visitor.submit(visitor.get(FORM), sent | billing)
    assert told.status == 422
    assert told.find(f'[role=alert] a[href="#{field}"]')


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_free_event_asks_nobody_for_billing(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(price=0)})
    assert not portal.visitor().get(FORM).find("[name^=billing]")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_list_tells_what_was_paid_in_the_same_questions_for_one_and_for_many(
    portal: PortalUnderTest,
) -> None:
    organiser = portal.organiser()
    asked = []
    for name in ("Emma", "Wout"):
        sign_up(portal, name)
        with statements_of(portal) as statements:
            organiser.get("/admin/events/nascholing/attendees")
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_the_letter_brings_a_code_that_a_banking_app_reads_and_who_waits_gets_none(
    portal: PortalUnderTest, smtp: PostOffice
) -> None:
    for name in ("Emma", "Wout", "Noor"):
        sign_up(portal, name)
    way, sender = mail.SmtpServer(smtp.url), mail.Sender("Leraars Leren", "info@leraars.example")
    Postman(portal.engine, way, sender, base_url="http://localhost", secret_keys=(SECRET,)).send_due(
        portal.clock.now
    )
    by_reader = {letter.recipients[0]: letter for letter in smtp.letters}
    letter, digits = by_reader["Emma@school.example"], kept(portal, "Emma").communication
    assert digits is not None
    for part in (letter.text, letter.html):
        assert f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++" in part
        assert "BE71 0961 2345 6769" in part
    pictures = {part.get_filename(): part for part in letter.message.iter_attachments()}
    picture, door = pictures["payment.png"], pictures[f"{kept(portal, 'Emma').reference}-1.png"]
    (at_door,) = zxingcpp.read_barcodes(Image.open(BytesIO(door.get_content())))
    assert at_door.text == f"{kept(portal, 'Emma').reference}-1"
    (code,) = zxingcpp.read_barcodes(Image.open(BytesIO(picture.get_content())))
    told = code.text.split("\n")
    assert told[:4] == ["BCD", "002", "1", "SCT"]
    assert {"Leraars Leren vzw", IBAN, "EUR65.5", digits} <= set(told)
    waiting = by_reader["Noor@school.example"]
    assert not [part for part in waiting.message.iter_attachments() if part.get_content_type() == "image/png"]
    assert IBAN[-4:] not in waiting.text
