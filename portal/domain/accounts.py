"""Organisers' accounts: who they are, what they may, and how an account comes and goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.content.addresses import email_key, is_address
from portal.domain import audit, passwords
from portal.domain.audit import SHELL, By
from portal.domain.errors import AccountRefused
from portal.domain.letters import LetterWriter
from portal.storage.identity import AccountLink, Passkey, RecoveryCode
from portal.storage.models import DOOR, ORGANISER, OWNER, Organiser, OrganiserEvent, OrganiserSession

ROLES = (OWNER, ORGANISER, DOOR)
BECAME = " → "


@dataclass(frozen=True)
class Office:
    """Where accounts are changed: inside one transaction, by whom, when, and who writes the letters about it.

    In the shell nobody does: who types there tells the others.
    """

    session: Session
    now: datetime
    by: By = SHELL
    write: LetterWriter | None = None

    def account(self, organiser_id: int) -> Organiser:
        """The account with this number, as it is now. Raises AccountRefused ``gone``."""
        organiser = self.session.get(Organiser, organiser_id)
        if organiser is None:
            raise AccountRefused("there is no such account", "gone")
        return organiser

    def note(self, action: str, organiser: Organiser | None, note: str = "") -> None:
        """Write down what was done to an account, or to all of them."""
        audit.note(self.session, self.now, self.by, action, organiser.id if organiser else None, note)

    def tell(self, organiser: Organiser, what: str) -> None:
        """Tell somebody what has changed about their account; the kinds are those of ``templates/mail/account``."""
        if self.write:
            self.session.add(self.write.to_account("account", organiser.email, what=what))


def find(session: Session, email: str) -> Organiser | None:
    """The account of an address."""
    if not is_address(email):
        return None
    return session.scalars(select(Organiser).where(Organiser.email_key == email_key(email))).one_or_none()


def everybody(session: Session) -> Sequence[Organiser]:
    """All accounts, by address."""
    return session.scalars(select(Organiser).order_by(Organiser.email_key)).all()


def exist(session: Session) -> bool:
    """Whether there is any account yet."""
    return bool(session.scalar(select(func.count()).select_from(Organiser)))


def add(
    session: Session, email: str, role: str, password: str, *, events: Sequence[str] = (), now: datetime
) -> Organiser:
    """A new account, made in the shell; ``events`` are the slugs to which it is bound, none for all.

    Raises AccountRefused.
    """
    organiser = new(Office(session, now), email, role, events)
    organiser.password_hash = passwords.chosen(password, words_about(organiser))
    return organiser


def new(office: Office, email: str, role: str, events: Sequence[str] = ()) -> Organiser:
    """An account that nobody can open yet. Raises AccountRefused ``address``, ``known``, ``events``."""
    if not is_address(email):
        raise AccountRefused(f"{email!r} is no e-mail address", "address")
    if find(office.session, email) is not None:
        raise AccountRefused(
            f"there is an account for {email} already; `portal user reset {email}` gives a new password",
            "known",
        )
    organiser = Organiser(
        email=email, email_key=email_key(email), password_hash="", created_at=office.now, events=[]
    )
    _give(organiser, role, events)
    office.session.add(organiser)
    office.session.flush()
    office.note("added" if office.by == SHELL else "invited", organiser, _written(organiser))
    return organiser


def change(office: Office, organiser_id: int, role: str, events: Sequence[str]) -> None:
    """Another role, other events. Raises AccountRefused ``gone``, ``events``, ``last_owner``."""
    _hold_owners(office.session)
    organiser = office.account(organiser_id)
    before = _written(organiser)
    if role != OWNER:
        _keep_an_owner(office.session, organiser)
    _give(organiser, role, events)
    if before != (after := _written(organiser)):
        office.note("role", organiser, f"{before}{BECAME}{after}")


def disable(session: Session, email: str, now: datetime) -> Organiser:
    """Close an account in the shell and end its sign-ins. Raises AccountRefused when there is none."""
    organiser = _known(session, email)
    _close(Office(session, now), organiser)
    return organiser


def close(office: Office, organiser_id: int) -> None:
    """Close an account and end its sign-ins. Raises AccountRefused ``gone``, ``last_owner``."""
    _hold_owners(office.session)
    organiser = office.account(organiser_id)
    _keep_an_owner(office.session, organiser)
    _close(office, organiser)


def enable(office: Office, organiser_id: int) -> None:
    """Open a closed account again. Raises AccountRefused ``gone``."""
    organiser = office.account(organiser_id)
    if organiser.disabled_at is not None:
        organiser.disabled_at = None
        office.note("enabled", organiser)


def reset(session: Session, email: str, password: str, now: datetime) -> Organiser:
    """Give an account another password in the shell, open it again, and end its sign-ins; it has no second factor
    any more. Raises AccountRefused."""
    organiser, office = _known(session, email), Office(session, now)
    organiser.password_hash = passwords.chosen(password, words_about(organiser))
    enable(office, organiser.id)
    forget_factors(session, organiser)
    end_sign_ins(office, organiser)
    office.note("reset", organiser)
    return organiser


def forget_factors(session: Session, organiser: Organiser) -> None:
    """Take away the app, the passkeys and the recovery codes."""
    organiser.totp_secret = ""
    for table in (Passkey, RecoveryCode):
        session.execute(delete(table).where(table.organiser_id == organiser.id))


def end_sign_ins(office: Office, organiser: Organiser, but: str = "") -> int:
    """End somebody's sign-ins, save the one whose token has this hash; returns how many."""
    ended = office.session.execute(
        delete(OrganiserSession).where(
            OrganiserSession.organiser_id == organiser.id, OrganiserSession.token_hash != but
        )
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]  # a CursorResult


