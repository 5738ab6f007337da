"""``portal settings``."""

import click

from portal.cli.context import in_one_line
from portal.settings import HIDDEN, VARIABLES, Settings, said, without_secrets

BY_DEFAULT = {
    "PORTAL_DATABASE_URL": "default: in the data folder",
    "PORTAL_BASE_URL": "default: the address served on",
    "PORTAL_MAIL_FROM": "default: the contact in site.yaml",
    "PORTAL_SMTP_URL": "default: files in the data folder",
}


@click.command("settings")
def settings_command() -> None:
    """What is in force and where it comes from, secrets hidden."""
    with in_one_line():
        settings, told = Settings.load(), said()
    rows = [(variable, *_told(variable, settings)) for variable in VARIABLES]
    rows += [
        (variable, "not a setting, ignored", where)
        for variable, (_value, where) in sorted(told.items())
        if variable not in VARIABLES
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for variable, value, where in rows:
        click.echo(f"{variable:{widths[0]}}  {value:{widths[1]}}  {where}")


def _told(variable: str, settings: Settings) -> tuple[str, str]:
    """The value as it may be shown, and where it comes from."""
    if told := said().get(variable):
        shown = without_secrets(variable, told.value)
        if variable == "PORTAL_SECRET_KEY":
            shown = ", ".join(HIDDEN for _key in settings.secret_keys)
        return shown, told.where
    if variable == "PORTAL_SECRET_KEY":
        kept = settings.data_dir / "secret_key"
        return (
            (HIDDEN, f"made in the data folder: {kept}") if kept.exists() else ("-", f"will be made: {kept}")
        )
    value = getattr(settings, VARIABLES[variable][0])
    if isinstance(value, bool):
        value = "on" if value else "off"
    return str(value) or "-", BY_DEFAULT.get(variable, "default")
