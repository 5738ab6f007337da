"""What is kept of somebody: to take away, and to have removed."""

import json

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.domain import payments, privacy
from portal.storage.database import transaction
from portal.web.desk import open_desk
from portal.web.extensions import db
from portal.web.registration import blueprint, opened_by


@blueprint.get("/registrations/<token>/data.json")
def data(token: str) -> Response:
    """All that is kept, as a file."""
    registration, _event = opened_by(token)
    text = json.dumps(privacy.data_of(db.session(), registration), ensure_ascii=False, indent=2)
    answer = Response(text + "\n", content_type="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{registration.reference}.json"'
    return answer


@blueprint.get("/registrations/<token>/erase")
def erase(token: str) -> str:
    """Say what would be removed; opening this page removes nothing."""
    registration, event = opened_by(token)
    return render_template(
        "registration/erase.html",
        registration=registration,
        event=event,
        balance=payments.balance(registration),
        back_url=url_for("registration.show", token=token),
    )


@blueprint.post("/registrations/<token>/erase")
def do_erase(token: str) -> str | AnyResponse:
    """Remove it."""
    registration, event = opened_by(token)
    if "sure" not in request.form:
        return redirect(url_for("registration.erase", token=token), 303)
    registration_id, slug = registration.id, registration.event_slug
    with transaction(db.session()):
        privacy.erase(open_desk(slug, event), registration_id)
    return render_template("registration/erased.html")
