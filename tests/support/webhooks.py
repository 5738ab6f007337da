"""Webhooks from the side of an organiser, and the messenger who serves them."""

from collections.abc import Iterable

from sqlalchemy import select

from portal.storage.webhooks import Delivery
from portal.worker import Messenger
from tests.support.portal import SECRET, PortalUnderTest
from tests.support.receiver import Receiver
from tests.support.visitor import Visitor

EVERYTHING = ["registration.created", "registration.changed", "registration.cancelled", "attendance.changed"]


def make_webhook(
    organiser: Visitor, url: str, types: Iterable[str] = EVERYTHING, events: Iterable[str] = ()
) -> str:
    """Fill in the form of a new webhook; returns its secret."""
    asked: dict[str, str | list[str] | None] = {"url": url, "types": list(types), "events": list(events)}
    page = organiser.submit(organiser.get("/admin/webhooks"), asked, form="#webhook")
    assert page.status == 200, page.text
    (secret,) = page.words("#secret")
    return str(secret)


def listening(portal: PortalUnderTest, receiver: Receiver) -> Visitor:
    """An organiser of this portal, who has the receiver told of everything."""
    organiser = portal.organiser()
    make_webhook(organiser, receiver.url)
    return organiser


def messenger(portal: PortalUnderTest) -> Messenger:
    """Who brings messages from this portal, in no time."""
    catalogue = portal.app.extensions["portal"].catalogue
    return Messenger(portal.engine, catalogue, portal.settings.base_url, (SECRET,), elapsed=lambda: 0.0)


def deliver(portal: PortalUnderTest) -> int:
    """One pass of the messenger, now; returns how many messages were taken."""
    return messenger(portal).deliver_due(portal.clock.now)


def deliveries(portal: PortalUnderTest) -> list[Delivery]:
    """All messages, oldest first."""
    with portal.session() as session:
        return list(session.scalars(select(Delivery).order_by(Delivery.id)))
