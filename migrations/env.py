"""Alembic's environment: on the engine that it is handed, else on the application's (``portal db …``)."""

from alembic import context

from portal.storage.database import UtcDateTime, writing
from portal.storage.models import Base


def render(kind, item, _context):
    """Versions stand by themselves: they name the database's type, not ours."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


engine = context.config.attributes.get("engine")
if engine is None:
    from flask import current_app

    engine = current_app.extensions["migrate"].db.engine

with engine.connect().execution_options(**writing(engine)) as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
