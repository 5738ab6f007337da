"""E-mail addresses: what is one, and when two are the same."""

from functools import lru_cache

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

LONGEST = 254
"""RFC 5321, 4.5.3.1.3, less the angle brackets: longer ones cannot be delivered to."""


def is_address(text: str) -> bool:
    """Whether ``text`` is one address that mail can go to, international ones included (RFC 6531)."""
    if "=?" in text:
        # An encoded word, which is none (RFC 2047, 5): in a header it would become something else.
        return False
    try:
        _checked(text)
    except EmailNotValidError:
        return False
    return True


def email_key(address: str) -> str:
    """The address as people mean it: two that only differ in case, in Unicode form or in how the domain is
    encoded (IDNA) have one key. ``address`` has passed ``is_address``."""
    checked = _checked(address)
    return f"{checked.local_part.casefold()}@{checked.ascii_domain or checked.domain}".lower()


def deliverable(address: str) -> str:
    """The address as mail servers take it: the domain in ASCII (IDNA), so that no server has to know better."""
    checked = _checked(address)
    return checked.ascii_email or checked.normalized


@lru_cache(64)  # one request asks half a dozen times about the same address
def _checked(address: str) -> ValidatedEmail:
    return validate_email(address, check_deliverability=False)
