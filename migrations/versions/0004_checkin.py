"""check-in: what was pressed at the door"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkins",
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("action IN ('in', 'out')", name=op.f("ck_checkins_action")),
        sa.ForeignKeyConstraint(["organiser_id"], ["organisers.id"], name=op.f("fk_checkins_organiser_id")),
        sa.ForeignKeyConstraint(
            ["registration_id", "position"],
            ["attendees.registration_id", "attendees.position"],
            name="fk_checkins_registration_id_position",
        ),
        sa.PrimaryKeyConstraint("registration_id", "position", "action_id", name=op.f("pk_checkins")),
    )


def downgrade() -> None:
    op.drop_table("checkins")
