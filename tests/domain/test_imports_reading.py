"""What a file's columns are taken for, and what its rows say: no database."""

import pytest

from portal.content.event import Event, Question, Ticket
from portal.domain.imports import ADDED, Guest, Wishes, guess, parties, read_guests
from portal.domain.imports.plan import Plan, Standing, decide
from portal.domain.places import NOBODY
from portal.formats.tables import Table, read_text
from tests.support.events import make_event

ASKED = (
    Question("diet", "Dieetwensen", each=True),
    Question("level", "Niveau", "select", options=("Basis", "Gevorderd")),
    Question("topics", "Onderwerpen", "checkboxes", options=("AI", "Robots", "Data"), max=2),
    Question("bags", "Tassen", "number", max=5),
    Question("born", "Geboortedatum", "date"),
    Question("photo", "Mag op de foto", "checkbox"),
)
PLAIN = make_event()
ASKING = make_event(questions=ASKED)
TICKETED = make_event(tickets=(Ticket("full", "Volledige dag", 14000), Ticket("am", "Voormiddag", 6500)))


def table(*lines: str) -> Table:
    return read_text("\n".join(lines) + "\n")


def taken_for(header: str, event: Event = PLAIN) -> dict[str, str]:
    """The columns that are taken for something, by their name."""
    read = table(header, ";".join("x" for _ in header.split(";")))
    return {name: field for name, field in zip(read.header, guess(read, event), strict=True) if field}


def guests(*lines: str, event: Event = PLAIN, ticket: str = "") -> list[Guest]:
    read = table(*lines)
    return read_guests(read, guess(read, event), event, ticket)


@pytest.mark.parametrize(
    "header",
    [
        "Voornaam;Familienaam;E-mailadres;Telefoon;School;Opmerkingen",
        "Voornaam;Naam;E-mail;GSM;Naam van de school;Opmerking",
        "First Name;Last Name;Email Address;Mobile phone;School or organisation;Comments",
        "Prénom;Nom;Adresse e-mail;Téléphone;Établissement;Remarques",
        "Vorname;Nachname;E-Mail-Adresse;Telefonnummer;Schule;Bemerkungen",
        "first_name;last_name;email;phone;school;remarks",
        "Wat is je voornaam?;Wat is je achternaam?;Mailadres;Tel.;Organisatie;Heb je nog opmerkingen?",
    ],
)
def test_columns_are_known_in_four_languages(header: str) -> None:
    assert list(taken_for(header).values()) == [
        "first_name", "last_name", "email", "phone", "school", "remarks",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Naam", "full_name"), ("Name", "full_name"), ("Nom complet", "full_name"), ("Wat is je naam?", "full_name"),
        ("Voornaam en familienaam", "full_name"), ("Vor- und Nachname", "full_name"), ("Deelnemer", "full_name"),
        ("Naam en voornaam", "full_name_reversed"), ("Nom et prénom", "full_name_reversed"),
    ],
)  # fmt: skip
def test_a_whole_name_in_one_column_is_known(header: str, field: str) -> None:
    assert taken_for(f"{header};E-mail") == {header: field, "E-mail": "email"}


def test_a_list_from_eventbrite_is_known() -> None:
    header = (
        "Order #;Order Date;Attendee First Name;Attendee Surname;Attendee Email;Ticket Type;Ticket Price;"
        "Attendee Status;Buyer First Name;Buyer Email;Event Name"
    )
    assert taken_for(header, TICKETED) == {
        "Order #": "order",
        "Attendee First Name": "first_name",
        "Attendee Surname": "last_name",
        "Attendee Email": "email",
        "Ticket Type": "ticket",
        "Attendee Status": "status",
        "Buyer Email": "contact_email",
    }


@pytest.mark.parametrize("stamp", ["Tijdstempel", "Timestamp", "Horodateur", "Zeitstempel"])
def test_a_list_from_google_forms_is_known(stamp: str) -> None:
    header = f"{stamp};E-mailadres;Naam en voornaam;Welk niveau?;Dieetwensen"
    assert taken_for(header, ASKING) == {
        "E-mailadres": "email",
        "Naam en voornaam": "full_name_reversed",
        "Dieetwensen": "answer:diet",
    }


