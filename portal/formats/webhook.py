"""Messages to another program, signed as the Standard Webhooks specification says (version 1, symmetric)."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

PREFIX = "whsec_"
KEY_BYTES = 32


def new_secret() -> str:
    """A key as people copy it."""
    return PREFIX + b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def headers(message_id: str, body: bytes, at: datetime, keys: Iterable[str]) -> dict[str, str]:
    """What goes with ``body`` when it is sent at this time: a signature with each of ``keys``, so that a receiver may
    know either while one takes the place of another."""
    seconds = int(at.timestamp())
    signed = b".".join([message_id.encode(), str(seconds).encode(), body])
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{_signature(key, signed)}" for key in keys),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = b64decode(secret.removeprefix(PREFIX), validate=True)
    return b64encode(hmac.digest(key, signed, sha256)).decode()
