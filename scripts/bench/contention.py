"""The rush: 400 parties of one to four want 20 places, 32 clients at once, and every eighth cancels meanwhile.

Measured: how long the answer to a sent form takes, and how many come in a second; the same for 32 threads that commit
the same rows to the same database with nothing around them. Promised, whatever the speed: exactly what fits is
confirmed at every moment, every form has its registration and its letter, nothing fails, and nobody waits more than
twenty times as long as most.
"""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from portal.domain.places import PATIENCE
from portal.storage.database import connect, prepare
from portal.storage.models import CONFIRMED, Attendee, HistoryEntry, Letter, Registration
from scripts.bench.bare import Rows, make_room, rows_again, write
from scripts.bench.databases import Fresh
from scripts.bench.load import Load
from scripts.bench.served import serve
from tests.support.clients import FilledForm, cancel, fill_in

PLACES, SIGN_UPS, CLIENTS, CANCELS_EVERY, LARGEST_PARTY = 20, 400, 32, 8, 4
LONGEST_WAIT = 20
"""Times the median that nobody may wait longer than."""


def measure(fresh: Fresh) -> list[str]:
    """Print the figures for this kind of database; return the promises that were broken."""
    with fresh() as database_url:
        return _measure(database_url)


def _measure(database_url: str) -> list[str]:
    engine = connect(database_url)
    with serve(database_url, {"rush": {"capacity": PLACES}}) as url, ThreadPoolExecutor(CLIENTS) as clients:
        parties = [1 + number % LARGEST_PARTY for number in range(SIGN_UPS)]
        forms = list(clients.map(lambda n: fill_in(url, "rush", n, parties[n]), range(SIGN_UPS)))
        begun = time.monotonic()
        answers = list(clients.map(_sign_up, forms, range(SIGN_UPS)))
        portal = Load(SIGN_UPS / (time.monotonic() - begun), [wait for _statuses, wait in answers])
    broken = _failures([status for statuses, _wait in answers for status in statuses])
    broken += [*_lost(engine, sum(parties)), *_misplaced(engine)]
    bare = _commit_bare(database_url)
    engine.dispose()
    for name, load in (("portal", portal), ("bare commit", bare)):
        print(f"  {name:12} {load}   longest/median {load.fairness:4.1f}")
    print(
        f"  portal / bare commit: registrations/s {portal.rate / bare.rate:.3f}, "
        f"p50 {portal.p50 / bare.p50:.1f}, p99 {portal.p99 / bare.p99:.1f}"
    )
    if portal.fairness > LONGEST_WAIT:
        broken.append(f"somebody waited {portal.fairness:.1f} times the median")
    return broken


def _sign_up(form: FilledForm, number: int) -> tuple[list[int], float]:
    """Send the form and perhaps cancel; what was answered, and how long the form's answer took."""
    begun = time.monotonic()
    answer = form.send()
    wait = time.monotonic() - begun
    statuses = [answer.status]
    if number % CANCELS_EVERY == 0 and answer.location:
        statuses.append(cancel(form.client, answer.location).status)
    return statuses, wait


def _failures(statuses: list[int]) -> list[str]:
    others = {status: number for status, number in Counter(statuses).items() if status != 303}
    return [f"answers other than 303: {others}"] if others else []


def _lost(engine: Engine, people: int) -> Iterator[str]:
    """What is not there, or there twice."""
    with Session(engine) as session:
        addresses = Counter(session.scalars(select(Registration.email)))
        attendees = len(session.execute(select(Attendee.registration_id)).all())
        letters = Counter(
            (registration_id, "first" if kind in ("confirmed", "waitlisted") else kind)
            for registration_id, kind in session.execute(
                select(Letter.registration_id, Letter.kind).where(Letter.registration_id.is_not(None))
            )
        )
    if len(addresses) != SIGN_UPS or set(addresses.values()) != {1}:
        yield f"{addresses.total()} registrations of {len(addresses)} people, not {SIGN_UPS}"
    if attendees != people:
        yield f"{attendees} attendees, not {people}"
    if set(letters.values()) != {1}:
        yield f"letters that were written twice: {[about for about, n in letters.items() if n > 1]}"
    if (welcomed := sum(kind == "first" for _id, kind in letters)) != SIGN_UPS:
        yield f"{welcomed} parties had a letter, not {SIGN_UPS}"


def _misplaced(engine: Engine) -> Iterator[str]:
    """Where more had places than there are, at any moment; and a place that is empty though the next party fits."""
    with Session(engine) as session:
        people = {(a.registration_id, a.position): a.status for a in session.scalars(select(Attendee))}
        history = session.scalars(select(HistoryEntry).order_by(HistoryEntry.id)).all()
        line = session.scalars(
            select(Registration)
            .where(Registration.waiting_since.is_not(None))
            .order_by(Registration.waiting_since, Registration.id)
        ).all()
    then: dict[tuple[int, int], str] = {}
    most = 0
    for entry in history:
        for person in entry.people:
            then[entry.registration_id, person["position"]] = person["status"]
        most = max(most, Counter(then.values())[CONFIRMED])
    if most > PLACES:
        yield f"{most} people had a place at one moment, and there are {PLACES}"
    if then != people:
        yield "the history does not come to what the attendees have"
    room = PLACES - Counter(people.values())[CONFIRMED]
    for party in line:
        size = sum(registration_id == party.id for registration_id, _position in people)
        if size <= room:
            yield f"{room} places are empty, and a party of {size} waits"
        if party.passed >= PATIENCE:
            break  # what is free is held for it


def _commit_bare(database_url: str) -> Load:
    """The same rows again, for another event, by as many threads: no portal, no lock on the event, no queue."""
    engine = prepare(create_engine(database_url, pool_size=CLIENTS))
    make_room(engine)

    def commit(rows: Rows) -> float:
        begun = time.monotonic()
        write(engine, rows)
        return time.monotonic() - begun

    registrations = list(rows_again(engine))
    with ThreadPoolExecutor(CLIENTS) as threads:
        begun = time.monotonic()
        waits = list(threads.map(commit, registrations))
        took = time.monotonic() - begun
    engine.dispose()
    return Load(len(waits) / took, waits)
