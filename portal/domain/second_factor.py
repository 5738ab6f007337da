"""The second factor beside a password: a code from an app (TOTP, RFC 6238), or one of the recovery codes.

What the app knows has to be known here too, so it cannot be hashed; it is encrypted under the secret key, so that a
copy of the database alone gives no codes. A recovery code has 119 bits, and a hash of it is enough.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

import pyotp
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from portal.domain import passwords, sealing
from portal.domain.accounts import Office, end_sign_ins, forget_factors
from portal.domain.errors import AccountRefused, CodeRefused
from portal.storage.identity import Passkey, RecoveryCode, Rule
from portal.storage.models import Organiser, OrganiserSession

CODES = 8
STEP = 30
"""Seconds that a code counts; the one before and the one after do too, for telephones whose clock is off."""
RULE = "second_factor"
PURPOSE = "second factor"


@dataclass(frozen=True)
class Offer:
    """A secret for somebody's app; ``sealed`` brings it back, and says for whom it was."""

    secret: str
    uri: str
    sealed: str


def required(session: Session) -> bool:
    """Whether everybody has to have a second factor."""
    rule = session.get(Rule, RULE)
    return rule is not None and rule.value == "required"


def require(office: Office, everybody: bool) -> None:
    """Decide whether everybody has to have one. Who is signed in without is led to set one up at the next step."""
    if everybody == required(office.session):
        return
    office.session.merge(Rule(name=RULE, value="required" if everybody else "free"))
    office.note("rule_required" if everybody else "rule_free", None)
    if everybody:
        with_keys = select(Passkey.organiser_id)
        without = select(Organiser.id).where(Organiser.totp_secret == "", Organiser.id.not_in(with_keys))
        office.session.execute(
            update(OrganiserSession)
            .where(OrganiserSession.organiser_id.in_(without), OrganiserSession.stage == "in")
            .values(stage="set_up", created_at=office.now)
        )


def has(session: Session, organiser: Organiser) -> bool:
    """Whether somebody has a second factor: the app, or a passkey."""
    return bool(organiser.totp_secret) or bool(number_of_passkeys(session, organiser.id))


def number_of_passkeys(session: Session, organiser_id: int) -> int:
    """How many passkeys somebody has."""
    return session.scalar(select(func.count()).where(Passkey.organiser_id == organiser_id)) or 0


def who_has(session: Session) -> set[int]:
    """The numbers of all accounts that have a second factor."""
    apps = session.scalars(select(Organiser.id).where(Organiser.totp_secret != ""))
    return {*apps, *session.scalars(select(Passkey.organiser_id))}


def number_of_codes(session: Session, organiser_id: int) -> int:
    """How many recovery codes somebody has left."""
    return session.scalar(select(func.count()).where(RecoveryCode.organiser_id == organiser_id)) or 0


def offer(secret_keys: tuple[str, ...], organiser: Organiser, issuer: str, sealed: str = "") -> Offer:
    """A new secret for somebody's app, or the one of an offer that is still open."""
    still = _opened(secret_keys, organiser.id, sealed)
    secret = still or pyotp.random_base32()
    return Offer(
        secret,
        pyotp.TOTP(secret).provisioning_uri(name=organiser.email, issuer_name=issuer),
        sealed if still else _sealed(secret_keys, organiser.id, secret),
    )


def turn_on(
    office: Office, secret_keys: tuple[str, ...], organiser_id: int, sealed: str, code: str, *, this_one: str
) -> list[str]:
    """The app counts from now on, once it has shown a right code; returns recovery codes when there were none.

    All sign-ins end but the one whose token has the hash ``this_one``. Raises CodeRefused.
    """
    organiser = office.account(organiser_id)
    secret = _opened(secret_keys, organiser_id, sealed)
    step = _step(secret, code, office.now) if secret else None
    if step is None:
        raise CodeRefused
    organiser.totp_secret, organiser.totp_step = _sealed(secret_keys, organiser_id, secret), step
    changed(office, organiser, "app_on", this_one)
    return [] if number_of_codes(office.session, organiser_id) else new_codes(office, organiser_id)


