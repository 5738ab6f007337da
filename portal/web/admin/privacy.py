"""Personal data as organisers have to account for it: the record of processing, and what is kept of one person."""

import json

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.content.addresses import is_address
from portal.domain import privacy
from portal.i18n import gettext as _
from portal.i18n import ngettext
from portal.storage.database import transaction
from portal.web.admin import blueprint
from portal.web.desk import open_desk
from portal.web.extensions import db, portal, site
from portal.web.notice import notice
from portal.web.organiser import actor


@blueprint.get("/privacy", endpoint="privacy")
def record_of_processing() -> str:
    """The record that GDPR, article 30, asks for, from the settings in force; and the search for a person."""
    address = request.args.get("email", "").strip()
    known = is_address(address)
    return render_template(
        "admin/privacy.html",
        organisation=site().organisation,
        notice=notice(),
        address=address,
        wrong=bool(address) and not known,
        found=privacy.data_of_address(db.session(), address) if known else [],
        searched=known,
    )


@blueprint.post("/privacy/data", endpoint="data_of_person")
def data_of_person() -> Response:
    """All that is kept of somebody, as a file."""
    address = request.form.get("email", "").strip()
    kept = privacy.data_of_address(db.session(), address) if is_address(address) else []
    answer = Response(json.dumps(kept, ensure_ascii=False, indent=2) + "\n", content_type="application/json")
    answer.headers["Content-Disposition"] = 'attachment; filename="person.json"'
    return answer


@blueprint.post("/privacy/erase", endpoint="erase_person")
def erase_person() -> AnyResponse:
    """Remove the registrations that an address made, of all events; where somebody only came along, their colleague
    decides."""
    address = request.form.get("email", "").strip()
    if not is_address(address) or "sure" not in request.form:
        flash(_("Tick that you are sure."), "wrong")
        return redirect(url_for("admin.privacy", email=address), 303)
    events, number = portal().catalogue.snapshot.events, 0
    for slug, registration_id in privacy.registrations_of(db.session(), address):
        with transaction(db.session()):
            privacy.erase(open_desk(slug, events.get(slug), actor()), registration_id)
        number += 1
    said = ngettext("One registration was removed.", "%(count)s registrations were removed.", number)
    flash(said % {"count": number}, "done")
    return redirect(url_for("admin.privacy"), 303)
