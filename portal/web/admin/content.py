"""What the files say: `portal check` in words, drafts and forms before anybody sees them, and how an event looks when
it is shared. Nothing is edited here; the files are the source."""

from flask import abort, render_template, url_for

from portal.content.event import Event
from portal.content.files import ContentFile, files
from portal.content.repository import file_url
from portal.domain import places, taken
from portal.storage.models import Organiser
from portal.web import forms, tickets
from portal.web.admin import blueprint
from portal.web.event_page import event_page, link_preview
from portal.web.extensions import db, now, portal, site
from portal.web.languages import speak
from portal.web.organiser import me


@blueprint.get("/content")
def content() -> str:
    """Every file: what it gives, what is wrong with it, and where to mend it."""
    return render_template(
        "admin/content.html",
        files=files_of(me()),
        edit_url=lambda path: file_url(site().repository_url, path),
        link_preview=link_preview,
    )


@blueprint.get("/content/<slug>/preview")
def preview(slug: str) -> str:
    """The event's page as it is, or will be once it is no draft."""
    event = _event_or_404(slug)
    form_url = url_for("admin.preview_form", slug=slug)
    now_taken = taken.of_event(db.session(), slug)
    return event_page(event, now_taken, "admin/preview_event.html", preview=True, form_url=form_url)


@blueprint.get("/content/<slug>/form")
def preview_form(slug: str) -> str:
    """The form of an event, to be looked at."""
    event = _event_or_404(slug)
    if event.registration != "portal":
        abort(404)
    now_taken = taken.of_event(db.session(), slug)
    shown = forms.signup_form(event, tickets.rooms(event, now_taken, now()))
    return render_template(
        "admin/preview_form.html",
        event=event,
        availability=places.availability(event, now_taken, now()),
        form=shown,
        can_add=forms.can_add_colleague(shown, event),
        idle=True,
        form_url=url_for("admin.preview_form", slug=slug),
        event_url=url_for("admin.preview", slug=slug),
    )


def files_of(organiser: Organiser) -> tuple[ContentFile, ...]:
    """The files that an organiser sees: who is bound to some events, the files of these."""
    found = files(portal().catalogue.snapshot)
    if not organiser.events:
        return found
    return tuple(file for file in found if file.event and organiser.may_see(file.event.slug))


def _event_or_404(slug: str) -> Event:
    event = portal().catalogue.snapshot.events.get(slug)
    if event is None:
        abort(404)
    speak(event.language)
    return event
