"""Rows that were there before keep their meaning."""

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from portal.storage import migrate
from portal.storage.database import connect

BEFORE = """
INSERT INTO events (slug, title) VALUES ('nascholing', 'Nascholing');
INSERT INTO registrations (id, reference, event_slug, form_id, token_hash, email, email_key, phone, school, remarks,
  newsletter, event_title, language, privacy_version, created_at, passed)
  VALUES (7, 'K7M2-QX4P', 'nascholing', 'f', 'h', 'a@b.example', 'a@b.example', '', '', '', false,
  'Nascholing', 'nl', '1', :at, 0);
INSERT INTO letters (id, registration_id, kind, language, recipient, reply_to, message_id, subject, text, html,
  created_at, state, due_at, attempts, error)
  VALUES (3, 7, 'confirmed', 'nl', 'a@b.example', '', '<x@y>', 'S', 'T', 'H', :at, 'waiting', :at, 0, '')
"""


def move(engine: Engine, to: str) -> None:
    config = migrate._config()
    config.attributes["engine"] = engine
    (command.downgrade if to == "0001" else command.upgrade)(config, to)


def test_letters_of_before_know_their_event_and_since_when_they_wait(database_url: str) -> None:
    engine = connect(database_url)
    move(engine, "0001")
    with engine.begin() as connection:
        for statement in BEFORE.split(";"):
            written = text(statement)
            connection.execute(written, {"at": "2027-01-04 09:00:00+00:00"} if ":at" in statement else {})
    move(engine, "head")
    assert migrate.is_current(engine)
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT event_slug, queued_at = created_at, calendar, sequence FROM letters")
        ).one()
    assert (row[0], bool(row[1]), row[2], row[3]) == ("nascholing", True, "", None)
    engine.dispose()


def test_the_newest_version_is_known_without_reading_the_scripts() -> None:
    assert migrate.newest() == ScriptDirectory.from_config(migrate._config()).get_current_head()
