"""The key to a registration: a link that only its registrant has.

The token is derived from the secret key, so that the link can be written into a letter, or given again to who
sends the same form twice, without being stored. It is found by its hash, so that links already out keep working
when the secret key changes, and who reads the database cannot open a registration. The hash also tells which key it
was made with, so that later letters carry the same link as long as that key is known.
"""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, joinedload

from portal.storage.models import Attendee, Registration

TOKEN_BYTES = 24


def token(secret_key: str, event_slug: str, form_id: str) -> str:
    """The token of the registration that this form made for this event: 192 bits, safe in a URL."""
    about = f"registration\0{event_slug}\0{form_id}"
    digest = hmac.digest(secret_key.encode(), about.encode(), sha256)
    return urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()


def token_of(secret_keys: tuple[str, ...], registration: Registration) -> str:
    """The token of a registration, made with the key of its time; with none of them, one that opens nothing."""
    made = [token(key, registration.event_slug, registration.form_id) for key in secret_keys]
    return next(
        (one for one in made if hmac.compare_digest(token_hash(one), registration.token_hash)), made[0]
    )


def token_hash(token: str) -> str:
    """What is stored of a token. It needs no salt: a token is random already."""
    return sha256(token.encode()).hexdigest()


def find(session: Session, token: str) -> Registration | None:
    """The registration that the token opens, with its people, answers and payments; None when it opens nothing."""
    return session.scalars(_OPENED, {"token_hash": token_hash(token)}).unique().one_or_none()


_OPENED = (
    select(Registration)
    .where(Registration.token_hash == bindparam("token_hash"))
    .options(
        joinedload(Registration.attendees).joinedload(Attendee.all_answers),
        joinedload(Registration.billing),
        joinedload(Registration.payments),
    )
)
