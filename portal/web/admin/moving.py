"""Moving a registration to another event."""

from flask import abort, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain.errors import ChangeRefused
from portal.domain.moving import move
from portal.domain.registrations import by_reference
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import change_form
from portal.web.admin import blueprint
from portal.web.desk import open_desk
from portal.web.extensions import db, now, portal
from portal.web.known import event_or_404
from portal.web.organiser import actor, me


def places_to_go(slug: str) -> list[tuple[str, str]]:
    """Where somebody of an event can be moved: ``slug|ticket`` and what it is, for what this organiser may see."""
    organiser = me()
    events = sorted(portal().catalogue.snapshot.events.values(), key=lambda event: event.starts)
    return [
        (f"{event.slug}|{ticket.id}", f"{event.title} · {ticket.label}" if ticket.label else event.title)
        for event in events
        if event.slug != slug and organiser.may_see(event.slug) and _takes_people(event)
        for ticket in event.offered_tickets
    ]


@blueprint.post("/events/<slug>/registrations/<reference>/move")
def move_registration(slug: str, reference: str) -> Response:
    """Move everybody who has not cancelled."""
    event, _title = event_or_404(slug)
    found = by_reference(db.session(), slug, reference)
    wanted = request.form.get("to", "")
    if found is None or wanted not in dict(places_to_go(slug)):
        abort(404)
    to, _bar, ticket = wanted.partition("|")
    there_event, registration_id = portal().catalogue.snapshot.events[to], found.id
    try:
        with transaction(db.session()):
            # In the order of their names, so that two who move at once do not wait for each other.
            desks = {
                one: open_desk(one, about, actor())
                for one, about in sorted({slug: event, to: there_event}.items())
            }
            arrived = move(
                desks[slug],
                desks[to],
                registration_id,
                ticket,
                secret_key=portal().settings.secret_key,
                over_capacity="over_capacity" in request.form,
                letter="letter" in request.form,
            ).reference
    except ChangeRefused as refused:
        flash(change_form.refusal(refused.kind), "wrong")
        return redirect(url_for("admin.registration", slug=slug, reference=reference), 303)
    flash(_("Moved."), "done")
    return redirect(url_for("admin.registration", slug=to, reference=arrived), 303)


def _takes_people(event: Event) -> bool:
    return event.registration == "portal" and event.status != "cancelled" and now() < event.over_at
