"""The portal for a WSGI server: ``gunicorn wsgi:application``."""

from portal import logs
from portal.app import create_app
from portal.settings import Settings

settings = Settings.load()
logs.configure(settings.log_format)
application = create_app(settings)
