"""What every row that a worker sends has: where it stands, and when it is tried (again)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

STATES = "state IN ('waiting', 'sending', 'sent', 'failed')"


class Outgoing:
    """A letter or a message, written in the transaction of what it is about, and what became of it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime]
    """When it was (last) put in the outbox; from then on the worker tries for so long."""
    state: Mapped[str] = mapped_column(String(20), default="waiting")
    due_at: Mapped[datetime]
    """When to try (again); while ``sending``, when the claim lapses and another may take it over."""
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
