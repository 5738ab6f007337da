"""Adding people from a file: bring it, see what its columns are and what becomes of each row, confirm.

Between the pages the table travels in the form itself, signed, and not in the database: of an import that is given up
nothing stays anywhere but on the organiser's own screen.
"""

from dataclasses import asdict

from flask import redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import imports, taken
from portal.domain.errors import ImportRefused
from portal.formats import tables
from portal.formats.tables import Table, TableRefused
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import forms
from portal.web.admin import blueprint
from portal.web.admin.import_form import SHOWN_ROWS, ImportForm
from portal.web.admin.import_words import fate_words, import_refusal, table_refusal
from portal.web.desk import open_desk
from portal.web.extensions import csrf, db, portal
from portal.web.known import event_with_form
from portal.web.organiser import actor

URL = "/events/<slug>/import"
LARGEST_REQUEST = 2 * tables.LARGEST_FILE
"""Bytes: a file, or its text once more in the form; elsewhere requests are held much smaller."""


@blueprint.get(URL)
def people_from_file(slug: str) -> str:
    """Ask for the file."""
    return _start_page(event_with_form(slug))


@blueprint.post(URL)
@csrf.exempt  # it reads the form, which has to be allowed to be large first
def read_people(slug: str) -> str | tuple[str, int]:
    """Read the file, or what was pasted, and show what it is taken for."""
    event = event_with_form(slug)
    _allow_large()
    try:
        if not forms.TokenForm().validate():
            return _start_page(event, forms.stale(), request.form.get("pasted", "")), 400
        table = _sent_table()
    except RequestEntityTooLarge:
        return _start_page(event, table_refusal(TableRefused("too_large"))), 413
    except TableRefused as refused:
        return _start_page(event, table_refusal(refused), request.form.get("pasted", "")), 422
    return _preview_page(ImportForm.first(event, table))


@blueprint.post(f"{URL}/people")
@csrf.exempt  # the same
def add_people(slug: str) -> str | Response | tuple[str, int]:
    """Show once more what becomes of the rows, with other columns; or add the people."""
    event = event_with_form(slug)
    _allow_large()
    shown = ImportForm.sent(event, request.form, _salt(event))
    if shown is None:
        return _start_page(event, _("This page can no longer be read. Bring the file once more.")), 400
    if not forms.TokenForm().validate():
        return _preview_page(shown, forms.stale()), 400
    if shown.wrong or "add" not in request.form:
        return _preview_page(shown, shown.wrong), 422 if shown.wrong else 200
    try:
        with transaction(db.session()):
            added = imports.save(
                open_desk(slug, event, actor()),
                shown.guests,
                shown.wishes,
                seen=request.form.get("seen", ""),
                secret_key=portal().settings.secret_key,
            )
    except ImportRefused as refused:
        return _preview_page(shown, import_refusal(refused)), 422 if refused.kind == "blocked" else 409
    return redirect(url_for("admin.people_added", slug=slug, **asdict(added)), 303)


@blueprint.get(f"{URL}/done")
def people_added(slug: str) -> str:
    """What came of it."""
    numbers = {name: request.args.get(name, 0, int) for name in ("places", "waiting", "known")}
    return render_template("admin/import_done.html", event=event_with_form(slug), **numbers)


def _allow_large() -> None:
    request.max_content_length = request.max_form_memory_size = LARGEST_REQUEST


def _sent_table() -> Table:
    file = request.files.get("file")
    if file is not None and file.filename:
        return tables.read(file.stream.read(tables.LARGEST_FILE + 1))
    return tables.read_text(request.form.get("pasted", ""))


def _salt(event: Event) -> str:
    """What a table is signed with besides the key: nobody else's form, and no other event's."""
    return f"import {event.slug} {actor().organiser_id}"


def _start_page(event: Event, wrong: str = "", pasted: str = "") -> str:
    return render_template(
        "admin/import.html",
        event=event,
        wrong=wrong,
        pasted=pasted,
        back_url=url_for("admin.attendees", slug=event.slug),
    )


def _preview_page(shown: ImportForm, wrong: str = "") -> str:
    session, event = db.session(), shown.event
    plan = imports.plan(session, event, taken.of_event(session, event.slug), shown.guests, shown.wishes)
    return render_template(
        "admin/import_preview.html",
        event=event,
        shown=shown,
        plan=plan,
        fates=fate_words(),
        first=plan.verdicts[:SHOWN_ROWS],
        packed=shown.packed(_salt(event)),
        wrong=wrong,
        start_url=url_for("admin.people_from_file", slug=event.slug),
        action=url_for("admin.add_people", slug=event.slug),
        back_url=url_for("admin.attendees", slug=event.slug),
    )
