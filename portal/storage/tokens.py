"""The table of the keys with which programs read what organisers may."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.storage.models import Base, Organiser


class ApiToken(Base):
    """A program's key to the API: it opens at most what the account that made it may see. The row goes when it is
    revoked."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
        Index("ix_api_tokens_organiser_id", "organiser_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    name: Mapped[str] = mapped_column(String(100))
    """For what it is, in its maker's words."""
    start: Mapped[str] = mapped_column(String(20))
    """Its first characters, by which people know it again."""
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the token, in hexadecimal."""
    scopes: Mapped[list[str]] = mapped_column(JSON)
    events: Mapped[list[str]] = mapped_column(JSON)
    """The slugs of the events that it is for; empty for all that its account may see."""
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    """When last, to some ten minutes."""

    organiser: Mapped[Organiser] = relationship()