def test_our_own_export_is_known() -> None:
    header = (
        "registration;attendee;event;ticket;status;first_name;last_name;email;phone;school;contact_email;language;"
        "newsletter;amount_due;amount_paid;payment_reference;registered_at;cancelled_at;checked_in_at;remarks;answer:diet"
    )
    expected = ["order", "status", "first_name", "last_name", "email", "phone", "school", "contact_email"]
    assert list(taken_for(header, ASKING).values()) == [*expected, "cancelled", "remarks", "answer:diet"]


def test_a_question_is_known_by_its_label_or_its_name() -> None:
    assert taken_for("Naam;niveau;TOPICS;Mag op de foto", ASKING) == {
        "Naam": "full_name",
        "niveau": "answer:level",
        "TOPICS": "answer:topics",
        "Mag op de foto": "answer:photo",
    }


def test_a_column_of_addresses_is_found_whatever_it_is_called() -> None:
    read = table("Naam;Contactgegevens", "Emma;emma@x.example", "Noor;noor@x.example")
    assert guess(read, PLAIN) == ("full_name", "email")


def test_nothing_is_taken_for_the_same_twice_but_remarks() -> None:
    assert taken_for("E-mail;E-mail (2);Opmerkingen;Opmerkingen van de school") == {
        "E-mail": "email",
        "Opmerkingen": "remarks",
        "Opmerkingen van de school": "school",
    }
    (guest,) = guests("Naam;Opmerking;Notitie", "Emma;een;twee")
    assert guest.remarks == "een\ntwee"


@pytest.mark.parametrize(
    ("header", "written", "first", "last"),
    [
        ("Naam", "Emma Peeters", "Emma", "Peeters"),
        ("Naam", "Jonas Van den Broeck", "Jonas", "Van den Broeck"),
        ("Naam", "Van den Broeck, Jonas", "Jonas", "Van den Broeck"),
        ("Naam", "Emma", "Emma", ""),
        ("Naam en voornaam", "Van den Broeck Jonas", "Jonas", "Van den Broeck"),
        ("Naam en voornaam", "Peeters, Emma Louise", "Emma Louise", "Peeters"),
    ],
)
def test_names_are_taken_apart(header: str, written: str, first: str, last: str) -> None:
    (guest,) = guests(f"{header};E-mail", f'"{written}";e@x.example')
    assert (guest.first_name, guest.last_name) == (first, last)


@pytest.mark.parametrize(
    "written",
    ["emma@x.example", "Emma Peeters <emma@x.example>", "mailto:emma@x.example", " emma@x.example "],
)
def test_addresses_are_taken_out_of_what_is_around_them(written: str) -> None:
    (guest,) = guests("Naam;E-mail", f'Emma;"{written}"')
    assert (guest.email, guest.problem) == ("emma@x.example", None)


@pytest.mark.parametrize(
    ("column", "written", "stored"),
    [
        ("Dieetwensen", "vegan", "vegan"),
        ("Niveau", "GEVORDERD", "Gevorderd"),
        ("Onderwerpen", "AI, Robots", "AI\nRobots"),
        ("Onderwerpen", "Data; AI", "Data\nAI"),
        ("Tassen", "03", "3"),
        ("Geboortedatum", "14/3/1990", "1990-03-14"),
        ("Geboortedatum", "1990-03-14 00:00", "1990-03-14"),
        ("Geboortedatum", "32946", "1990-03-14"),
        ("Mag op de foto", "Ja", "yes"),
        ("Mag op de foto", "Nee", "no"),
    ],
)
def test_answers_become_what_the_form_would_have_kept(column: str, written: str, stored: str) -> None:
    (guest,) = guests(f"Naam\t{column}", f"Emma\t{written}", event=ASKING)
    assert (list(guest.answers.values()), guest.problem) == ([stored], None)


