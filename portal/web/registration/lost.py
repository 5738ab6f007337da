"""For who lost the letter: the link is sent again, and whoever asks learns nothing."""

from flask import render_template, request

from portal.domain import lost_links
from portal.domain.addresses import is_address
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web.desk import open_desk
from portal.web.extensions import db, limiter, now, portal
from portal.web.registration import blueprint

FEW = "5 per minute; 20 per hour"


@blueprint.get("/registrations/")
def lost() -> str:
    """Ask for the address."""
    return render_template("registration/lost.html", typed="", wrong="")


@blueprint.post("/registrations/")
@limiter.limit(FEW)
def send_lost() -> str | tuple[str, int]:
    """The same answer for every address, after as much work as there is letters to write."""
    typed = request.form.get("email", "").strip()
    if not is_address(typed):
        wrong = _("Fill in one complete e-mail address, such as name@school.be.")
        return render_template("registration/lost.html", typed=typed, wrong=wrong), 422
    events = portal().catalogue.snapshot.events
    slugs = lost_links.events_of(db.session(), typed)
    for slug, event in lost_links.upcoming(slugs, events, now()):
        with transaction(db.session()):
            lost_links.send(open_desk(slug, event), typed)
    return render_template("registration/lost_sent.html")
