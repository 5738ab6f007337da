"""The tables of who is told by machine of what happens to registrations: the addresses, and what is sent to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.storage.models import Base, Organiser
from portal.storage.outgoing import STATES, Outgoing


class Webhook(Base):
    """An address that is told what happens, and how it has answered."""

    __tablename__ = "webhooks"
    __table_args__ = (CheckConstraint("off IN ('', 'by_hand', 'gone', 'failing')", name="off"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    types: Mapped[list[str]] = mapped_column(JSON)
    """Of what it is told (``domain.happenings.TYPES``)."""
    events: Mapped[list[str]] = mapped_column(JSON)
    """The slugs of the events that it is told of; none for all of them."""
    secret: Mapped[str] = mapped_column(Text)
    """What messages are signed with, encrypted under the secret key."""
    old_secret: Mapped[str] = mapped_column(Text, default="")
    """The secret of before, which signs too until ``old_secret_until``."""
    old_secret_until: Mapped[datetime | None]
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    made_at: Mapped[datetime]
    off: Mapped[str] = mapped_column(String(20), default="")
    """Why nothing is sent: somebody said so, the address answered that it is gone, or it failed for days."""
    failures: Mapped[int] = mapped_column(default=0)
    """How many tries failed since the last that did not."""
    failing_since: Mapped[datetime | None]

    organiser: Mapped[Organiser | None] = relationship()

    def is_about(self, slug: str) -> bool:
        """Whether it is told of this event."""
        return not self.events or slug in self.events


class Delivery(Outgoing, Base):
    """A message to one webhook, written in the transaction of what it tells, and what became of it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(STATES, name="state"),
        UniqueConstraint("message_id", name="uq_deliveries_message_id"),
        Index("ix_deliveries_state_due_at", "state", "due_at"),
        Index("ix_deliveries_webhook_id", "webhook_id", "id"),
    )

    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"))
    message_id: Mapped[str] = mapped_column(String(40))
    """The same at each try: by this a receiver knows what it has had already."""
    type: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    """The JSON, as it is sent at each try."""
    tried_at: Mapped[datetime | None]
    """When last."""
    answer: Mapped[int | None]
    """The HTTP status of the last answer; None when there was none."""

    webhook: Mapped[Webhook] = relationship()
