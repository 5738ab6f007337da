"""The event that a public page is about."""

from flask import abort

from portal.content.event import Event
from portal.web.extensions import portal
from portal.web.languages import speak


def published_event(slug: str) -> Event:
    """The event of a public page, whose language the answer then speaks; 404 for what is not there or a draft."""
    event = portal().catalogue.snapshot.events.get(slug)
    if event is None or event.status == "draft":
        abort(404)
    speak(event.language)
    return event
