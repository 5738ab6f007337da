"""The privacy text that people agree to."""

PRIVACY_VERSION = "2026-11"
"""Kept with each registration; it changes with the text in ``templates/events/privacy.html``."""
