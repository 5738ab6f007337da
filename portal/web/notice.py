"""What may be said of personal data here, from the settings in force: to visitors, and in the record of processing."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from flask import current_app

from portal.domain.authorities import Authority, authority
from portal.domain.sign_ins import HISTORY, IDLE, LONGEST
from portal.i18n import current_language, ngettext
from portal.i18n import gettext as _
from portal.web.extensions import portal, site
from portal.web.languages import CHOICE_LASTS, cookie

THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Cookie:
    """A cookie that the portal sets: by its name, in words what for, and how long."""

    name: str
    purpose: str
    lasts: str


@dataclass(frozen=True)
class Notice:
    """``mail_host`` is the server through which letters leave: empty when it is on this machine, None when there is
    none and no letter leaves. ``sign_ins_days`` is how long organisers' sign-ins are remembered."""

    keep_days: int
    takes_money: bool
    reads_statements: bool
    mail_host: str | None
    cookies: tuple[Cookie, ...]
    authority: Authority | None
    sign_ins_days: int


def notice() -> Notice:
    """What holds now, in the language in force."""
    settings, events = portal().settings, portal().catalogue.snapshot.events.values()
    host = (urlsplit(settings.smtp_url).hostname or "") if settings.smtp_url else None
    asks_money = any(event.registration == "portal" and any(event.prices) for event in events)
    return Notice(
        keep_days=site().keep_days,
        takes_money=asks_money or site().bank is not None,
        reads_statements=site().bank is not None,
        mail_host="" if host in THIS_MACHINE else host,
        cookies=_cookies(),
        authority=authority(site().organisation.country, current_language()),
        sign_ins_days=HISTORY.days,
    )


def _cookies() -> tuple[Cookie, ...]:
    until_closed = _("until you close your browser")
    signed_in = _("%(hours)s hours without use at most, and %(days)s days in all") % {
        "hours": IDLE // timedelta(hours=1),
        "days": LONGEST.days,
    }
    return (
        Cookie(cookie(), _("Your choice of language, once you have made one."), _days(CHOICE_LASTS.days)),
        Cookie(
            current_app.config["SESSION_COOKIE_NAME"],
            _("Protects a form while you fill it in. Of organisers it also knows that they are signed in."),
            _("%(visitors)s; signed in: %(organisers)s")
            % {"visitors": until_closed, "organisers": signed_in},
        ),
    )


def _days(number: int) -> str:
    return ngettext("%(num)s day", "%(num)s days", number) % {"num": number}
