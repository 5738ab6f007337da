"""Settings: what is told from outside, and one line for what is told wrongly."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from portal.settings import SettingError, Settings, without_secrets

NO_FILE = Path("no-such-file")


def test_everything_has_a_default() -> None:
    settings = Settings.load({}, NO_FILE)
    assert settings.base_url == "http://127.0.0.1:8000"
    assert settings.database_url == f"sqlite:///{Path('var/portal.db').absolute()}"
    assert settings.embedded_database
    assert not settings.secure


def test_the_environment_goes_before_the_file_and_an_empty_value_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "PORTAL_BASE_URL=https://file.example/\nPORTAL_MAIL_FROM=a@file.example\nPORTAL_RATE_LIMITS=off\n"
    )
    settings = Settings.load({"PORTAL_BASE_URL": "https://told.example/", "PORTAL_MAIL_FROM": ""}, file)
    assert settings.base_url == "https://told.example"
    assert settings.secure
    assert settings.mail_from == ""
    assert settings.rate_limits is False


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORTAL_DATABASE_URL", "mysql://localhost/x"),
        ("PORTAL_DATABASE_URL", "postgresql://localhost/x"),
        ("PORTAL_BASE_URL", "events.example.org"),
        ("PORTAL_SECRET_KEY", "short"),
        ("PORTAL_SMTP_URL", "localhost:25"),
        ("PORTAL_MAIL_FROM", "nobody"),
        ("PORTAL_LIMITER_STORAGE", "file://x"),
        ("PORTAL_RATE_LIMITS", "maybe"),
        ("PORTAL_PROXY_HOPS", "-1"),
        ("PORTAL_LOG_FORMAT", "xml"),
        ("PORTAL_SECRET_KEY", "k" * 40 + ",short"),
        ("PORTAL_METRICS_TOKEN", "short"),
        ("PORTAL_SENTRY_DSN", "https://sentry.example/1"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_the_variable_and_not_the_secret(
    variable: str, value: str
) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.load({variable: value}, NO_FILE)
    message = str(raised.value)
    assert message.startswith(f"{variable}: takes ")
    assert "\n" not in message


def test_the_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "var")
    together = Barrier(16)

    def start(_: int) -> str:
        together.wait(timeout=30)
        return settings.with_secret_key().secret_key

    with ThreadPoolExecutor(16) as starts:
        keys = set(starts.map(start, range(16)))
    assert len(keys) == 1
    kept = tmp_path / "var" / "secret_key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(keys.pop()) >= 43
    assert [file.name for file in kept.parent.iterdir()] == ["secret_key"]


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings(secret_keys=("k" * 40,), smtp_url="smtp://u:pass@host"))
    assert "kkkk" not in shown
    assert "pass" not in shown


@pytest.mark.parametrize("between", [",", ", ", " ", "\n"])
def test_several_keys_are_told_newest_first(tmp_path: Path, between: str) -> None:
    new, old = "n" * 40, "o" * 40
    settings = Settings.load({"PORTAL_SECRET_KEY": f"{new}{between}{old}"}, NO_FILE)
    assert (settings.secret_key, settings.secret_keys) == (new, (new, old))
    (tmp_path / "secret_key").write_text(f"{new}{between}{old}\n")
    assert Settings(data_dir=tmp_path).with_secret_key().secret_keys == (new, old)


@pytest.mark.parametrize(
    ("variable", "value", "shown"),
    [
        ("PORTAL_SECRET_KEY", "k" * 40, "***"),
        ("PORTAL_SMTP_URL", "smtp://u:p@host:587?starttls=1", "smtp://u:***@host:587?starttls=1"),
        ("PORTAL_SMTP_URL", "smtps://u:p@s/s:w?rd@host", "smtps://u:***@host"),
        (
            "PORTAL_DATABASE_URL",
            "postgresql+psycopg://u@h/x?password=p&a=b",
            "postgresql+psycopg://u@h/x?password=***&a=b",
        ),
        ("PORTAL_LIMITER_STORAGE", "redis://:p@host/0", "redis://:***@host/0"),
        ("PORTAL_SENTRY_DSN", "https://key@sentry.example/1", "https://***@sentry.example/1"),
        ("PORTAL_BASE_URL", "https://events.example.org", "https://events.example.org"),
    ],
)
def test_of_an_address_all_but_the_password_is_shown(variable: str, value: str, shown: str) -> None:
    assert without_secrets(variable, value) == shown
