"""``portal db``: what Flask-Migrate brings, and ``copy``."""

from flask_migrate.cli import db

from portal.cli.database import db_copy

db.add_command(db_copy)
