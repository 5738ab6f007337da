"""What happens without being asked for: letters and messages leave, lines move, names are forgotten."""

from portal.worker.clerk import Clerk, LineKeeper
from portal.worker.crew import Crew, crew_of
from portal.worker.messenger import Messenger
from portal.worker.outbox import BATCH, CLAIM, GIVE_UP_AFTER, LONGEST_PAUSE
from portal.worker.postman import Postman
from portal.worker.shift import Worker

__all__ = [
    "BATCH",
    "CLAIM",
    "GIVE_UP_AFTER",
    "LONGEST_PAUSE",
    "Clerk",
    "Crew",
    "LineKeeper",
    "Messenger",
    "Postman",
    "Worker",
    "crew_of",
]
