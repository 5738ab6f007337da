"""Links in letters that open something once: an account, another address.

What is random in the link stands in the letter, as a mark, and as a hash in a row. Only while sending the mark becomes
a link, with a proof by the secret key: who reads the database, letters included, opens nothing.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256

PLACES = {"account-link": "/admin/link/", "address-link": "/addresses/"}
"""What can be opened, and where."""
PROOF_BYTES = 24

_MARK = re.compile(rf"\{{({'|'.join(PLACES)}):([\w-]+)\}}")


def mark(opens: str, token: str) -> str:
    """What stands in the letter until it is sent."""
    return f"{{{opens}:{token}}}"


def with_links(text: str, base_url: str, secret_key: str) -> str:
    """A letter's text as it is sent: each mark becomes the link."""
    return _MARK.sub(
        lambda found: f"{base_url}{PLACES[found[1]]}{signed(secret_key, found[1], found[2])}", text
    )


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
