"""The table of what was pressed at the door, which is only ever added to."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.storage.models import Base, Organiser


class Checkin(Base):
    """Somebody was let in, or went out. Whether a person is in follows from all of theirs, in the order of ``at``."""

    __tablename__ = "checkins"
    __table_args__ = (
        CheckConstraint("action IN ('in', 'out')", name="action"),
        ForeignKeyConstraint(
            ["registration_id", "position"],
            ["attendees.registration_id", "attendees.position"],
            name="fk_checkins_registration_id_position",
        ),
    )

    registration_id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """The phone's own number for one tap: however often it is sent, it counts once."""
    action: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]
    """When it was pressed."""
    received_at: Mapped[datetime]
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))

    organiser: Mapped[Organiser] = relationship()
