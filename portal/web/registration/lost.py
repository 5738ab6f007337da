"""For who lost the letter: the link is sent again, and whoever asks learns nothing."""

from flask import render_template, request

from portal.content.addresses import is_address
from portal.domain import link_requests
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web.extensions import db, limiter, now
from portal.web.registration import blueprint

FEW = "5 per minute; 20 per hour"


@blueprint.get("/registrations/")
def lost() -> str:
    """Ask for the address."""
    return render_template("registration/lost.html", typed="", wrong="")


@blueprint.post("/registrations/")
@limiter.limit(FEW)
def send_lost() -> str | tuple[str, int]:
    """The same answer for every address, after the same work."""
    typed = request.form.get("email", "").strip()
    if not is_address(typed):
        wrong = _("Fill in one complete e-mail address, such as name@school.be.")
        return render_template("registration/lost.html", typed=typed, wrong=wrong), 422
    with transaction(db.session()):
        link_requests.ask(db.session(), "registration", typed, now())
    return render_template("registration/lost_sent.html")
