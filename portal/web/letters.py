"""Letters as organisers see them: those that could not be delivered, all about a registration, and what a changed
file has to be told of."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.addresses import is_address
from portal.content.event import Event
from portal.domain import announcements, undelivered
from portal.domain.errors import ChangeRefused
from portal.domain.facts import Facts
from portal.domain.letters import masked
from portal.domain.registrations import by_reference
from portal.i18n import LANGUAGES, ngettext
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.storage.models import Letter
from portal.web.desk import letter_writer, open_desk
from portal.web.extensions import db, now, portal
from portal.web.organiser import actor, me, require_organiser

blueprint = Blueprint("letters", __name__, url_prefix="/admin")
blueprint.before_request(require_organiser)


@blueprint.get("/letters")
def overview() -> str:
    """What could not be delivered, and what has not been told."""
    session, organiser = db.session(), me()
    events = [e for e in portal().catalogue.snapshot.events.values() if organiser.may_see(e.slug)]
    return render_template(
        "letters/overview.html",
        failed=undelivered.failed(session, organiser),
        to_others=undelivered.TO_OTHERS,
        untold=announcements.pending(session, events, announcements.told(session), now()),
    )


@blueprint.post("/letters/again")
def all_again() -> Response:
    """Try every letter once more that could not be delivered."""
    with transaction(db.session()):
        number = undelivered.send_all_again(db.session(), me(), now())
    return _back(
        ngettext("%(number)d letter is sent again.", "%(number)d letters are sent again.", number)
        % {"number": number}
    )


@blueprint.post("/events/<slug>/letters/<int:letter_id>/again")
def again(slug: str, letter_id: int) -> Response:
    """Try one letter once more."""
    with transaction(db.session()):
        done = undelivered.send_again(db.session(), slug, letter_id, now())
    return _back(_("The letter is sent again.") if done else _("This letter was sent again already."))


@blueprint.get("/events/<slug>/letters/<int:letter_id>/address")
def address(slug: str, letter_id: int) -> str:
    """Ask what the right address is."""
    letter = _failed_or_404(slug, letter_id)
    return _address_page(letter, letter.recipient)


@blueprint.post("/events/<slug>/letters/<int:letter_id>/address")
def mend_address(slug: str, letter_id: int) -> Response | tuple[str, int]:
    """Give the registration its right address, and send there what could not be delivered."""
    letter = _failed_or_404(slug, letter_id)
    typed = request.form.get("email", "").strip()
    if not is_address(typed):
        wrong = _("Fill in one complete e-mail address, such as name@school.be.")
        return _address_page(letter, typed, wrong), 422
    registration_id = letter.registration_id
    assert registration_id is not None, "asked for before"  # noqa: S101
    event = portal().catalogue.snapshot.events.get(slug)
    try:
        with transaction(db.session()):
            undelivered.mend_address(open_desk(slug, event, actor()), registration_id, typed)
    except ChangeRefused:
        wrong = _("Another registration for this event stands on this address.")
        return _address_page(_failed_or_404(slug, letter_id), typed, wrong), 409
    return _back(_("The address is mended, and the letter is on its way."))


@blueprint.get("/events/<slug>/registrations/<reference>/letters")
def of_registration(slug: str, reference: str) -> str:
    """All letters about a registration as they were sent; the links that open it are left out."""
    registration = by_reference(db.session(), slug, reference)
    if registration is None:
        abort(404)
    return render_template(
        "letters/registration.html",
        registration=registration,
        letters=[
            (letter, _readable(letter))
            for letter in undelivered.of_registration(db.session(), registration.id)
        ],
    )


@blueprint.get("/events/<slug>/announcement")
def announcement(slug: str) -> str:
    """What has changed, who has not been told, and the letter that would tell them."""
    return _announcement_page(_event_or_404(slug))


@blueprint.post("/events/<slug>/announcement")
def announce(slug: str) -> str | Response | tuple[str, int]:
    """Tell everybody, or decide that nobody has to be told."""
    event = _event_or_404(slug)
    if request.form.get("facts") != Facts.of(event).written():
        return _announcement_page(event, changed_meanwhile=True), 409
    with transaction(db.session()):
        if "leave" in request.form:
            announcements.settle(db.session(), event)
            return _back(_("Nobody is written to about this change."))
        number = announcements.announce(db.session(), letter_writer(event.slug, event))
    return _back(
        ngettext("%(number)d letter is on its way.", "%(number)d letters are on their way.", number)
        % {"number": number}
    )


def _back(said: str) -> Response:
    flash(said, "done")
    return redirect(url_for("letters.overview"), 303)


def _event_or_404(slug: str) -> Event:
    event = portal().catalogue.snapshot.events.get(slug)
    if event is None:
        abort(404)
    return event


def _failed_or_404(slug: str, letter_id: int) -> Letter:
    letter = db.session().get(Letter, letter_id)
    if letter is None or letter.event_slug != slug or letter.state != "failed" or not _can_mend(letter):
        abort(404)
    return letter


def _can_mend(letter: Letter) -> bool:
    """Whether it went to the registration's own address."""
    return letter.registration is not None and letter.kind not in undelivered.TO_OTHERS


def _readable(letter: Letter) -> str:
    return masked(letter.text, _("[their own link]"))


def _address_page(letter: Letter, typed: str, wrong: str = "") -> str:
    return render_template("letters/address.html", letter=letter, typed=typed, wrong=wrong)


def _announcement_page(event: Event, *, changed_meanwhile: bool = False) -> str:
    untold = announcements.untold(db.session(), event)
    by_language = {one.language: (one, known) for one, known in reversed(untold)}
    write = letter_writer(event.slug, event)
    drafts = [announcements.draft(one, known, write) for one, known in by_language.values()]
    return render_template(
        "letters/announcement.html",
        event=event,
        number=len(untold),
        drafts=[(LANGUAGES[letter.language], letter, _readable(letter)) for letter in drafts],
        facts=Facts.of(event).written(),
        changed_meanwhile=changed_meanwhile,
    )
