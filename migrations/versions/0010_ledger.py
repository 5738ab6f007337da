"""ledger: a form that an organiser sends twice is one payment; entries of a statement of any amount"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("payments", sa.Column("form_id", sa.String(length=64), nullable=True))
    op.create_index("uq_payments_form_id", "payments", ["form_id"], unique=True)
    # To SQLite all whole numbers are the same.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("statement_entries", "amount", type_=sa.BigInteger(), existing_nullable=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("statement_entries", "amount", type_=sa.Integer(), existing_nullable=False)
    op.drop_index("uq_payments_form_id", table_name="payments")
    op.drop_column("payments", "form_id")