def sign_out_everywhere(office: Office, organiser_id: int) -> None:
    """End all of somebody's sign-ins, and write that down. Raises AccountRefused ``gone``."""
    organiser = office.account(organiser_id)
    office.note("signed_out", organiser, str(end_sign_ins(office, organiser)))


def words_about(organiser: Organiser) -> list[str]:
    """What anybody would try as this person's password."""
    name, _, host = organiser.email.partition("@")
    return [
        name,
        host,
        organiser.email,
        *name.replace("-", ".").replace("_", ".").split("."),
        *host.split("."),
    ]


def _give(organiser: Organiser, role: str, events: Sequence[str]) -> None:
    if role not in ROLES:
        raise AccountRefused(f"{role!r} is no role: {', '.join(ROLES)}")
    if role == OWNER and events:
        raise AccountRefused("an owner is bound to no event", "events")
    organiser.role = role
    bound = {event.event_slug: event for event in organiser.events}
    organiser.events = [
        bound.get(slug) or OrganiserEvent(event_slug=slug) for slug in sorted(dict.fromkeys(events))
    ]


def _written(organiser: Organiser) -> str:
    return " ".join([organiser.role, *(event.event_slug for event in organiser.events)])


def standings(note: str) -> list[tuple[str, list[str]]]:
    """What a line of the log says that an account was, or was and became: the role, and the events to which it is
    bound."""
    return [(role, slugs) for role, *slugs in map(str.split, note.split(BECAME))]


def _close(office: Office, organiser: Organiser) -> None:
    if organiser.disabled_at is None:
        organiser.disabled_at = office.now
        office.note("disabled", organiser)
    end_sign_ins(office, organiser)
    office.session.execute(delete(AccountLink).where(AccountLink.organiser_id == organiser.id))


def _hold_owners(session: Session) -> None:
    """From here on nobody else takes an owner away."""
    held = select(Organiser.id).where(Organiser.role == OWNER).order_by(Organiser.id).with_for_update()
    session.execute(held).all()
    session.expire_all()


def _keep_an_owner(session: Session, organiser: Organiser) -> None:
    """Raises AccountRefused ``last_owner`` when nobody could open the accounts page without this one."""
    others = select(func.count()).where(
        Organiser.role == OWNER,
        Organiser.disabled_at.is_(None),
        Organiser.password_hash != "",
        Organiser.id != organiser.id,
    )
    if organiser.role == OWNER and not session.scalar(others):
        raise AccountRefused("there would be no owner left", "last_owner")


def _known(session: Session, email: str) -> Organiser:
    organiser = find(session, email)
    if organiser is None:
        raise AccountRefused(f"there is no account for {email}; `portal user list` shows all", "gone")
    return organiser
