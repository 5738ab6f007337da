"""The table of what organisers wrote to many at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.storage.models import Base, Organiser


class Mailing(Base):
    """A mail to the people of an event, as it was written; the letters that it became name it."""

    __tablename__ = "mailings"
    __table_args__ = (
        UniqueConstraint("form_id", name="uq_mailings_form_id"),
        Index("ix_mailings_event_slug", "event_slug", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_slug: Mapped[str] = mapped_column(ForeignKey("events.slug"))
    form_id: Mapped[str] = mapped_column(String(64))
    """Names the form it was sent with: however often that is sent, it is one mailing."""
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    """Markdown, with its placeholders."""
    filters: Mapped[dict[str, Any]] = mapped_column(JSON)
    """To whom: the list's filters, as its address has them."""
    letters: Mapped[int]
    """How many it became."""
    created_at: Mapped[datetime]

    organiser: Mapped[Organiser | None] = relationship()
