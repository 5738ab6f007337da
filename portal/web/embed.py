"""The sign-up of one event on somebody else's page: ``<portal-signup event="SLUG">``, which puts a frame there.

Any page may frame these, and only these. There is nothing in them that a hidden frame could be made to do or give
away: nobody is signed in there, no cookie is read or set, and all that comes of a click is what the visitor typed
themselves, confirmed by a letter that undoes it. A list of sites would have to be kept for every school that
announces an event, and would guard nothing. Only pages that could be changed on their way are left out.
"""

from datetime import timedelta

from flask import Blueprint, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import places, taken
from portal.web import scripts, signup_page
from portal.web.extensions import csrf, db, now, portal
from portal.web.frame_token import FrameToken
from portal.web.published import published_event
from portal.web.security import CONTENT_SECURITY_POLICY
from portal.web.signup_page import Sent, Surroundings
from portal.web.templating import event_url

blueprint = Blueprint("embed", __name__)

FRESH = timedelta(hours=1)

AROUND = "https: http://localhost:* http://127.0.0.1:*"
"""What may frame us: every page over TLS, and those of who is writing a site on their own machine."""


@blueprint.get("/embed.js")
def element() -> Response:
    """The script that defines the element, for any page."""
    script = scripts.script("embed/element")
    if script is None:
        abort(404)
    answer = make_response(script.text)
    answer.content_type = "text/javascript; charset=utf-8"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.cache_control.public = True
    answer.cache_control.max_age = int(FRESH.total_seconds())
    answer.add_etag()
    return answer.make_conditional(request)


@blueprint.get("/embed/<slug>")
def card(slug: str) -> str:
    """What the frame shows first: when, where, the price, the places left, and the button."""
    event = published_event(slug)
    return render_template(
        "embed/card.html",
        event=event,
        availability=places.availability(event, taken.of_event(db.session(), slug), now()),
        event_url=event_url(slug),
        form_url=_surroundings(event).form_url,
    )


@blueprint.get("/embed/<slug>/signup")
def form(slug: str) -> Response:
    """The same form as on the page of the event, in the frame."""
    event = published_event(slug)
    answer = make_response(signup_page.show(event, _surroundings(event)))
    answer.cache_control.no_store = True  # its number and token are for one visitor
    return answer


@blueprint.post("/embed/<slug>/signup")
@csrf.exempt  # the form checks a token of its own: FrameToken
@signup_page.limited
def send(slug: str) -> str | tuple[str, int]:
    """The sent form. The registrant's own page is private and never stands in a frame: the letter leads there."""
    event = published_event(slug)
    around = _surroundings(event)
    sent = signup_page.take(event, around)
    if not isinstance(sent, Sent):
        return sent
    if sent.kind == "known_address":
        return render_template("signup/already.html", event=event, event_url=around.event_url)
    return render_template("embed/sent.html", event=event, sent=sent, event_url=around.event_url)


@blueprint.after_request
def may_be_framed(answer: Response) -> Response:
    """The policy of all pages but for two things: who may frame them, and the script that tells how high they are."""
    around = AROUND if portal().settings.secure else f"{AROUND} http:"
    policy = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {around}")
    answer.headers["Content-Security-Policy"] = f"{policy}; script-src 'self'"
    return answer


def _surroundings(event: Event) -> Surroundings:
    # The language of the page around the frame goes along; there is no cookie to remember it.
    language = request.args.get("language") or None
    return Surroundings(
        url_for("embed.form", slug=event.slug, language=language),
        url_for("embed.card", slug=event.slug, language=language),
        FrameToken,
    )
