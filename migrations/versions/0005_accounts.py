"""accounts: invitations, second factors, sign-ins of before, the log"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Nobody edits the log, and nobody takes a line out: the database sees to it.
REFUSED = "'audit_log is only ever added to'"
SQLITE_GUARDS = [
    f"CREATE TRIGGER audit_log_no_{what.lower()} BEFORE {what} ON audit_log BEGIN SELECT RAISE(ABORT, {REFUSED}); END"
    for what in ("UPDATE", "DELETE")
]
POSTGRESQL_GUARDS = [
    f"""CREATE FUNCTION audit_log_is_kept() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION {REFUSED}; END $$""",
    """CREATE TRIGGER audit_log_is_kept BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_is_kept()""",
]


def upgrade() -> None:
    # A column at a time: SQLite would otherwise make tables anew to which others refer.
    op.add_column("organisers", sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("organisers", sa.Column("totp_secret", sa.Text(), server_default="", nullable=False))
    op.add_column("organisers", sa.Column("totp_step", sa.Integer(), nullable=True))
    op.add_column(
        "organiser_sessions", sa.Column("stage", sa.String(length=20), server_default="in", nullable=False)
    )
    op.add_column("organiser_sessions", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "organiser_sessions", sa.Column("device", sa.String(length=100), server_default="", nullable=False)
    )
    # Nothing refers to letters.
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.alter_column("event_slug", existing_type=sa.String(length=200), nullable=True)

    op.create_table(
        "account_links",
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("purpose IN ('invitation', 'reset')", name=op.f("ck_account_links_purpose")),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_account_links_organiser_id")
        ),
        sa.PrimaryKeyConstraint("organiser_id", name=op.f("pk_account_links")),
        sa.UniqueConstraint("token_hash", name="uq_account_links_token_hash"),
    )
    op.create_table(
        "reset_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email_key", sa.String(length=320), nullable=False),
        sa.Column("client", sa.String(length=45), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_requests")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["organiser_id"], ["organisers.id"], name=op.f("fk_passkeys_organiser_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_organiser_id", "passkeys", ["organiser_id"])
    op.create_table(
        "challenges",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["organiser_id"], ["organisers.id"], name=op.f("fk_challenges_organiser_id")),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_challenges")),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organiser_id"], ["organisers.id"], name=op.f("fk_recovery_codes_organiser_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_recovery_codes")),
    )
    op.create_index(op.f("ix_recovery_codes_organiser_id"), "recovery_codes", ["organiser_id"])
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.Column("client", sa.String(length=45), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('in', 'password', 'code', 'passkey')", name=op.f("ck_attempts_outcome")
        ),
        sa.ForeignKeyConstraint(["organiser_id"], ["organisers.id"], name=op.f("fk_attempts_organiser_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index("ix_attempts_organiser_id_at", "attempts", ["organiser_id", "at"])
    op.create_index("ix_attempts_at", "attempts", ["at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=20), nullable=False),
        sa.Column("organiser_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("client", sa.String(length=45), nullable=False),
        sa.CheckConstraint("actor IN ('organiser', 'shell', 'nobody')", name=op.f("ck_audit_log_actor")),
        sa.ForeignKeyConstraint(["organiser_id"], ["organisers.id"], name=op.f("fk_audit_log_organiser_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["organisers.id"], name=op.f("fk_audit_log_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_subject_id", "audit_log", ["subject_id"])
    op.create_table(
        "account_rules",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account_rules")),
    )
    for guard in SQLITE_GUARDS if op.get_bind().dialect.name == "sqlite" else POSTGRESQL_GUARDS:
        op.execute(guard)


def downgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP TRIGGER audit_log_is_kept ON audit_log")
        op.execute("DROP FUNCTION audit_log_is_kept()")
    for table in (
        "account_rules",
        "audit_log",
        "attempts",
        "recovery_codes",
        "challenges",
        "passkeys",
        "reset_requests",
        "account_links",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM letters WHERE event_slug IS NULL")
    with op.batch_alter_table("letters", schema=None) as batch_op:
        batch_op.alter_column("event_slug", existing_type=sa.String(length=200), nullable=False)
    for column in ("device", "confirmed_at", "stage"):
        op.drop_column("organiser_sessions", column)
    for column in ("totp_step", "totp_secret", "signed_in_at"):
        op.drop_column("organisers", column)
