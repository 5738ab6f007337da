"""The organisers' side: what is coming, who comes, and what is to be done about it."""

from flask import Blueprint

from portal.web.known import event_or_404
from portal.web.organiser import require_organiser

__all__ = ["blueprint", "event_or_404"]

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_organiser)


from portal.web.admin import attendees, overview, payments, people_from_file, registration  # noqa: E402, F401  # their routes
