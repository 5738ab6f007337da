"""What an event's file says about letters: its own words in them, the reminder, and what organisers are told."""

from portal.content.event import LETTERS, Event
from portal.content.fields import NO, Fields
from portal.content.findings import shown
from portal.content.frontmatter import Scalar

LONGEST_WORDS = 5_000
EARLIEST_REMINDER = 60


def read_own_words(fields: Fields) -> tuple[tuple[str, str], ...]:
    """The Markdown that each kind of letter is to say besides."""
    group = fields.group("letters")
    if group is None:
        return ()
    group.known_only(LETTERS)
    found = []
    for kind in LETTERS:
        value = group.scalar(kind)
        if value is None or not value.text.strip():
            continue
        if len(value.text) > LONGEST_WORDS:
            group.wrong(kind, f"{len(value.text)} characters long", f"keep it below {LONGEST_WORDS}")
        elif not value.style and value.text.strip().casefold() in ("true", "false"):
            group.wrong(kind, shown(value.text), "write the sentences that the letter should say")
        else:
            found.append((kind, value.text.strip()))
    return tuple(found)


def read_reminder(fields: Fields) -> int | None:
    """How many days before the event who comes is reminded; None when nobody is."""
    value = fields.scalar_or_group("reminder")
    if isinstance(value, Scalar) and (value.text.strip() == "0" or value.text.strip().casefold() in NO):
        return None
    return (
        fields.number("reminder", 1, EARLIEST_REMINDER, ", or false when nobody is to be reminded")
        or Event.reminder
    )
