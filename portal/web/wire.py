"""What goes over the wire more than once: compressed once, in each way that browsers take, and named by its content."""

import gzip
from functools import cached_property, lru_cache
from hashlib import sha256

import brotli
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

WAYS = ("br", "gzip")
"""Content codings (RFC 9110, 8.4.1), the smallest first."""


class Body:
    """Bytes to be sent many times. ``dense`` takes the time for the smallest form, for what lasts."""

    def __init__(self, text: bytes, *, dense: bool = False) -> None:
        self.text = text
        self._dense = dense

    @cached_property
    def digest(self) -> str:
        """A name that another content does not have."""
        return sha256(self.text).hexdigest()[:16]

    def as_asked(self, accept_encoding: str) -> tuple[bytes, str]:
        """The bytes for who sent this ``Accept-Encoding``, and the coding's name, empty for the bytes as they are."""
        way = _way(accept_encoding)
        return (self._brotli if way == "br" else self._gzip if way else self.text), way

    @cached_property
    def _brotli(self) -> bytes:
        return bytes(brotli.compress(self.text, quality=11 if self._dense else 5))

    @cached_property
    def _gzip(self) -> bytes:
        return gzip.compress(self.text, 9 if self._dense else 6, mtime=0)


@lru_cache(maxsize=256)
def _way(accept_encoding: str) -> str:
    accepted: Accept = parse_accept_header(accept_encoding, Accept)
    return next((way for way in WAYS if accepted[way] > 0), "")
