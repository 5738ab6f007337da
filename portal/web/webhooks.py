"""Webhooks as organisers look after them: who is told of what, how they answered, and what to do about it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response
from wtforms import SelectChoice, StringField
from wtforms.validators import InputRequired

from portal.domain import happenings, webhooks
from portal.domain.accounts import Office
from portal.domain.errors import WebhookRefused
from portal.domain.typed import clean
from portal.domain.webhooks import Wanted
from portal.formats import post
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.storage.models import Organiser
from portal.storage.webhooks import Webhook
from portal.web.extensions import db, limiter, portal
from portal.web.fields import Problems, first_problems, form_of, refuse, some_events, ticked
from portal.web.known import coming_events, titles
from portal.web.organiser import me, office, require_organiser

blueprint = Blueprint("webhooks", __name__, url_prefix="/admin/webhooks")
blueprint.before_request(require_organiser)


@blueprint.get("")
def overview() -> str:
    """The webhooks, and the way to a new one."""
    return _overview_page(_form())


@blueprint.post("")
@limiter.limit("60 per hour")
def make() -> str | tuple[str, int]:
    """A new webhook, and its secret."""
    form = _form()
    if not form.validate():
        return _overview_page(form, first_problems(form)), 422
    try:
        with transaction(db.session()):
            webhook_id, secret = webhooks.make(
                office(me().id), _keys(), me(), _wanted(form), loopback=_loopback()
            )
    except WebhookRefused as refused:
        return _overview_page(form, _refused(form, refused)), 422
    return render_template("webhooks/secret.html", webhook_id=webhook_id, secret=secret, overlap=False)


@blueprint.get("/<int:webhook_id>")
def one(webhook_id: int) -> str:
    """One webhook, and what was sent to it."""
    hook = _found_or_404(webhook_id)
    return _page(hook, _form(hook))


@blueprint.post("/<int:webhook_id>")
def change(webhook_id: int) -> Response | tuple[str, int]:
    """Another address, other happenings or events."""
    form = _form(_found_or_404(webhook_id))
    if not form.validate():
        return _page(_found_or_404(webhook_id), form, first_problems(form)), 422
    try:
        with transaction(db.session()):
            webhooks.change(office(me().id), me(), webhook_id, _wanted(form), loopback=_loopback())
    except WebhookRefused as refused:
        return _page(_found_or_404(webhook_id), form, _refused(form, refused)), 422
    return _back(_("The webhook is changed."), webhook_id)


@blueprint.post("/<int:webhook_id>/secret")
@limiter.limit("60 per hour")
def secret(webhook_id: int) -> str:
    """Another secret; that of before counts for a day more."""
    _found_or_404(webhook_id)
    with transaction(db.session()):
        fresh = webhooks.new_secret(office(me().id), _keys(), me(), webhook_id)
    return render_template("webhooks/secret.html", webhook_id=webhook_id, secret=fresh, overlap=True)


@blueprint.post("/<int:webhook_id>/<any(test, on, off, remove):button>")
@limiter.limit("120 per hour")
def act(webhook_id: int, button: str) -> Response:
    """One of the buttons beside a webhook."""
    _found_or_404(webhook_id)
    if button == "remove" and "sure" not in request.form:
        return _back(_("Tick that you are sure."), webhook_id, "wrong")
    do, said = _acts()[button]
    try:
        with transaction(db.session()):
            do(office(me().id), me(), webhook_id)
    except WebhookRefused as refused:
        return _back(_refusal(refused.kind), webhook_id, "wrong")
    return _back(said, None if button == "remove" else webhook_id)


@blueprint.post("/<int:webhook_id>/deliveries/<int:delivery_id>/again")
@limiter.limit("120 per hour")
def again(webhook_id: int, delivery_id: int) -> Response:
    """Send one message once more."""
    _found_or_404(webhook_id)
    try:
        with transaction(db.session()):
            done = webhooks.send_again(office(me().id), me(), webhook_id, delivery_id)
    except WebhookRefused as refused:
        return _back(_refusal(refused.kind), webhook_id, "wrong")
    return _back(
        _("The message is sent again.") if done else _("This message is on its way already."), webhook_id
    )


def _acts() -> dict[str, tuple[Callable[[Office, Organiser, int], None], str]]:
    return {
        "test": (webhooks.send_test, _("A test is on its way. Look in a few seconds how it was answered.")),
        "on": (webhooks.switch_on, _("The webhook is on: what happens from now on is told.")),
        "off": (webhooks.switch_off, _("The webhook is off: nothing more is sent there.")),
        "remove": (webhooks.remove, _("The webhook is removed.")),
    }


def _refusal(kind: str) -> str:
    return {
        "address": _("Fill in a complete address, such as https://example.org/hook."),
        "https": _("The address has to begin with https://, so that nobody reads along."),
        "credentials": _(
            "Leave the name and the password out of the address: the signature says who we are."
        ),
        "inside": _("This address leads into a private network. Only public addresses are called."),
        "types": _("Tick at least one."),
        "events": _("Tick at least one of your events: you look after these only."),
        "off": _("The webhook is off. Switch it on first."),
        "gone": _("This webhook was removed meanwhile."),
        "many": _("There are as many webhooks as there may be. Remove one first."),
    }[kind]


def _form(hook: Webhook | None = None) -> Any:
    kinds = [SelectChoice(kind, words) for kind, words in kind_words().items() if kind != happenings.TEST]
    address = StringField(
        _("Address"),
        [InputRequired(_refusal("address"))],
        filters=[clean],
        default=hook.url if hook else None,
        description=_("Where your program waits for messages, with https."),
        render_kw={
            "inputmode": "url",
            "autocomplete": "off",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": post.LONGEST_URL,
        },
    )
    described = _("Tick none for all events, those of later too.") if not me().events else ""
    fields = {
        "url": address,
        "types": ticked(
            _("What it is told of"),
            kinds,
            hook.types if hook else happenings.TYPES,
            otherwise=_refusal("types"),
        ),
        "events": some_events(coming_events(me()), hook.events if hook else (), described),
    }
    return form_of("WebhookForm", fields)


def kind_words() -> dict[str, str]:
    """What a message says, by its type."""
    return {
        happenings.SIGNED_UP: _("Somebody signs up"),
        happenings.CHANGED: _("A registration changes, or gets its places from the waiting list"),
        happenings.CANCELLATION: _("Somebody cancels"),
        happenings.ATTENDANCE: _("Somebody is checked in, or out again"),
        happenings.TEST: _("Test"),
    }


def _wanted(form: Any) -> Wanted:
    events = form.events.data or () if "events" in form else ()
    return Wanted(url=form.url.data, types=form.types.data or (), events=events)


def _refused(form: Any, refused: WebhookRefused) -> Problems:
    by_name = {field.name: field for field in form}
    return refuse(by_name.get(refused.kind, form.url), _refusal(refused.kind))


def _found_or_404(webhook_id: int) -> Webhook:
    found = webhooks.find(db.session(), me(), webhook_id)
    if found is None:
        abort(404)
    return found


def _keys() -> tuple[str, ...]:
    return portal().settings.secret_keys


def _loopback() -> bool:
    return post.is_loopback(portal().settings.base_url)


def _overview_page(form: Any, problems: Problems | None = None) -> str:
    return render_template(
        "webhooks/overview.html",
        form=form,
        problems=problems or [],
        hooks=webhooks.theirs(db.session(), me()),
        titles=titles(),
        host=webhooks.host,
    )


def _page(hook: Webhook, form: Any, problems: Problems | None = None) -> str:
    return render_template(
        "webhooks/one.html",
        hook=hook,
        form=form,
        problems=problems or [],
        host=webhooks.host(hook),
        keep_days=webhooks.KEEP.days,
        deliveries=webhooks.deliveries(db.session(), hook.id),
        kind_words=kind_words(),
    )


def _back(said: str, webhook_id: int | None, kind: str = "done") -> Response:
    flash(said, kind)
    to = url_for("webhooks.one", webhook_id=webhook_id) if webhook_id else url_for("webhooks.overview")
    return redirect(to, 303)
