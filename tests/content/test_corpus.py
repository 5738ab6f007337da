"""The real files, where they are at hand."""

import time
from pathlib import Path

import justhtml
import pytest

from portal.content.catalogue import Catalogue, Snapshot
from portal.content.check import check
from portal.content.markdown import render
from portal.content.mend import mended
from portal.content.reader import read

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the real files are not here")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Catalogue(CORPUS).refresh()


def test_every_file_is_an_event_and_none_is_refused(snapshot: Snapshot) -> None:
    assert len(snapshot.events) == len(list(CORPUS.rglob("*.md")))
    assert not check(CORPUS).errors


def test_exactly_the_events_of_the_replaced_host_get_a_form(snapshot: Snapshot) -> None:
    for event in snapshot.events.values():
        ours = "dwengo.eventgoose.com" in (CORPUS / event.path).read_text()
        assert (event.registration == "portal") == ours, event.path


def test_the_prices_are_those_of_the_texts(snapshot: Snapshot) -> None:
    prices = {Path(event.path).stem: (event.price, event.price_in_text) for event in snapshot.events.values()}
    said = {name: price for name, price in prices.items() if price != (None, False)}
    assert said == {
        "2025-10-21_kaartspel_ai_in_de_zorg": (6500, False),
        "2025-12-09_murder_mystery": (6500, False),
        "2026-03-05_computationeel_denken_krook": (None, True),
        "2026-10-08_sociale_robot_gevorderd": (6500, False),
        "2024-10-04_introsessie_soc_robot": (0, False),
        "2024-10-25_SocialeRobot_DeKrook": (None, True),
    }


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("2025-10-21_kaartspel_ai_in_de_zorg", 3, "write 2025-10-21T13:00:00"),
        ("2025-10-21_kaartspel_ai_in_de_zorg", 4, "write 2025-10-21T16:00:00"),
        ("2026-10-08_sociale_robot_gevorderd", 3, "write 2026-10-08T10:00:00"),
        ("2026-10-08_sociale_robot_gevorderd", 5, "did you mean `item_theme_logo_url`?"),
        ("2026-03-05_computationeel_denken_krook", 4, "write the year 2026"),
        ("2026-05-27_Finale_SR", 4, "write the year 2026"),
        ("2026-05-27_Finale_SR", 31, "on another host"),
        ("2023-04-28-SRMakerfaire", 4, "write 2023-04-29T00:00:00"),
        ("2022-11-23-NocturneAIIndeZorg", 3, "rename the file"),
        ("2023-01-23-SR", 3, "rename the file"),
        ("2024-10-17_POV_KIKS", 20, "has no https://"),
        ("2025-03-17_VanIn_Infosessies", 6, "`location` is empty"),
    ],
)
def test_each_wart_is_said_at_its_line(snapshot: Snapshot, name: str, line: int, says: str) -> None:
    found = [str(p) for p in snapshot.problems if p.line == line and Path(p.path).stem == name]
    assert any(says in problem for problem in found), found


def test_online_is_read_in_all_its_forms(snapshot: Snapshot) -> None:
    online = {Path(event.path).stem: event.location for event in snapshot.events.values() if event.online}
    assert online == {
        "2022-11-23-NocturneAIIndeZorg": "Online in Gather.town",
        "2024-02-23_fraAIdee": "",
        "2024-10-04_introsessie_soc_robot": "",
    }


def test_all_are_read_and_rendered_well_within_a_second_as_strict_html(snapshot: Snapshot) -> None:
    began = time.perf_counter()
    events = Catalogue(CORPUS).refresh().events.values()
    pages = [render(event.text, snapshot.site.url, {}.get) for event in events]
    assert time.perf_counter() - began < 1
    for page in pages:
        justhtml.JustHTML(
            f'<!doctype html><html lang="nl"><title>x</title><body><h1>x</h1>{page}</html>', strict=True
        )
        assert "<img" not in page


def test_a_mended_file_tells_only_what_a_person_has_to_decide(snapshot: Snapshot) -> None:
    for event in snapshot.events.values():
        source = (CORPUS / event.path).read_bytes()
        after = mended(source, lambda text, path=event.path: read(text, path, snapshot.site))  # type: ignore[misc]
        reading = read(after, event.path, snapshot.site)
        assert reading.event is not None
        assert not any(problem.edits for problem in reading.problems)
        body = source.split(b"---\n", 2)[2].replace(b"](www.", b"](https://www.")
        assert after.split(b"---\n", 2)[2] == body
