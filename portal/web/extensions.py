"""What the blueprints share: the extensions, and the portal that this application serves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from flask import current_app, g
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from markupsafe import Markup

from portal.content.catalogue import Catalogue
from portal.content.event import Event
from portal.content.site import Site
from portal.settings import Settings
from portal.storage.models import Base
from portal.web.shelf import EmptyForm, Shelf

db = SQLAlchemy(metadata=Base.metadata)
csrf = CSRFProtect()
# A Redis that is away keeps nobody from signing up: each process then counts for itself.
limiter = Limiter(
    get_remote_address, headers_enabled=True, strategy="fixed-window", in_memory_fallback_enabled=True
)


@dataclass(frozen=True)
class Portal:
    """What one application serves, and its clock.

    ``texts`` are the event texts as HTML by slug and language, each with the Event that it was made from: a
    file that changed is another Event. ``empty_forms`` are sign-up forms that nobody has filled in.
    """

    settings: Settings
    catalogue: Catalogue
    clock: Callable[[], datetime]
    texts: dict[tuple[str, str], tuple[Event, Markup]] = field(default_factory=dict)
    empty_forms: Shelf[EmptyForm] = field(default_factory=Shelf)


def portal() -> Portal:
    """The portal that answers this request."""
    served: Portal = current_app.extensions["portal"]
    return served


def now() -> datetime:
    """The time of this request, aware and in UTC: read once, so that one answer tells one time."""
    if "now" not in g:
        g.now = portal().clock()
    at: datetime = g.now
    return at


def site() -> Site:
    """The organisation whose portal this is, as its file says at this moment."""
    return portal().catalogue.snapshot.site
