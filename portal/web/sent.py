"""JSON that people send: it may be anything."""

import json
from typing import Any

from flask import request


def body() -> Any:
    """What the request says in JSON; None where that is none."""
    return read(request.get_data()) if request.is_json else None


def read(text: str | bytes) -> Any:
    """The same of a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # the second for a hundred thousand brackets
        return None
