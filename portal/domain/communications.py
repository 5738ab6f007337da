"""The numbers that transfers are known by."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.formats.transfer import HIGHEST_NUMBER, communication_for
from portal.storage.models import Registration


def new_communication(session: Session) -> str:
    """Twelve digits that no registration has or had."""
    while True:
        digits = communication_for(1 + secrets.randbelow(HIGHEST_NUMBER))
        if session.scalar(select(Registration.id).where(Registration.communication == digits)) is None:
            return digits
