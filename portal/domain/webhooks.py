"""Webhooks: which addresses are told of what, how they answer, and what organisers do about them.

Whoever reads the database cannot sign: the secrets are encrypted under the secret key.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from portal import i18n
from portal.domain import happenings, sealing
from portal.domain.accounts import Office
from portal.domain.errors import WebhookRefused
from portal.domain.letters import LetterWriter
from portal.formats import post, webhook
from portal.storage.models import OWNER, Organiser
from portal.storage.webhooks import Delivery, Webhook

PURPOSE = "webhook"
MOST = 50
"""Webhooks that there may be: every sign-up looks through them."""
OVERLAP = timedelta(hours=24)
"""How long the secret of before signs too."""
KEEP = timedelta(days=30)
"""How long what was sent, or could not be, can be looked at."""
SHOWN = 50

OFF_AFTER = timedelta(days=3)
OFF_FAILURES = 20
"""So many tries in a row, over so long, and a webhook is switched off."""
WORRYING = timedelta(hours=6)
"""From when on organisers are told that an address does not answer."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a webhook should be: ``types`` are of ``happenings.TYPES``, ``events`` slugs, none for all."""

    url: str
    types: Sequence[str]
    events: Sequence[str] = ()


def theirs(session: Session, organiser: Organiser) -> list[Webhook]:
    """The webhooks that are this organiser's to look after; one query."""
    hooks = session.scalars(select(Webhook).order_by(Webhook.id).options(joinedload(Webhook.organiser)))
    return [hook for hook in hooks if _may(organiser, hook)]


def find(session: Session, organiser: Organiser, webhook_id: int) -> Webhook | None:
    """A webhook, if it is this organiser's to look after."""
    hook = session.get(Webhook, webhook_id)
    return hook if hook and _may(organiser, hook) else None


def needing_attention(session: Session, organiser: Organiser, now: datetime) -> int:
    """How many of this organiser's webhooks were switched off by themselves, or have not answered for hours."""
    query = select(Webhook).where(
        or_(
            Webhook.off.in_(("gone", "failing")),
            (Webhook.off == "") & (Webhook.failing_since < now - WORRYING),
        )
    )
    return sum(_may(organiser, hook) for hook in session.scalars(query))


def deliveries(session: Session, webhook_id: int) -> Sequence[Delivery]:
    """What was sent to a webhook, or will be, the newest first."""
    return session.scalars(
        select(Delivery).where(Delivery.webhook_id == webhook_id).order_by(Delivery.id.desc()).limit(SHOWN)
    ).all()


def make(
    office: Office, secret_keys: tuple[str, ...], organiser: Organiser, wanted: Wanted, *, loopback: bool
) -> tuple[int, str]:
    """A new webhook; returns its number, and its secret, which is shown this once.

    ``loopback`` says whether this very machine may be called. Raises WebhookRefused.
    """
    if (office.session.scalar(select(func.count()).select_from(Webhook)) or 0) >= MOST:
        raise WebhookRefused("many")
    hook = Webhook(secret="", organiser_id=organiser.id, made_at=office.now)
    _become(hook, organiser, wanted, loopback=loopback)
    office.session.add(hook)
    office.session.flush()
    secret = webhook.new_secret()
    hook.secret = sealing.seal(secret_keys, PURPOSE, hook.id, secret)
    _note(office, "webhook_made", hook)
    return hook.id, secret


def change(office: Office, organiser: Organiser, webhook_id: int, wanted: Wanted, *, loopback: bool) -> None:
    """Another address, other happenings or events. Raises WebhookRefused."""
    hook = _held(office, organiser, webhook_id)
    before = (hook.url, hook.types, hook.events)
    _become(hook, organiser, wanted, loopback=loopback)
    if (hook.url, hook.types, hook.events) != before:
        _note(office, "webhook_changed", hook)


def new_secret(office: Office, secret_keys: tuple[str, ...], organiser: Organiser, webhook_id: int) -> str:
    """Another secret, shown this once; the one of before signs beside it for ``OVERLAP``. Raises WebhookRefused."""
    hook = _held(office, organiser, webhook_id)
    secret = webhook.new_secret()
    hook.old_secret, hook.old_secret_until = hook.secret, office.now + OVERLAP
    hook.secret = sealing.seal(secret_keys, PURPOSE, hook.id, secret)
    _note(office, "webhook_secret", hook)
    return secret


def keys(hook: Webhook, secret_keys: tuple[str, ...], now: datetime) -> list[str]:
    """The secrets that sign now, the newest first; none when they were encrypted under another secret key."""
    sealed = [hook.secret]
    if hook.old_secret_until and now < hook.old_secret_until:
        sealed.append(hook.old_secret)
    opened = (sealing.unseal(secret_keys, PURPOSE, hook.id, one) for one in sealed)
    return [key for key in opened if key]


def switch_on(office: Office, organiser: Organiser, webhook_id: int) -> None:
    """Send again from now on. What happened while it was off is not told. Raises WebhookRefused."""
    hook = _held(office, organiser, webhook_id)
    if hook.off:
        hook.off, hook.failures, hook.failing_since = "", 0, None
        _note(office, "webhook_on", hook)


def switch_off(office: Office, organiser: Organiser, webhook_id: int) -> None:
    """Send nothing more. Raises WebhookRefused."""
    hook = _held(office, organiser, webhook_id)
    if not hook.off:
        _off(office.session, hook, "by_hand")
        _note(office, "webhook_off", hook)


