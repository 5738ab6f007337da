"""Passkeys (WebAuthn): what a device holds and a person unlocks, two factors in one step.

The library checks what a browser answers; here is what was asked, of whom, and that it counts once.

The library is loaded by who first needs it: it takes longer than all of Flask.
"""

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain.accounts import Office
from portal.domain.errors import CodeRefused
from portal.domain.second_factor import changed, keep_one
from portal.storage.identity import Challenge, Passkey
from portal.storage.models import Organiser

ANSWERED_WITHIN = timedelta(minutes=5)
MOST = 10
"""Passkeys of one account."""
LONGEST_NAME = 100
_CREDENTIAL_ID = re.compile(r"[\w-]{1,1400}", re.ASCII)
"""Base64url of at most 1023 bytes, which the table holds."""


@dataclass(frozen=True)
class Place:
    """For which site a passkey is: the portal's address as the outside knows it."""

    base_url: str
    name: str

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def possible(self) -> bool:
        """Browsers know passkeys for names only, and only over TLS or on the own machine."""
        with suppress(ValueError):
            ip_address(self.host)
            return False
        return self.base_url.startswith("https://") or self.host == "localhost"


def of(session: Session, organiser_id: int) -> Sequence[Passkey]:
    """Somebody's passkeys, the oldest first."""
    return session.scalars(select(Passkey).filter_by(organiser_id=organiser_id).order_by(Passkey.id)).all()


def ask_for_new(session: Session, organiser_id: int, place: Place, now: datetime) -> str:
    """What a browser has to be asked to make a passkey: JSON. Needs a transaction."""
    import webauthn
    from webauthn.helpers import structs

    organiser = session.get_one(Organiser, organiser_id)
    known = [
        structs.PublicKeyCredentialDescriptor(id=webauthn.base64url_to_bytes(key.credential_id))
        for key in of(session, organiser_id)
    ]
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=place.name,
        user_id=f"organiser {organiser.id}".encode(),
        user_name=organiser.email,
        challenge=_challenge(session, organiser_id, now),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=known,
    )
    return webauthn.options_to_json(options)


def add(office: Office, organiser_id: int, place: Place, answer: Any, name: str, *, this_one: str) -> Passkey:
    """Keep the passkey that a browser made; all sign-ins end but the one whose token has the hash ``this_one``.

    Raises CodeRefused.
    """
    import webauthn

    organiser = office.account(organiser_id)
    challenge = _answered(office.session, answer, organiser_id, office.now)
    if len(of(office.session, organiser_id)) >= MOST:
        raise CodeRefused
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.base_url,
            require_user_verification=True,
        )
    except (webauthn.helpers.exceptions.WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise CodeRefused from error
    credential_id = webauthn.helpers.bytes_to_base64url(made.credential_id)
    if office.session.scalars(select(Passkey).filter_by(credential_id=credential_id)).first():
        raise CodeRefused
    passkey = Passkey(
        organiser_id=organiser_id,
        credential_id=credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name[:LONGEST_NAME],
        made_at=office.now,
    )
    office.session.add(passkey)
    changed(office, organiser, "passkey_on", this_one)
    return passkey


def remove(office: Office, organiser_id: int, passkey_id: int, *, this_one: str) -> None:
    """Forget a passkey. Raises AccountRefused ``last_factor``; nothing happens when it is not there."""
    organiser = office.account(organiser_id)
    passkey = office.session.get(Passkey, passkey_id)
    if passkey is None or passkey.organiser_id != organiser_id:
        return
    office.session.delete(passkey)
    keep_one(office, organiser)
    changed(office, organiser, "passkey_off", this_one)


def ask_to_sign(session: Session, place: Place, now: datetime) -> str:
    """What a browser has to be asked to sign in, whoever it is: JSON. Needs a transaction."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=_challenge(session, None, now),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def whose(session: Session, place: Place, answer: Any, now: datetime) -> int:
    """The number of the account whose passkey has signed. Needs a transaction. Raises CodeRefused."""
    import webauthn

    challenge = _answered(session, answer, None, now)
    credential_id = str(answer.get("id"))
    if not _CREDENTIAL_ID.fullmatch(credential_id):
        raise CodeRefused
    known = session.scalars(
        select(Passkey)
        .join(Organiser)
        .where(Passkey.credential_id == credential_id, Organiser.disabled_at.is_(None))
    ).one_or_none()
    if known is None:
        raise CodeRefused
    try:
        signed = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=place.host,
            expected_origin=place.base_url,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except (webauthn.helpers.exceptions.WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise CodeRefused from error
    known.sign_count, known.used_at = signed.new_sign_count, now
    return known.organiser_id


def _challenge(session: Session, organiser_id: int | None, now: datetime) -> bytes:
    session.execute(delete(Challenge).where(Challenge.made_at <= now - ANSWERED_WITHIN))
    challenge = secrets.token_bytes(32)
    session.add(Challenge(challenge_hash=_hash(challenge), organiser_id=organiser_id, made_at=now))
    return challenge


def _answered(session: Session, answer: Any, organiser_id: int | None, now: datetime) -> bytes:
    """The challenge that a browser says to have signed, when it was ours and for this person; it is used up."""
    import webauthn

    try:
        told = webauthn.helpers.parse_client_data_json(
            webauthn.base64url_to_bytes(answer["response"]["clientDataJSON"])
        )
    except (
        webauthn.helpers.exceptions.WebAuthnException,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise CodeRefused from error
    whom = (
        Challenge.organiser_id.is_(None) if organiser_id is None else Challenge.organiser_id == organiser_id
    )
    ours = delete(Challenge).where(
        Challenge.challenge_hash == _hash(told.challenge), whom, Challenge.made_at > now - ANSWERED_WITHIN
    )
    if not session.execute(ours).rowcount:  # type: ignore[attr-defined]  # a CursorResult
        raise CodeRefused
    return told.challenge


def _hash(challenge: bytes) -> str:
    return sha256(challenge).hexdigest()
