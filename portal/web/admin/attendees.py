"""Who comes to an event: the list, searched and sorted, and the same list to take away."""

from dataclasses import dataclass

from flask import Response, abort, make_response, render_template, request, session, url_for

from portal.content.event import Event
from portal.domain import attendees, words
from portal.domain import filters as narrowing
from portal.domain.attendees import Column
from portal.domain.listed import Listed
from portal.domain.typed import whole_number
from portal.formats import csv
from portal.i18n import gettext as _
from portal.web import scripts
from portal.web.admin import blueprint, list_query
from portal.web.extensions import db, site
from portal.web.known import event_or_404
from portal.web.security import WITH_SCRIPTS

ON_REQUEST = ("phone", "language", "amount_due", "amount_paid", "checked_in_at", "remarks", "registration")
"""The columns that are only shown when somebody chooses them; the export has all."""
LONGEST_KEY, MOST_COLUMNS = 150, 40


@dataclass(frozen=True)
class Heading:
    """A column of the page."""

    key: str
    label: str


@blueprint.get("/events/<slug>/attendees", endpoint="attendees")
def attendee_list(slug: str) -> Response:
    """Who comes: searched, filtered, sorted, a page at a time."""
    event, title = event_or_404(slug)
    filters = list_query.read(request.args, event)
    rows = db.session()
    shown = attendees.columns(rows, slug, event)
    columns = {column.key: column for column in shown}
    if event is not None and not event.tickets:
        del columns["ticket"]
    headings = _headings(columns, event)
    at = whole_number(request.args.get("page")) or 1
    page = render_template(
        "admin/attendees.html",
        event=event,
        event_title=title,
        slug=slug,
        page=attendees.page(rows, slug, shown, filters, at),
        columns=[heading for heading in headings if heading.key in _shown_columns(headings)],
        all_columns=headings,
        cell=lambda heading, row: _shown(columns[heading.key], row),
        filters=filters,
        choices=narrowing.choices,
        counts=narrowing.counts(rows, slug, event, filters),
        kept=list_query.as_fields,
        mail_url=url_for("admin.mail", slug=slug, **list_query.written(filters)),
        script=scripts.url("desk/list"),
        url=lambda **changes: url_for("admin.attendees", slug=slug, **list_query.written(filters, **changes)),
        csv_url=url_for("admin.attendees_csv", slug=slug, **list_query.written(filters)),
        xlsx_url=url_for("admin.attendees_xlsx", slug=slug, **list_query.written(filters)),
        excel_url=url_for("admin.attendees_csv", slug=slug, dialect="excel", **list_query.written(filters)),
    )
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = WITH_SCRIPTS
    return answer


@blueprint.get("/events/<slug>/attendees.csv")
def attendees_csv(slug: str) -> Response:
    """The same list as a file, all of it."""
    event, _title = event_or_404(slug)
    name = request.args.get("dialect", "rfc4180")
    if name not in csv.DIALECTS:
        abort(404)
    answer = Response(
        attendees.export(
            db.engine, slug, event, list_query.read(request.args, event), csv.DIALECTS[name], site().timezone
        ),
        content_type="text/csv; charset=utf-8",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-attendees.csv"'
    return answer


@blueprint.get("/events/<slug>/attendees.xlsx")
def attendees_xlsx(slug: str) -> Response:
    """The same list as a workbook."""
    event, _title = event_or_404(slug)
    answer = Response(
        attendees.workbook(db.engine, slug, event, list_query.read(request.args, event), site().timezone),
        content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-attendees.xlsx"'
    return answer


def _shown_columns(headings: list[Heading]) -> list[str]:
    """Which columns were chosen, now or before in this browser; else all but those that only few need."""
    if chosen := [key for key in request.args.getlist("column") if len(key) <= LONGEST_KEY][:MOST_COLUMNS]:
        session["columns"] = chosen
    wanted = session.get("columns") or [h.key for h in headings if h.key not in ON_REQUEST]
    # Without a name a row says nothing.
    return ["last_name", *wanted]


def _headings(columns: dict[str, Column], event: Event | None) -> list[Heading]:
    labels = {
        "last_name": _("Last name"),
        "first_name": _("First name"),
        "ticket": _("Ticket"),
        "status": _("Status"),
        "email": _("E-mail address"),
        "school": _("School or organisation"),
        "registered_at": _("Signed up"),
        "phone": _("Telephone"),
        "language": _("Language"),
        "amount_due": _("Due"),
        "amount_paid": _("Paid"),
        "checked_in_at": _("Checked in"),
        "remarks": _("Remarks"),
        "registration": _("Reference"),
    }
    questions = {question.name: question.label for question in event.questions} if event else {}
    for key in columns:
        if key.startswith("answer:"):
            name = key.removeprefix("answer:")
            labels[key] = questions.get(name, name)
    return [Heading(key, label) for key, label in labels.items() if key in columns]


def _shown(column: Column, row: Listed) -> str:
    """What stands in a cell of the page, in words."""
    match column.key:
        case "status":
            return {
                "confirmed": _("confirmed"),
                "waitlisted": _("waiting list"),
                "cancelled": _("cancelled"),
            }[row.status]
        case "ticket":
            return row.ticket_label
        case "registered_at":
            return words.short_moment(row.registered_at.astimezone(site().timezone))
        case "checked_in_at":
            return (
                words.short_moment(row.checked_in_at.astimezone(site().timezone)) if row.checked_in_at else ""
            )
    value = column.cell(row)
    if (given := row.answers.get(column.key.removeprefix("answer:"))) and given.type == "checkbox":
        return {"yes": _("yes"), "no": _("no")}.get(given.value, given.value)
    return "" if value is None else str(value)
