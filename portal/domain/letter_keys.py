"""Links in letters that are keys: to a registration, or once to an account or another address.

A mark stands in the letter where a link goes. What is random in a link that opens once stands in the mark, and as a
hash in a row. Only while sending the mark becomes a link, with a proof by the secret key: who reads the database,
letters included, opens nothing.

A mark counts in its own letter alone: it carries what is random in the letter's Message-ID, which nobody knows before
all of the letter is written. So nothing that is typed, in a name, an answer, a mailing or a file, is ever a mark.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from portal.domain import registration_link
from portal.storage.models import Letter

REGISTRATION = "registration-link"
PLACES = {REGISTRATION: "/registrations/", "account-link": "/admin/link/", "address-link": "/addresses/"}
"""What can be opened, and where."""
PROOF_BYTES = 24

BEING_WRITTEN = secrets.token_hex(16)
"""Stands in the marks of a letter that is being written; no text leaves this process with it."""

MARK = re.compile(rf"\{{({'|'.join(PLACES)}):([\w-]*):([0-9a-f]{{32}})\}}", re.ASCII)


def mark(opens: str, token: str = "") -> str:
    """What stands for a link in a letter that is being written. A registration's has no token: it is derived."""
    return f"{{{opens}:{token}:{BEING_WRITTEN}}}"


def bound(text: str, message_id: str) -> str:
    """A text that was written, with its marks those of this letter."""
    return text.replace(BEING_WRITTEN, _letters_own(message_id))


def with_links(letter: Letter, text: str, base_url: str, secret_keys: tuple[str, ...]) -> str:
    """A text of the letter as it is sent: each of its own marks becomes the link."""

    def link(found: re.Match[str]) -> str:
        opens, token, of = found.groups()
        if of != _letters_own(letter.message_id):
            return found[0]
        if opens != REGISTRATION:
            last = signed(secret_keys[0], opens, token)
        elif letter.registration:
            last = registration_link.token_of(secret_keys, letter.registration)
        else:
            return ""
        return f"{base_url}{PLACES[opens]}{last}"

    return MARK.sub(link, text)


def signed(secret_key: str, opens: str, token: str) -> str:
    """The last part of the link that a token stands for."""
    return f"{token}.{_proof(secret_key, opens, token)}"


def hash_of(secret_keys: tuple[str, ...], opens: str, shown: str) -> str:
    """What is stored of the token in a link's last part; empty, which nothing is, when none of our keys proves it."""
    token, _, proof = shown.partition(".")
    ours = [_proof(key, opens, token).encode() for key in secret_keys]
    return stored(token) if any(hmac.compare_digest(proof.encode(), one) for one in ours) else ""


def stored(token: str) -> str:
    """The hash in the row. It needs no salt: a token is random already."""
    return sha256(token.encode()).hexdigest()


def _proof(secret_key: str, opens: str, token: str) -> str:
    digest = hmac.digest(secret_key.encode(), f"{opens}\0{token}".encode(), sha256)
    return urlsafe_b64encode(digest[:PROOF_BYTES]).decode()


def _letters_own(message_id: str) -> str:
    return message_id.strip("<").partition("@")[0]
