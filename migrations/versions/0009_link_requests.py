"""link requests: whoever asks for a link, to an account or to a registration, is answered by the worker"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "link_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("opens", sa.String(length=20), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("event_slug", sa.String(length=200), nullable=True),
        sa.Column("client", sa.String(length=45), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("opens IN ('account', 'registration')", name=op.f("ck_link_requests_opens")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_requests")),
    )
    # Nobody who asked a moment ago is forgotten. Without the numbers: PostgreSQL would give them once more.
    op.execute(
        "INSERT INTO link_requests (opens, email_key, client, asked_at) "
        "SELECT 'account', email_key, client, asked_at FROM reset_requests ORDER BY id"
    )
    op.drop_table("reset_requests")


def downgrade() -> None:
    op.create_table(
        "reset_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("client", sa.String(length=45), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_requests")),
    )
    op.execute(
        "INSERT INTO reset_requests (email_key, client, asked_at) "
        "SELECT email_key, client, asked_at FROM link_requests WHERE opens = 'account' ORDER BY id"
    )
    op.drop_table("link_requests")