def turn_off(office: Office, organiser_id: int, *, this_one: str) -> None:
    """The app counts no more. Raises AccountRefused ``last_factor``."""
    organiser = office.account(organiser_id)
    if organiser.totp_secret:
        organiser.totp_secret = ""
        keep_one(office, organiser)
        changed(office, organiser, "app_off", this_one)


def new_codes(office: Office, organiser_id: int) -> list[str]:
    """Recovery codes in place of those of before; they are shown this once."""
    organiser = office.account(organiser_id)
    codes = ["-".join(passwords.secret_words(6, 4)) for _ in range(CODES)]
    office.session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser_id))
    office.session.add_all(RecoveryCode(code_hash=_hash(code), organiser_id=organiser_id) for code in codes)
    office.note("codes", organiser)
    return codes


def strip(office: Office, organiser_id: int) -> None:
    """Take away every second factor of somebody who has lost theirs, and end their sign-ins."""
    organiser = office.account(organiser_id)
    forget_factors(office.session, organiser)
    changed(office, organiser, "factor_removed", "")


def check(office: Office, secret_keys: tuple[str, ...], organiser_id: int, typed: str) -> bool:
    """Whether what was typed is a code of the app, or a recovery code; it counts only now. Needs a transaction.

    What an older key had encrypted is from now on encrypted with the newest.
    """
    session, typed = office.session, "".join(typed.split())
    organiser = office.account(organiser_id)
    secret = _opened(secret_keys, organiser_id, organiser.totp_secret)
    if secret and (step := _step(secret, typed, office.now)) is not None:
        unused = or_(Organiser.totp_step.is_(None), Organiser.totp_step < step)
        sealed = _sealed(secret_keys, organiser_id, secret)
        used = update(Organiser).where(
            Organiser.id == organiser_id, Organiser.totp_secret == organiser.totp_secret, unused
        )
        used = used.values(totp_step=step, totp_secret=sealed)
        return bool(session.execute(used).rowcount)  # type: ignore[attr-defined]  # a CursorResult
    recovery = delete(RecoveryCode).where(
        RecoveryCode.organiser_id == organiser_id, RecoveryCode.code_hash == _hash(typed)
    )
    if not session.execute(recovery).rowcount:  # type: ignore[attr-defined]
        return False
    office.note("recovery", organiser, str(number_of_codes(session, organiser_id)))
    office.tell(organiser, "recovery")
    return True


def keep_one(office: Office, organiser: Organiser) -> None:
    """Raises AccountRefused ``last_factor`` when somebody would be without and must not; recovery codes go with the
    last of what they stand in for."""
    office.session.flush()
    if has(office.session, organiser):
        return
    if required(office.session):
        raise AccountRefused("everybody has to have a second factor", "last_factor")
    office.session.execute(delete(RecoveryCode).where(RecoveryCode.organiser_id == organiser.id))


def changed(office: Office, organiser: Organiser, what: str, this_one: str) -> None:
    """How somebody signs in has changed: it is written down, they are told, and their other sign-ins end."""
    office.note(what, organiser)
    office.tell(organiser, what)
    end_sign_ins(office, organiser, but=this_one)


def _step(secret: str, code: str, now: datetime) -> int | None:
    """The time step of which this is the code."""
    totp = pyotp.TOTP(secret, interval=STEP)
    current = int(now.timestamp()) // STEP
    for step in (current - 1, current, current + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            return step
    return None


def _sealed(secret_keys: tuple[str, ...], organiser_id: int, secret: str) -> str:
    return sealing.seal(secret_keys, PURPOSE, organiser_id, secret)


def _opened(secret_keys: tuple[str, ...], organiser_id: int, sealed: str) -> str:
    return sealing.unseal(secret_keys, PURPOSE, organiser_id, sealed)


def _hash(code: str) -> str:
    return sha256("".join(filter(str.isalnum, code.lower())).encode()).hexdigest()
