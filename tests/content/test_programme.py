import pytest

from portal.content.event import Material, Question, Session
from tests.content.writing import event_of, event_text, only_problem, reading_of

SESSIONS = "[{id: am, label: Voormiddag, capacity: 20}, {id: pm}]"


def test_sessions_and_tickets_are_read() -> None:
    event = event_of(
        event_text(
            sessions=SESSIONS,
            tickets="[{id: full, label: Volledige dag, price: 140, sessions: [am, pm], closes: 2027-01-20}]",
        )
    )
    assert event.sessions == (Session("am", "Voormiddag", 20), Session("pm", "pm"))
    (ticket,) = event.tickets
    assert (ticket.id, ticket.label, ticket.price, ticket.sessions) == (
        "full",
        "Volledige dag",
        14000,
        ("am", "pm"),
    )
    assert ticket.closes is not None
    assert ticket.closes.isoformat() == "2027-01-21T00:00:00+01:00"


def test_questions_are_read() -> None:
    event = event_of(
        event_text(
            questions="[{name: diet, label: Dieet, each: true},"
            " {name: level, type: radio, options: [1, ja], required: yes}]"
        )
    )
    assert event.questions == (
        Question("diet", "Dieet", each=True),
        Question("level", "level", "radio", required=True, options=("1", "ja")),
    )


def test_materials_are_read() -> None:
    event = event_of(event_text(materials="[{label: Notebook, url: 'https://example.org/n', from: end}]"))
    assert event.materials == (Material("Notebook", "https://example.org/n", "end"),)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"sessions": "[{label: x}]"}, "`id` of sessions 1 is missing"),
        ({"sessions": "[{id: a b}]"}, "letters, digits"),
        ({"sessions": "[{id: é}]"}, "letters, digits"),
        ({"sessions": "[{id: a}, {id: A}]"}, "as on line"),
        ({"sessions": "[x]"}, "has no keys"),
        ({"sessions": "{id: a}"}, "not a list"),
        ({"sessions": "[{id: a, capacity: 0}]"}, "`capacity` of sessions 1"),
        ({"tickets": "[{id: a, sessions: [zz]}]"}, "there is no session “zz”"),
        ({"tickets": "[{id: a, sessions: zz}]"}, "not a list"),
        ({"tickets": "[{id: a, sessions: [[zz]]}]"}, "is no text"),
        ({"tickets": "[{id: a, price: duur}]"}, "`price` of tickets 1"),
        ({"tickets": "[{id: a, opens: 2027-01-02, closes: 2027-01-01}]"}, "not after `opens`"),
        ({"tickets": "[{id: a, capacity: twee}]"}, "whole number"),
        ({"questions": "[{label: x}]"}, "`name` of questions 1 is missing"),
        ({"questions": "[{name: a}, {name: a}]"}, "as on line"),
        ({"questions": "[{name: a, type: tekst}]"}, "did you mean text?"),
        ({"questions": "[{name: a, type: select}]"}, "has no `options`"),
        ({"questions": "[{name: a, type: checkboxes, options: []}]"}, "has no `options`"),
        ({"questions": "[{name: a, type: radio, options: x}]"}, "not a list"),
        ({"questions": "[{name: a, type: radio, options: [x, x]}]"}, "given twice"),
        ({"questions": "[{name: a, type: radio, options: [{a: b}]}]"}, "is no text"),
        ({"questions": "[{name: a, options: [x]}]"}, "given for a question of type text"),
        ({"questions": "[{name: a, required: misschien}]"}, "write true or false"),
        ({"questions": "[{name: a, max: 0}]"}, "whole number"),
        ({"materials": "[{label: x}]"}, "`url` of materials 1 is missing"),
        ({"materials": "[{label: x, url: 'javascript:x'}]"}, "web address"),
        ({"materials": "[{label: x, url: 'https://x.be', from: later}]"}, "`from`"),
        ({"tickets": "[" + "{id: a}," * 101 + "]"}, "more than 100"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_list_is_told_once(keys: dict[str, str], says: str) -> None:
    reading = reading_of(event_text(**keys))
    assert reading.event is None
    assert sum(says in f"{problem.what}, {problem.mend}" for problem in reading.problems) == 1, (
        reading.problems
    )


@pytest.mark.parametrize("kind", ["text", "textarea", "checkbox", "number", "date"])
def test_a_question_of_a_type_without_options_needs_none(kind: str) -> None:
    assert event_of(event_text(questions=f"[{{name: a, type: {kind}}}]")).questions[0].type == kind


@pytest.mark.parametrize("kind", ["select", "radio", "checkboxes"])
def test_a_question_with_options_keeps_them(kind: str) -> None:
    question = event_of(event_text(questions=f"[{{name: a, type: {kind}, options: [x, y]}}]")).questions[0]
    assert question.options == ("x", "y")


def test_a_key_that_a_ticket_does_not_have_is_said() -> None:
    assert "did you mean `price`?" in str(only_problem(event_text(tickets="[{id: a, prices: 5}]")))
    assert "use one of" in str(only_problem(event_text(tickets="[{id: a, kleur: rood}]")))
