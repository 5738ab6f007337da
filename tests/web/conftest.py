"""What all tests of pages have."""

import pytest
from argon2 import PasswordHasher

from portal.domain import passwords


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as they are, with less work: hundreds of organisers sign in here."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
