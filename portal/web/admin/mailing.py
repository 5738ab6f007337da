"""Mail to the people of an event: written, looked at, tried on oneself, and sent once."""

from dataclasses import dataclass

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import mailings
from portal.domain.filters import Filters
from portal.domain.letters import masked
from portal.domain.typed import clean, clean_markdown
from portal.i18n import gettext as _
from portal.i18n import ngettext
from portal.storage.database import transaction
from portal.storage.models import Letter
from portal.web import forms
from portal.web.admin import blueprint, list_query
from portal.web.desk import letter_writer, open_desk
from portal.web.extensions import db
from portal.web.known import event_or_404
from portal.web.organiser import actor, me

LONGEST_SUBJECT, LONGEST_TEXT = 150, 10_000


@dataclass(frozen=True)
class Typed:
    """What stands in the form, whose name is ``form_id``."""

    form_id: str
    subject: str = ""
    text: str = ""


@blueprint.get("/events/<slug>/mail")
def mail(slug: str) -> str:
    """What was sent before, and the form for a new one."""
    event, _title = event_or_404(slug)
    return _page(slug, list_query.read(request.args, event), Typed(forms.new_form_id()))


@blueprint.post("/events/<slug>/mail")
def do_mail(slug: str) -> str | Response | tuple[str, int]:
    """Look at it, try it, or send it."""
    event, _title = event_or_404(slug)
    filters = list_query.read(request.form, event)
    subject = clean(request.form.get("subject"))[:LONGEST_SUBJECT]
    text = clean_markdown(request.form.get("text"))[:LONGEST_TEXT]
    form_id = request.form.get("form_id", "")
    if not forms.FORM_ID.fullmatch(form_id):
        abort(400)
    typed = Typed(form_id, subject, text)
    if wrong := _wrong(typed):
        return _page(slug, filters, typed, wrong=wrong), 422
    first = next(mailings.readers(db.session(), slug, filters), None)
    if first is None:
        return _page(slug, filters, typed, wrong={"": _("Nobody in this list has an address.")}), 422
    match request.form.get("do"):
        case "send":
            with transaction(db.session()):
                desk = open_desk(slug, event, actor())
                sent = mailings.send(
                    desk,
                    letter_writer(slug, event),
                    form_id=form_id,
                    subject=subject,
                    text=text,
                    filters=filters,
                )
                number = sent.letters
            said = ngettext("One letter is on its way.", "%(count)s letters are on their way.", number)
            flash(said % {"count": number}, "done")
            return redirect(url_for("admin.mail", slug=slug), 303)
        case "test":
            return _page(slug, filters, typed, said=_send_test(slug, event, first.id, typed))
    shown = mailings.draft(letter_writer(slug, event), first, subject, text)
    return _page(slug, filters, typed, shown=shown, shown_to=first.email)


def _send_test(slug: str, event: Event | None, registration_id: int, typed: Typed) -> str:
    organiser = me()
    address = organiser.email
    with transaction(db.session()):
        registration = open_desk(slug, event, actor()).registration(registration_id)
        letter = mailings.draft(letter_writer(slug, event), registration, typed.subject, typed.text)
        # It is nobody's letter: whoever tries it gets no key to somebody's registration.
        letter.registration, letter.recipient = None, address
        letter.text, letter.html = masked(letter.text, "…"), masked(letter.html, "…")
        db.session().add(letter)
    return _("A test is on its way to %(email)s.") % {"email": address}


def _wrong(typed: Typed) -> dict[str, str]:
    wrong = {}
    if not typed.subject:
        wrong["subject"] = _("Fill in a subject.")
    if not typed.text:
        wrong["text"] = _("Write something first.")
    for field, written in (("subject", typed.subject), ("text", typed.text)):
        if unknown := mailings.unknown_placeholders(written):
            names = ", ".join(f"{{{name}}}" for name in unknown)
            wrong[field] = _("This means nothing here: %(names)s.") % {"names": names}
    return wrong


def _page(
    slug: str,
    filters: Filters,
    typed: Typed,
    *,
    wrong: dict[str, str] | None = None,
    said: str = "",
    shown: Letter | None = None,
    shown_to: str = "",
) -> str:
    session = db.session()
    return render_template(
        "admin/mail.html",
        slug=slug,
        event_title=event_or_404(slug)[1],
        kept=list_query.as_fields(filters),
        to_cancelled=mailings.to_cancelled(filters),
        number=mailings.number_of_readers(session, slug, filters),
        list_url=url_for("admin.attendees", slug=slug, **list_query.written(filters)),
        placeholders=mailings.PLACEHOLDERS,
        sent=mailings.of_event(session, slug),
        typed=typed,
        wrong=wrong or {},
        said=said,
        shown=shown and masked(shown.text, "…"),
        shown_subject=shown and shown.subject,
        shown_to=shown_to,
    )
