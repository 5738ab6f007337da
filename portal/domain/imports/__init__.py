"""Adding people from a file, all at once: what its columns are, who is in it, what becomes of each, and doing that.

What a file says is read by ``formats.tables``; here it becomes sign-ups by an organiser.
"""

from portal.domain.imports.columns import ANSWER, Columns, fields, guess, twice
from portal.domain.imports.people import Guest, Party, Problem, parties
from portal.domain.imports.plan import ADDED, Added, Fate, Plan, Verdict, Wishes, plan, save
from portal.domain.imports.rows import read_guests

__all__ = [
    "ADDED",
    "ANSWER",
    "Added",
    "Columns",
    "Fate",
    "Guest",
    "Party",
    "Plan",
    "Problem",
    "Verdict",
    "Wishes",
    "fields",
    "guess",
    "parties",
    "plan",
    "read_guests",
    "save",
    "twice",
]