@pytest.mark.parametrize(
    ("header", "row", "kind"),
    [
        ("Naam\tE-mail", "\te@x.example", "no_name"),
        ("Naam\tE-mail", "Emma\temma@", "bad_address"),
        ("Naam\tNiveau", "Emma\tExpert", "not_offered"),
        ("Naam\tOnderwerpen", "Emma\tAI, Koken", "not_offered"),
        ("Naam\tOnderwerpen", "Emma\tAI, Data, Robots", "too_many"),
        ("Naam\tTassen", "Emma\t6", "no_number"),
        ("Naam\tTassen", "Emma\ttwee", "no_number"),
        ("Naam\tGeboortedatum", "Emma\t31/2/1990", "no_day"),
        ("Naam\tSchool", "Emma\t" + "x" * 201, "too_long"),
        ("Voornaam\tSchool", "x" * 101 + "\t", "too_long"),
        ("Naam\tDieetwensen", "Emma\t" + "x" * 201, "too_long"),
    ],
)
def test_what_cannot_be_kept_is_told(header: str, row: str, kind: str) -> None:
    (guest,) = guests(header, row, event=ASKING)
    assert guest.problem
    assert guest.problem.kind == kind


def test_a_ticket_is_known_by_its_label_or_its_id_and_else_is_a_problem() -> None:
    lines = ("Naam;Ticket", "Emma;volledige dag", "Noor;AM", "Lies;VIP", "Wout;")
    assert [g.ticket if not g.problem else g.problem for g in guests(*lines, event=TICKETED)] == [
        "full",
        "am",
        ("unknown_ticket", "ticket", "VIP"),
        ("unknown_ticket", "ticket", ""),
    ]
    assert [g.ticket for g in guests(*lines, event=TICKETED, ticket="am")] == ["full", "am", "am", "am"]


@pytest.mark.parametrize(
    ("header", "written", "cancelled"),
    [
        ("Status", "Geannuleerd", True),
        ("Status", "cancelled", True),
        ("Attendee Status", "Not Attending", True),
        ("Statut", "Annulée", True),
        ("Status", "Attending", False),
        ("Status", "Ja", False),
        ("Geannuleerd", "Ja", True),
        ("Geannuleerd", "nee", False),
        ("Geannuleerd op", "2027-01-03", True),
    ],
)
def test_who_cancelled_there_is_left_out(header: str, written: str, cancelled: bool) -> None:
    (guest,) = guests(f"Naam;{header}", f"Emma;{written}")
    assert guest.cancelled is cancelled


@pytest.mark.parametrize(
    "status",
    [
        "Wachtlijst", "Op de wachtlijst", "Wacht op betaling", "In afwachting", "waitlisted", "Wait-listed",
        "Waiting list", "Pending payment", "Payment pending", "Awaiting approval", "On hold", "Liste d’attente",
        "En attente", "Warteliste", "Wartend", "Zahlung ausstehend",
    ],
)  # fmt: skip
def test_who_waits_there_gets_no_place_here_unless_the_status_is_not_looked_at(status: str) -> None:
    lines = ("Naam;Status", f"Emma;{status}", "Noor;confirmed")
    assert [verdict.fate for verdict in fates(PLAIN, lines).verdicts] == ["waits_there", "place"]
    read = table(*lines)
    assert not any(guest.waiting for guest in read_guests(read, ("full_name", ""), PLAIN))


@pytest.mark.parametrize(
    "status", ["Bevestigd", "Confirmed", "Attending", "Confirmé", "Bestätigt", "Verwacht", "Erwartet", ""]
)
def test_who_has_a_place_there_waits_for_nothing(status: str) -> None:
    assert [guest.waiting for guest in guests("Naam;Status", f"Emma;{status}")] == [False]


def test_who_came_in_one_order_is_one_party_whose_contact_has_an_address() -> None:
    (party,) = parties(
        guests("Order;Naam;E-mail", "7;Emma Peeters;", "7;Noor Maes;n@x.example", "7;Lies Aerts;n@x.example"),
        "e",
    )
    assert [(p.first_name, p.email) for p in party.people(PLAIN)] == [
        ("Noor", "n@x.example"),
        ("Emma", ""),
        ("Lies", ""),
    ]


def test_who_ordered_for_others_is_written_to() -> None:
    (party,) = parties(guests("Order;Naam;Buyer email", "7;Emma Peeters;an@x.example"), "e")
    assert party.people(PLAIN)[0].email == "an@x.example"


def test_the_same_name_in_one_order_is_another_person_whose_name_was_not_asked() -> None:
    (party,) = parties(guests("Order;Naam;E-mail", "7;Emma P;e@x.example", "7;Emma P;e@x.example"), "e")
    assert len(party.guests) == 2


