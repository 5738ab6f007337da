"""The application: the pieces put together, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import resource
from portal.content.catalogue import Catalogue
from portal.settings import Settings
from portal.storage.database import engine_options, prepare
from portal.web import (
    account_links,
    accounts,
    admin,
    api,
    api_tokens,
    door,
    embed,
    errors,
    events,
    factors,
    feeds,
    letters,
    me,
    meters,
    ops,
    registration,
    reports,
    security,
    signup,
    staff,
    templating,
    watch,
    webhooks,
)
from portal.web.extensions import Portal, csrf, db, limiter
from portal.web.kept import Kept
from portal.web.languages import speak
from portal.web.paths import AnyRequest, RowNumber, refuse_nul

LARGEST_REQUEST = 1024 * 1024
LARGEST_FORM = 200_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _configure(app: Flask, settings: Settings) -> None:
    """Tell Flask and its extensions what they have to know."""
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        # Flask-WTF knows of no fallbacks; what signs for it takes several keys, the newest last.
        WTF_CSRF_SECRET_KEY=settings.secret_keys[::-1],
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        SESSION_COOKIE_NAME="__Host-session" if settings.secure else "session",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(days=7),
        # A form stays good as long as its session; nobody loses what they typed because they had lunch.
        WTF_CSRF_TIME_LIMIT=None,
        # The token is the proof; pages that keep their address to themselves send no Referer.
        WTF_CSRF_SSL_STRICT=False,
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=500,
        RATELIMIT_STORAGE_URI=settings.limiter_storage,
        # Memory takes no notice of these; who waits for a Redis that does not answer has no page meanwhile.
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 2, "socket_timeout": 2},
        RATELIMIT_ENABLED=settings.rate_limits,
    )


def create_app(settings: Settings | None = None, clock: Callable[[], datetime] = _utc_now) -> Flask:
    """The portal as a WSGI application; settings come from the environment when none are given."""
    settings = (settings or Settings.load()).with_secret_key()
    app = Flask("portal", template_folder=str(resource("templates")), static_folder=None)
    app.request_class = AnyRequest
    _configure(app, settings)
    app.url_map.converters["int"] = RowNumber
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["portal"] = Portal(settings, Catalogue(settings.content_dir), clock)

    # Who watches comes first: they see a request before all others, and its answer after them.
    for extension in (reports, watch, meters, db, csrf, limiter, errors, security, templating):
        extension.init_app(app)
    with app.app_context():
        engine = prepare(db.engine)
    app.wsgi_app = Kept(  # type: ignore[method-assign]
        app.wsgi_app, app.extensions["portal"], engine, app.config["SESSION_COOKIE_NAME"]
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    app.before_request(speak)
    app.before_request(refuse_nul)
    for room in (events, feeds, signup, embed, registration, admin, api, door, letters, ops):
        app.register_blueprint(room.blueprint)
    for room in (accounts, account_links, api_tokens, me, factors, staff, webhooks):
        app.register_blueprint(room.blueprint)
    return app
