"""The API: what programs read, events by anybody and attendees with a token. No session and no cookie plays a part."""

from portal.web.api import (
    attendees,  # noqa: F401  # their routes
    description,  # noqa: F401
    events,  # noqa: F401
)
from portal.web.api.operations import blueprint

__all__ = ["blueprint"]