def test_who_stands_twice_in_the_file_comes_once_and_others_under_the_address_come_along() -> None:
    lines = ("Naam;E-mail", "Emma Peeters;e@x.example", "EMMA PEETERS;E@X.example", "Noor Maes;e@x.example")
    (party,) = parties(guests(*lines), "e")
    assert [guest.first_name for guest in party.guests] == ["Emma", "Noor"]
    assert party.twice == {3: 2}


def test_without_an_address_the_name_tells_who_is_the_same() -> None:
    found = parties(guests("Naam;School", "Emma Peeters;A", "Noor Maes;A", "emma  peeters;B"), "e")
    assert [len(party.guests) for party in found] == [1, 1]
    assert found[0].twice == {4: 2}


def test_what_is_asked_once_is_what_the_first_says_and_each_has_their_own() -> None:
    (party,) = parties(
        guests(
            "Order\tNaam\tNiveau\tDieetwensen\tSchool\tOpmerking",
            "7\tEmma\t\tvegan\t\teen",
            "7\tNoor\tBasis\t\tGO!\ttwee",
            event=ASKING,
        ),
        "e",
    )
    assert party.answers(ASKING) == {"level": "Basis"}
    assert [dict(person.answers) for person in party.people(ASKING)] == [{"diet": "vegan"}, {}]
    assert (party.first("school"), party.remarks) == ("GO!", "een\ntwee")


def test_the_same_person_has_the_same_form_in_whatever_file() -> None:
    (one,) = parties(guests("Naam;E-mail", "Emma Peeters;e@x.example"), "e")
    (other,) = parties(guests("Mail,School,Voornaam,Naam", "E@X.example,GO!,emma,peeters"), "e")
    assert one.form_id == other.form_id
    assert len(one.form_id) <= 64
    assert {p.form_id for p in parties(guests("Naam;E-mail", "Emma Peeters;e@x.example"), "other")} != {
        one.form_id
    }


def fates(event: Event, lines: tuple[str, ...], known: Standing | None = None, **wishes: bool) -> Plan:
    read = guests(*lines, event=event)
    return decide(event, NOBODY, read, parties(read, "e"), known or Standing(), Wishes(**wishes))


THREE = ("Order;Naam;E-mail", "1;Emma;e@x.example", "2;Noor;n@x.example", "2;Lies;", "3;Wout;w@x.example")


def test_places_go_in_the_order_of_the_file_and_a_party_stays_whole() -> None:
    seen = fates(make_event(capacity=2), THREE)
    assert [verdict.fate for verdict in seen.verdicts] == ["place", "waits", "waits", "place"]
    assert (seen.people, seen.blocked) == (4, 0)


def test_over_capacity_only_when_that_is_said() -> None:
    seen = fates(make_event(capacity=2), THREE, over_capacity=True)
    assert [verdict.fate for verdict in seen.verdicts] == ["place", "over", "over", "over"]


def test_without_a_waiting_list_there_is_no_place_and_that_blocks() -> None:
    seen = fates(make_event(capacity=1, waitlist="off"), THREE)
    assert [verdict.fate for verdict in seen.verdicts] == ["place", "full", "full", "full"]
    assert seen.blocked == 3
    assert [party.guests[0].first_name for party in seen.joining] == ["Emma"]


def test_each_row_has_one_verdict_and_only_good_ones_join() -> None:
    lines = (
        "Naam;E-mail;Status",
        "Emma;e@x.example;",
        "Noor;bad;",
        "Lies;l@x.example;cancelled",
        "Emma;E@x.example;",
        "Wout;w@x.example;",
        "An;a@x.example;",
    )
    known = Standing({"w@x.example": ("Wout ",), "a@x.example": ("Bart Maes",)})
    seen = fates(PLAIN, lines, known)
    assert [verdict.fate for verdict in seen.verdicts] == [
        "place", "cannot", "cancelled", "twice", "known", "other_name",
    ]  # fmt: skip
    assert seen.verdicts[3].row == 2
    assert seen.verdicts[5].name == "Bart Maes"
    assert len(seen.joining) == sum(seen.counts[fate] for fate in ADDED) == 1
