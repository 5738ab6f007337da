"""New rows, written beside the unit of work.

The unit of work sorts what is new and looks after all that any row could have to do with another. For a registration
with its people that took half of the time for which a sign-up holds up everybody else (``docs/performance.md``). Here
it is known what hangs on what.
"""

from collections.abc import Sequence
from functools import cache
from typing import cast

from sqlalchemy import Connection, Table, insert, inspect
from sqlalchemy.orm import RelationshipDirection, Session, make_transient_to_detached

from portal.storage.database import INSERTED
from portal.storage.models import Base


def insert_new(session: Session, row: Base) -> None:
    """Write a new row and those that hang on it, inside a ``transaction``. They stand in the session then, as after
    ``add`` and ``flush``, until it is taken back.

    What the row itself hangs on has to be there, and its foreign keys have to be set. Raises IntegrityError.
    """
    written: list[Base] = session.info.setdefault(INSERTED, [])
    _insert(session.connection(), [row], written)
    session.add(row)


def _insert(connection: Connection, rows: Sequence[Base], written: list[Base]) -> None:
    """Write rows of one kind, in all of which the same is set, and what hangs on them."""
    if not rows:
        return
    kind = type(rows[0])
    table = cast("Table", kind.__table__)
    values = [{name: value for name, value in vars(row).items() if name in table.c} for row in rows]
    if table.autoincrement_column is None:
        connection.execute(insert(table), values if len(values) > 1 else values[0])
    else:
        for row, own in zip(rows, values, strict=True):
            key = connection.execute(insert(table), own).inserted_primary_key
            setattr(row, table.autoincrement_column.name, key and key[0])
    for name, keys in _hanging_on(kind):
        below: list[Base] = []
        for row in rows:
            found = vars(row).get(name)
            own_below = found if isinstance(found, list) else [found] if found else []
            for other in own_below:
                for ours, theirs in keys:
                    setattr(other, theirs, getattr(row, ours))
            below += own_below
        _insert(connection, below, written)
    for row in rows:
        make_transient_to_detached(row)
    written += rows


@cache
def _hanging_on(kind: type[Base]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The relationships to what hangs on rows of this kind, each with our columns and theirs."""
    return [
        (one.key, [(str(ours.name), str(theirs.name)) for ours, theirs in one.local_remote_pairs or ()])
        for one in inspect(kind).relationships
        if one.direction is RelationshipDirection.ONETOMANY
    ]
