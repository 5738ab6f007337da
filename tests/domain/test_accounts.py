"""Accounts in the shell and under contention, and the words that passwords are measured by."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pyotp
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.domain import accounts, audit, passwords, second_factor, sign_ins
from portal.domain.accounts import Office
from portal.domain.audit import By
from portal.domain.errors import AccountRefused, PasswordRefused
from portal.domain.sign_ins import Browser
from portal.formats.user_agent import device
from portal.storage.database import connect, transaction
from portal.storage.identity import AuditEntry, RecoveryCode
from portal.storage.models import OWNER, Organiser

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
KEYS = ("k" * 40,)


def test_two_owners_who_take_each_other_away_leave_one(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, transaction(session):
        ids = [accounts.add(session, f"{n}@x.example", "owner", PASSWORD, now=NOW).id for n in ("an", "bo")]
    together = Barrier(2)

    def take_away(other: int) -> str:
        together.wait()
        try:
            with Session(engine) as session, transaction(session):
                accounts.change(Office(session, NOW, By("organiser")), other, "door", [])
        except AccountRefused as refused:
            return refused.kind
        return "done"

    with ThreadPoolExecutor(2) as both:
        assert sorted(both.map(take_away, ids)) == ["done", "last_owner"]
    with Session(engine) as session:
        assert len(session.scalars(select(Organiser.id).where(Organiser.role == OWNER)).all()) == 1
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_who_takes_an_owner_away_is_alone_with_the_owners(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, transaction(session):
        ids = [accounts.add(session, f"{n}@x.example", "owner", PASSWORD, now=NOW).id for n in ("an", "bo")]
    with Session(engine) as first, transaction(first):
        accounts.change(Office(first, NOW), ids[0], "door", [])
        with (
            Session(engine) as second,
            pytest.raises(OperationalError, match="lock timeout"),
            transaction(second),
        ):
            second.execute(text("SET lock_timeout = 50"))  # milliseconds
            accounts.close(Office(second, NOW), ids[1])
    engine.dispose()


def test_a_code_counts_once_however_many_send_it(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, transaction(session):
        organiser = accounts.add(session, "an@x.example", "owner", PASSWORD, now=NOW)
        offer = second_factor.offer(KEYS, organiser, "X")
        office, app = Office(session, NOW), pyotp.TOTP(offer.secret)
        second_factor.turn_on(office, KEYS, organiser.id, offer.sealed, app.at(NOW), this_one="")
        organiser_id = organiser.id
    later = NOW + timedelta(minutes=1)
    together = Barrier(4)

    def send(_number: int) -> bool:
        together.wait()
        with Session(engine) as session, transaction(session):
            return second_factor.check(Office(session, later), KEYS, organiser_id, app.at(later))

    with ThreadPoolExecutor(4) as all_of_them:
        assert sorted(all_of_them.map(send, range(4))) == [False, False, False, True]
    engine.dispose()


def test_a_reset_in_the_shell_helps_who_has_lost_everything(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, transaction(session):
        organiser = accounts.add(session, "an@x.example", "owner", PASSWORD, now=NOW)
        offer = second_factor.offer(KEYS, organiser, "X")
        code = pyotp.TOTP(offer.secret).at(NOW)
        second_factor.turn_on(Office(session, NOW), KEYS, organiser.id, offer.sealed, code, this_one="")
        accounts.disable(session, "an@x.example", NOW)
    with Session(engine) as session, transaction(session):
        accounts.reset(session, "AN@x.example", "another long sentence", NOW)
    with Session(engine) as session, transaction(session):
        assert not sign_ins.authenticate(session, "an@x.example", PASSWORD).opens
        answer = sign_ins.authenticate(session, "an@x.example", "another long sentence")
        assert answer.opens
        assert sign_ins.begin(session, answer.organiser_id or 0, Browser(), NOW)[1] == sign_ins.IN
        assert session.scalars(select(RecoveryCode)).first() is None
        said = [
            (entry.actor, entry.action)
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]
    assert said == [("shell", what) for what in ("added", "app_on", "codes", "disabled", "enabled", "reset")]
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_app_sealed_under_another_key_or_for_another_person_is_none(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, transaction(session):
        an = accounts.add(session, "an@x.example", "owner", PASSWORD, now=NOW)
        bo = accounts.add(session, "bo@x.example", "owner", PASSWORD, now=NOW)
        offer = second_factor.offer(KEYS, an, "X")
        assert second_factor.offer(KEYS, an, "X", offer.sealed) == offer
        assert second_factor.offer(KEYS, bo, "X", offer.sealed).secret != offer.secret
        assert second_factor.offer(("z" * 40,), an, "X", offer.sealed).secret != offer.secret
    engine.dispose()


@pytest.mark.parametrize(
    "password",
    [
        "Welkom2024!!",
        "wachtwoord1234",
        "123456789012",
        "qwertyuiop12",
        "zyxwvutsrqpo",
        "abc1abc1abc1",
        "aaaaaaaaaaab",
        "!!motdepasse!!",
        "leraars.example",
    ],
)
def test_what_everybody_tries_first_is_no_password(password: str) -> None:
    with pytest.raises(PasswordRefused):
        passwords.chosen(password, ["an", "leraars.example"])


@pytest.mark.parametrize(
    "password", [PASSWORD, "7 kleine geitjes", "zonder één hoofdletter", "🐴" * 3 + " accu nietje"]
)
def test_what_a_password_is_made_of_is_free(password: str) -> None:
    assert passwords.right(password, passwords.chosen(password))


def test_passwords_that_are_made_are_long_enough_and_never_alike() -> None:
    made = {passwords.new() for _ in range(50)}
    assert len(made) == 50
    assert all(passwords.right(one, passwords.chosen(one)) for one in list(made)[:1])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("unix", ""),
        (None, ""),
    ],
)
def test_of_where_somebody_comes_from_only_the_network_is_kept(address: str | None, network: str) -> None:
    assert audit.network(address) == network


LIKE_GECKO = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0) {LIKE_GECKO} Chrome/140 Safari/537.36 Edg/140", "Edge, Windows"),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) {LIKE_GECKO} Version/18.0 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0", "Firefox, Android"),
        ("curl/8.5", ""),
    ],
)
def test_a_device_has_the_name_that_its_owner_knows(user_agent: str, words: str) -> None:
    assert device(user_agent) == words


def test_an_unknown_address_takes_as_much_work_as_a_known_one() -> None:
    assert not passwords._hasher.check_needs_rehash(passwords.NOBODYS)
