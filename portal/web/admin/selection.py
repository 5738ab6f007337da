"""What is done for the people that are ticked in the list."""

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from portal.domain import checkin, selections
from portal.domain.filters import chosen
from portal.formats import person_code
from portal.i18n import gettext as _
from portal.i18n import ngettext
from portal.storage.database import transaction
from portal.storage.models import CONFIRMED, WAITLISTED, Attendee
from portal.web.admin import blueprint, list_query
from portal.web.desk import open_desk
from portal.web.extensions import db, now, site
from portal.web.forms import new_form_id
from portal.web.known import event_or_404
from portal.web.organiser import actor, me

GOES_TO = {
    "mail": "admin.mail",
    "csv": "admin.attendees_csv",
    "xlsx": "admin.attendees_xlsx",
    "badges": "admin.badges",
}
"""What only leads to another page, for who is ticked, or for all of the list when nobody is."""


@blueprint.post("/events/<slug>/attendees/act")
def act(slug: str) -> Response:
    """Do what the pressed button says."""
    event, _title = event_or_404(slug)
    asked = request.form.get("act", "")
    filters = list_query.read(request.form, event)
    if asked in GOES_TO:
        return redirect(url_for(GOES_TO[asked], slug=slug, **list_query.written(filters)), 303)
    back = redirect(url_for("admin.attendees", slug=slug, **list_query.written(filters, person=None)), 303)
    if not filters.people:
        flash(_("Tick somebody in the list first."), "wrong")
        return back
    if asked == "cancel":
        people = list_query.written(list_query.only_people(filters))
        return redirect(url_for("admin.cancel_selected", slug=slug, **people), 303)
    if asked not in DOING:
        abort(400)
    flash(DOING[asked](slug, filters.people), "done")
    return back


@blueprint.get("/events/<slug>/attendees/cancel", endpoint="cancel_selected")
def ask_cancel(slug: str) -> str:
    """Ask once more, with the names."""
    event, title = event_or_404(slug)
    filters = list_query.read(request.args, event)
    if not filters.people:
        abort(404)
    people = db.session().scalars(
        chosen(slug, list_query.only_people(filters)).options(joinedload(Attendee.registration))
    )
    return render_template(
        "admin/cancel_selected.html",
        slug=slug,
        event_title=title,
        people=[person for person in people if person.status in (CONFIRMED, WAITLISTED)],
    )


@blueprint.post("/events/<slug>/attendees/cancel")
def do_cancel_selected(slug: str) -> Response:
    """Cancel them."""
    event, _title = event_or_404(slug)
    filters = list_query.read(request.form, event)
    with transaction(db.session()):
        number = selections.cancel(
            open_desk(slug, event, actor()), filters.people, letter="letter" in request.form
        )
    flash(
        ngettext("One person is cancelled.", "%(count)s people are cancelled.", number) % {"count": number},
        "done",
    )
    return redirect(url_for("admin.attendees", slug=slug), 303)


@blueprint.get("/events/<slug>/sheet")
def sheet(slug: str) -> str:
    """The list to be signed, for printing."""
    return _printed(slug, "admin/sheet.html")


@blueprint.get("/events/<slug>/badges")
def badges(slug: str) -> str:
    """A name badge for everybody, for printing."""
    return _printed(slug, "admin/badges.html")


def _printed(slug: str, template: str) -> str:
    event, title = event_or_404(slug)
    filters = list_query.read(request.args, event)
    people = db.session().scalars(
        chosen(slug, filters)
        .where(Attendee.status == CONFIRMED)
        .order_by(Attendee.search_text, Attendee.registration_id, Attendee.position)
        .options(joinedload(Attendee.registration))
    )
    return render_template(template, slug=slug, event=event, event_title=title, people=people.all())


def _promote(slug: str, people: tuple[tuple[int, int], ...]) -> str:
    event, _title = event_or_404(slug)
    with transaction(db.session()):
        given, left = selections.promote(open_desk(slug, event, actor()), people)
    said = ngettext("One party got its places.", "%(count)s parties got their places.", given) % {
        "count": given
    }
    if left:
        said += " " + ngettext("For one there was no room.", "For %(count)s there was no room.", left) % {
            "count": left
        }
    return said


def _pay(slug: str, people: tuple[tuple[int, int], ...]) -> str:
    event, _title = event_or_404(slug)
    today = now().astimezone(site().timezone).date()
    with transaction(db.session()):
        number = selections.pay(open_desk(slug, event, actor()), people, today)
    return ngettext(
        "One registration is written down as paid.",
        "%(count)s registrations are written down as paid.",
        number,
    ) % {"count": number}


def _check_in(slug: str, people: tuple[tuple[int, int], ...]) -> str:
    event, _title = event_or_404(slug)
    found = db.session().scalars(
        chosen(slug, list_query.these(people)).options(joinedload(Attendee.registration))
    )
    taps = [
        checkin.Tap(new_form_id(), person_code.written(one.registration.reference, one.position), "in")
        for one in found.all()
    ]
    organiser_id = me().id
    with transaction(db.session()):
        outcomes = checkin.record(db.session(), slug, event, taps, organiser_id=organiser_id, now=now())
    number = sum(outcome.kind in ("done", "already") for outcome in outcomes)
    return ngettext("One person is checked in.", "%(count)s people are checked in.", number) % {
        "count": number
    }


DOING = {"promote": _promote, "pay": _pay, "check_in": _check_in}
"""What is done at once. Each says in words what it came to."""
