"""Secrets that have to be known here, and so cannot be hashed: encrypted under the secret key, so that a copy of the
database alone gives none."""

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken


def seal(secret_key: str, purpose: str, whose: object, secret: str) -> str:
    """A secret as it is stored; it opens for the same purpose and owner alone."""
    return _fernet(secret_key, purpose).encrypt(f"{whose} {secret}".encode()).decode()


def unseal(secret_key: str, purpose: str, whose: object, sealed: str) -> str:
    """The secret; empty when there is none, when it is another one's, or when the secret key is another one."""
    try:
        owner, secret = _fernet(secret_key, purpose).decrypt(sealed.encode()).decode().split()
    except (InvalidToken, ValueError):
        return ""
    return secret if owner == str(whose) else ""


def _fernet(secret_key: str, purpose: str) -> Fernet:
    return Fernet(urlsafe_b64encode(hmac.digest(secret_key.encode(), purpose.encode(), sha256)))
