"""People who send sign-up forms to a real server over real connections, many at once and through its faults."""

import re
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

PATIENCE = 60  # seconds
HIDDEN = re.compile(r'<input[^>]*name="(csrf_token|form_id)"[^>]*value="([^"]*)"')


@dataclass(frozen=True)
class Answer:
    """What came back; ``status`` is 0 when the connection broke and nothing did."""

    status: int
    location: str = ""
    retry_after: str = ""
    page: str = ""


NOTHING = Answer(0)


@dataclass
class Client:
    """A browser's bare bones: its cookies, and a new connection for each request, as after a pause."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        return self._ask("GET", path, "")

    def post(self, path: str, values: dict[str, str]) -> Answer:
        return self._ask("POST", path, urlencode(values))

    def headers(self) -> dict[str, str]:
        """What a browser would say with a form."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {
            "Cookie": cookies,
            "Content-Type": "application/x-www-form-urlencoded",
            "Connection": "close",
        }

    def _ask(self, method: str, path: str, body: str) -> Answer:
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=PATIENCE)
        try:
            connection.request(method, path, body, self.headers())
            answer = connection.getresponse()
            page = answer.read().decode()
        except (HTTPException, OSError):
            return NOTHING
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(
            answer.status, answer.headers.get("Location", ""), answer.headers.get("Retry-After", ""), page
        )


@dataclass(frozen=True, eq=False)
class FilledForm:
    """A sign-up form that was opened and filled in, to be sent any number of times."""

    client: Client
    path: str
    values: dict[str, str]

    def send(self) -> Answer:
        return self.client.post(self.path, self.values)


def fill_in(url: str, slug: str, number: int, party: int = 1) -> FilledForm:
    """Open the form of an event and fill it in as the person with this number, who brings ``party - 1`` others."""
    client, path = Client(url), f"/events/{slug}/signup"
    page = client.get(path)
    values = {name: unescape(value) for name, value in HIDDEN.findall(page.page)}
    assert values.keys() == {"csrf_token", "form_id"}, f"no form at {path}: {page}"
    values |= {
        "first_name": "Emma",
        "last_name": "Peeters",
        "email": f"emma{number}@school.example",
        "privacy": "y",
    }
    for colleague in range(party - 1):
        values |= {f"people-{colleague}-first_name": "Noor", f"people-{colleague}-last_name": "Maes"}
    return FilledForm(client, path, values)


def cancel(client: Client, location: str) -> Answer:
    """Cancel everybody of the registration at ``location``, through its own page."""
    path = f"{location}/cancel"
    page = client.get(path)
    token = dict(HIDDEN.findall(page.page)).get("csrf_token", "")
    people = re.findall(r'name="person" value="(\d+)"', page.page)
    body = urlencode([("csrf_token", unescape(token)), *(("person", person) for person in people)])
    return client._ask("POST", path, body)
