"""How it goes in numbers: of one event, and of all of them together."""

from flask import render_template

from portal.domain.numbers import numbers as count
from portal.domain.terms import all_numbers as count_all
from portal.web.admin import bars, blueprint, drawing, numbers_words
from portal.web.extensions import db, now, portal, site
from portal.web.known import event_or_404
from portal.web.organiser import me


@blueprint.get("/events/<slug>/numbers")
def numbers(slug: str) -> str:
    """The numbers of one event, each drawn and in a table."""
    event, title = event_or_404(slug)
    zone = site().timezone
    found = count(db.session(), slug, event, zone)
    until = min(now().astimezone(zone).date(), event.last_day) if event else found.last_day
    return render_template(
        "admin/numbers.html",
        event=event,
        event_title=title,
        slug=slug,
        numbers=found,
        figure=drawing.over_time(found.days, found.pools[0].capacity, until) if found.days else None,
        percent=drawing.percent,
        say=numbers_words,
        bars=bars,
    )


@blueprint.get("/numbers")
def all_numbers() -> str:
    """The numbers of all events, by term, and how many people come back."""
    zone = site().timezone
    return render_template(
        "admin/all_numbers.html",
        numbers=count_all(db.session(), portal().catalogue.snapshot.events, me(), zone),
        today=now().astimezone(zone).date(),
        percent=drawing.percent,
        say=numbers_words,
        bars=bars,
    )
