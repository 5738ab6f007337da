"""The rush when sign-up opens: many clients, real processes behind the real server, on either database."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.storage.database import connect
from portal.storage.models import Attendee, Letter, Registration
from tests.support.live import LivePortal
from tests.support.portal import event_file

FORM = "/events/rush/signup"
CLIENTS, SIGN_UPS, PLACES = 16, 96, 20


class Client:
    """A browser's bare bones: one connection, its cookies."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=60)
        self._cookie = ""

    def ask(
        self, method: str, path: str, values: list[tuple[str, str]] | None = None
    ) -> tuple[HTTPResponse, str]:
        headers = {"Cookie": self._cookie, "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request(method, path, urlencode(values or []), headers)
        answer = self._connection.getresponse()
        body = answer.read().decode()
        if cookie := answer.getheader("Set-Cookie"):
            self._cookie = cookie.partition(";")[0]
        return answer, body

    def hidden(self) -> dict[str, str]:
        _answer, page = self.ask("GET", FORM)
        found = re.findall(r'<input[^>]*name="(csrf_token|form_id)"[^>]*value="([^"]*)"', page)
        return {name: unescape(value) for name, value in found}

    def close(self) -> None:
        self._connection.close()


def test_a_rush_of_parties_gets_exactly_the_places_there_are(
    live_portal: Callable[..., LivePortal], database_url: str, tmp_path: Path
) -> None:
    (tmp_path / "content" / "events").mkdir(parents=True)
    (tmp_path / "content" / "site.yaml").write_text("name: Rush\ncontact: a@b.example\n")
    far = datetime(2040, 1, 1, 10).isoformat()  # noqa: DTZ001  # as a file says it
    event = event_file(date=far, end_date=None, capacity=PLACES)
    (tmp_path / "content" / "events" / "rush.md").write_text(event)
    portal = live_portal(
        content=tmp_path / "content",
        database_url=database_url,
        arguments=("--workers", "2"),
        PORTAL_RATE_LIMITS="off",
    )

    def one(number: int) -> list[tuple[int, str | None]]:
        client = Client(portal.url)
        form = client.hidden() | {
            "first_name": "Emma",
            "last_name": "Peeters",
            "email": f"emma{number}@school.example",
            "privacy": "y",
        }
        for colleague in range(number % 4):
            form |= {f"people-{colleague}-first_name": "Noor", f"people-{colleague}-last_name": "Maes"}
        # Every third client is impatient and sends the same form twice.
        answers = []
        for _ in range(2 if number % 3 == 0 else 1):
            answer, _page = client.ask("POST", FORM, list(form.items()))
            answers.append((answer.status, answer.getheader("Location")))
        if number % 8 == 5:
            location = answers[0][1]
            cancel = f"{location}/cancel"
            _answer, page = client.ask("GET", cancel)
            token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)
            assert token, page
            sent = [("csrf_token", unescape(token[1])), *(("person", str(n)) for n in range(4))]
            answers.append((client.ask("POST", cancel, sent)[0].status, location))
        client.close()
        return answers

    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(one, range(SIGN_UPS)))

    assert {status for each in answers for status, _location in each} == {303}
    assert all(len({location for _status, location in each}) == 1 for each in answers)
    engine = connect(database_url)
    with Session(engine) as session:
        statuses = Counter(session.scalars(select(Attendee.status)).all())
        letters = Counter(session.execute(select(Letter.registration_id, Letter.kind)).all())
        registrations = session.scalar(select(func.count()).select_from(Registration))
        waiting = session.scalars(select(Registration).where(Registration.waiting_since.is_not(None))).all()
        smallest = min(sum(person.status == "waitlisted" for person in party.attendees) for party in waiting)
    engine.dispose()
    assert registrations == SIGN_UPS
    assert sum(statuses.values()) == sum(1 + number % 4 for number in range(SIGN_UPS))
    assert statuses["confirmed"] <= PLACES
    # No place stays empty that somebody would fit in, unless it is held for a larger party.
    assert PLACES - statuses["confirmed"] < max(smallest, 4)
    assert set(letters.values()) == {1}
    assert sum(kind in ("confirmed", "waitlisted") for _id, kind in letters) == SIGN_UPS
