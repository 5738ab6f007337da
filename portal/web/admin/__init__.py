"""The organisers' side: what is coming, who comes, and what is to be done about it."""

from flask import Blueprint

from portal.web.organiser import require_organiser

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_organiser)


from portal.web.admin import (  # noqa: E402  # their routes
    attendees,  # noqa: F401
    content,  # noqa: F401
    mailing,  # noqa: F401
    moving,  # noqa: F401
    numbers,  # noqa: F401
    overview,  # noqa: F401
    payments,  # noqa: F401
    people_from_file,  # noqa: F401
    privacy,  # noqa: F401
    registration,  # noqa: F401
    selection,  # noqa: F401
)
