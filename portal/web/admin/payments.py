"""Money as organisers handle it: what came in for a registration, and what a bank's statement says."""

from collections.abc import Mapping
from datetime import date

from flask import Response, abort, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from portal.content.price import read_price
from portal.domain import bank, payments
from portal.domain.bank import Imported
from portal.domain.errors import PaymentRefused
from portal.domain.registrations import by_reference
from portal.domain.typed import clean
from portal.formats import csv
from portal.formats.statements import LARGEST_FILE, StatementError, read_statement
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import forms
from portal.web.admin import blueprint
from portal.web.admin.registration import TypedPayment, with_payment
from portal.web.extensions import csrf, db, now, site
from portal.web.known import event_or_404
from portal.web.organiser import actor


@blueprint.get("/payments", endpoint="payments")
def overview() -> str:
    """What a person has to decide about, and the way to read a statement in."""
    return _page()


@blueprint.post("/payments/import")
@csrf.exempt  # it reads the form, which has to be allowed to be large first
def import_statement() -> str | tuple[str, int]:
    """Read a statement in; the same one again adds nothing."""
    request.max_content_length = LARGEST_FILE + 100_000
    try:
        if not forms.TokenForm().validate():
            return _page(wrong=forms.stale()), 400
        file = request.files.get("statement")
    except RequestEntityTooLarge:
        return _page(wrong=_("This file is larger than 10 MB: ask your bank for a shorter period.")), 413
    if file is None or not file.filename:
        return _page(wrong=_("Choose a file first.")), 422
    try:
        statement = read_statement(file.stream.read(LARGEST_FILE + 1))
    except StatementError as error:
        return _page(wrong=_("This file could not be read."), detail=str(error)), 422
    with transaction(db.session()):
        seen = bank.import_statement(db.session(), statement, site=site(), actor=actor(), now=now())
        lines = [
            (booked.registration.reference, booked.registration.event_slug, booked.amount)
            for booked in seen.booked
        ]
    return _page(seen=seen, booked=lines)


@blueprint.post("/payments/entries/<fingerprint>")
def decide(fingerprint: str) -> AnyResponse | tuple[str, int]:
    """Book an entry for a registration, or set it aside."""
    try:
        with transaction(db.session()):
            if "set_aside" in request.form:
                bank.set_aside(db.session(), fingerprint)
                said = _("Set aside.")
            else:
                bank.book(
                    db.session(),
                    fingerprint,
                    request.form.get("reference", ""),
                    amount=read_price(request.form.get("amount", "")),
                    actor=actor(),
                    now=now(),
                )
                said = _("Booked.")
    except PaymentRefused as refused:
        page = _page(wrong=_refusal(refused), typed={fingerprint: request.form})
        return page, 409 if refused.kind == "gone" else 422
    flash(said, "done")
    return redirect(url_for("admin.payments"), 303)


@blueprint.post("/events/<slug>/registrations/<reference>/payments")
def record(slug: str, reference: str) -> AnyResponse | tuple[str, int]:
    """Write down that money came in for a registration, or went back; the same form again adds nothing."""
    event_or_404(slug)
    found = by_reference(db.session(), slug, reference)
    if found is None:
        abort(404)
    registration_id = found.id
    typed = _typed_payment()
    amount = read_price(typed.amount)
    try:
        with transaction(db.session()):
            payments.by_hand(
                db.session(),
                registration_id,
                -amount if amount and typed.back else amount,
                _day(typed.received_on),
                form_id=typed.form_id,
                today=now().astimezone(site().timezone).date(),
                actor=actor(),
                now=now(),
                note=typed.note,
            )
    except PaymentRefused as refused:
        return with_payment(slug, reference, typed, wrong=_refusal(refused)), 422
    flash(_("Written down."), "done")
    return redirect(url_for("admin.registration", slug=slug, reference=reference), 303)


@blueprint.get("/events/<slug>/payments.csv")
def payments_csv(slug: str) -> Response:
    """What is due, paid and open for each registration, with to whom the invoice goes."""
    event_or_404(slug)
    name = request.args.get("dialect", "rfc4180")
    if name not in csv.DIALECTS:
        abort(404)
    answer = Response(
        payments.export(db.engine, slug, csv.DIALECTS[name], site().timezone),
        content_type="text/csv; charset=utf-8",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-payments.csv"'
    return answer


def _page(
    *,
    wrong: str = "",
    detail: str = "",
    seen: Imported | None = None,
    booked: list[tuple[str, str, int]] | None = None,
    typed: Mapping[str, Mapping[str, str]] | None = None,
) -> str:
    return render_template(
        "admin/payments.html",
        entries=bank.to_look_at(db.session()),
        wrong=wrong,
        detail=detail,
        seen=seen,
        booked=booked or [],
        typed=typed or {},
    )


def _typed_payment() -> TypedPayment:
    form_id = request.form.get("form_id", "")
    if not forms.FORM_ID.fullmatch(form_id):
        abort(400)
    return TypedPayment(
        form_id=form_id,
        amount=clean(request.form.get("amount")),
        received_on=clean(request.form.get("received_on")),
        note=clean(request.form.get("note"))[:500],
        back="back" in request.form,
    )


def _refusal(refused: PaymentRefused) -> str:
    return {
        "amount": _("Fill in an amount in euro, such as 65 or 65,50."),
        "unknown": _("Nobody has that reference."),
        "gone": _("Somebody has decided about this already."),
        "day": _("Fill in the day, such as 2027-03-14, not later than today."),
    }[refused.kind]


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written.strip())
    except ValueError:
        return None