def remove(office: Office, organiser: Organiser, webhook_id: int) -> None:
    """Forget a webhook, and all that was sent to it. Raises WebhookRefused."""
    hook = _held(office, organiser, webhook_id)
    _note(office, "webhook_removed", hook)
    office.session.execute(delete(Delivery).where(Delivery.webhook_id == hook.id))
    office.session.delete(hook)


def send_test(office: Office, organiser: Organiser, webhook_id: int) -> None:
    """Put a message in the outbox that is about nothing. Raises WebhookRefused ``off``, ``gone``."""
    hook = _held(office, organiser, webhook_id)
    if hook.off:
        raise WebhookRefused("off")
    office.session.add(happenings.message(hook, happenings.TEST, {}, office.now))


def send_again(office: Office, organiser: Organiser, webhook_id: int, delivery_id: int) -> bool:
    """Put a message that has left, or failed, back in the outbox under the same id. Raises WebhookRefused ``off``,
    ``gone``; False when it is on its way already, or is kept no more."""
    hook = _held(office, organiser, webhook_id)
    if hook.off:
        raise WebhookRefused("off")
    again = (
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.webhook_id == hook.id,
            Delivery.state.in_(("sent", "failed")),
        )
        .values(state="waiting", due_at=office.now, queued_at=office.now, attempts=0, error="", sent_at=None)
    )
    return bool(office.session.execute(again).rowcount)  # type: ignore[attr-defined]  # a CursorResult


def answered(session: Session, webhook_id: int) -> None:
    """A message was taken: whatever failed before is over. Needs a transaction."""
    session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id, Webhook.failures > 0)
        .values(failures=0, failing_since=None)
    )


def failed(session: Session, webhook_id: int, write: LetterWriter) -> None:
    """A message was not taken: after many in a row, for days, the webhook is switched off. Needs a transaction."""
    now = write.now
    session.execute(
        update(Webhook)
        .where(Webhook.id == webhook_id)
        .values(failures=Webhook.failures + 1, failing_since=func.coalesce(Webhook.failing_since, now))
    )
    hook = session.get(Webhook, webhook_id, populate_existing=True)
    if (
        hook
        and hook.failing_since
        and hook.failures >= OFF_FAILURES
        and now - hook.failing_since >= OFF_AFTER
    ):
        switch_off_by_itself(session, webhook_id, "failing", write)


def switch_off_by_itself(session: Session, webhook_id: int, why: str, write: LetterWriter) -> None:
    """The address is ``gone``, or has been ``failing`` for days: nothing more is sent there, and who made the webhook
    is told by letter; where they have left, every owner is. Needs a transaction."""
    hook = session.get(Webhook, webhook_id, populate_existing=True, with_for_update=True)
    if hook is None or hook.off:
        return
    _off(session, hook, why)
    with i18n.speaking(write.site.languages[0]):
        title = i18n.gettext("Webhooks")
    for email in _concerned(session, hook):
        session.add(write.to_account("webhook", email, title=title, host=host(hook), why=why))


def forget(session: Session, now: datetime) -> None:
    """Remove the messages that are over and old. Needs a transaction."""
    session.execute(
        delete(Delivery).where(Delivery.state.in_(("sent", "failed")), Delivery.created_at < now - KEEP)
    )


def host(hook: Webhook) -> str:
    """What is said of an address where its whole is nobody's business: some are keys by themselves."""
    return urlsplit(hook.url).hostname or ""


def _become(hook: Webhook, organiser: Organiser, wanted: Wanted, *, loopback: bool) -> None:
    try:
        post.target(wanted.url, loopback=loopback)
    except post.UrlRefused as refused:
        raise WebhookRefused(refused.kind) from None
    hook.url = wanted.url
    hook.types = [one for one in happenings.TYPES if one in wanted.types]
    hook.events = sorted(set(wanted.events))
    if not hook.types:
        raise WebhookRefused("types")
    if not _may(organiser, hook):
        raise WebhookRefused("events")


def _may(organiser: Organiser, hook: Webhook) -> bool:
    """Who is bound to some events looks after what is about no others."""
    return not organiser.events or (bool(hook.events) and all(map(organiser.may_see, hook.events)))


def _held(office: Office, organiser: Organiser, webhook_id: int) -> Webhook:
    hook = office.session.get(Webhook, webhook_id, populate_existing=True, with_for_update=True)
    if hook is None or not _may(organiser, hook):
        raise WebhookRefused("gone")
    return hook


def _off(session: Session, hook: Webhook, why: str) -> None:
    hook.off = why
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == hook.id, Delivery.state == "waiting")
        .values(state="failed", error="switched off")
    )


def _concerned(session: Session, hook: Webhook) -> Iterable[str]:
    maker = session.get(Organiser, hook.organiser_id) if hook.organiser_id else None
    if maker and maker.disabled_at is None and _may(maker, hook):
        return [maker.email]
    owners = select(Organiser.email).where(Organiser.role == OWNER, Organiser.disabled_at.is_(None))
    return session.scalars(owners.order_by(Organiser.email)).all()


def _note(office: Office, action: str, hook: Webhook) -> None:
    office.note(action, None, f"#{hook.id} {host(hook)}")
