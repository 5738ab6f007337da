"""The database. All tables are known as soon as anything here is used: they refer to one another by name."""

from portal.storage import checkins, identity, ledger, mailings, models, tokens, webhooks

__all__ = ["checkins", "identity", "ledger", "mailings", "models", "tokens", "webhooks"]
