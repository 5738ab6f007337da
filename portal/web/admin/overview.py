"""What is coming, how full it is, and what needs an organiser's attention."""

from datetime import timedelta

from flask import render_template, request, url_for

from portal.domain import machine
from portal.domain.overview import overview as look_over
from portal.storage.models import OWNER
from portal.web.admin import blueprint
from portal.web.admin.content import files_of
from portal.web.extensions import db, now, portal, site
from portal.web.organiser import me


@blueprint.get("/")
def overview() -> str:
    """What is coming, and how full it is."""
    organiser = me()
    runs_it = organiser.role == OWNER  # what is wrong with the portal itself, is for who can have it mended
    past = request.args.get("past") == "1"
    snapshot = portal().catalogue.snapshot
    seen = look_over(db.session(), snapshot.events, organiser, site().keep_days, now())
    return render_template(
        "admin/overview.html",
        now=now(),
        faults=machine.faults(db.session(), portal().settings.data_dir, now()) if runs_it else None,
        rows=seen.past if past else seen.coming,
        orphans=seen.orphans,
        past=past,
        problems=[problem for file in files_of(organiser) for problem in file.problems],
        undelivered=seen.undelivered,
        webhooks=seen.webhooks,
        payments=seen.payments,
        removals=[(one, one.over_at + timedelta(days=site().keep_days)) for one in seen.removals],
        untold=seen.untold,
        other_url=url_for("admin.overview", past=None if past else 1),
    )
