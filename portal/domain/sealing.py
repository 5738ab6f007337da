"""Secrets that have to be known here, and so cannot be hashed: encrypted under the secret key, so that a copy of the
database alone gives none."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet


def seal(secret_keys: tuple[str, ...], purpose: str, whose: object, secret: str) -> str:
    """A secret as it is stored, under the first key; it opens for the same purpose and owner alone."""
    return _fernet(secret_keys, purpose).encrypt(f"{whose} {secret}".encode()).decode()


def unseal(secret_keys: tuple[str, ...], purpose: str, whose: object, sealed: str) -> str:
    """The secret; empty when there is none, when it is another one's, or when none of the keys sealed it."""
    from cryptography.fernet import InvalidToken

    try:
        owner, secret = _fernet(secret_keys, purpose).decrypt(sealed.encode()).decode().split()
    except (InvalidToken, ValueError):
        return ""
    return secret if owner == str(whose) else ""


def _fernet(secret_keys: tuple[str, ...], purpose: str) -> "MultiFernet":
    # A tenth of the portal's start, were it loaded then; most portals have nothing sealed.
    from cryptography.fernet import Fernet, MultiFernet

    keys = (hmac.digest(key.encode(), purpose.encode(), sha256) for key in secret_keys)
    return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in keys])
