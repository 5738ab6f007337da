"""Ways on that somebody else named, and what stands in an address."""

from typing import Any

from werkzeug.routing import IntegerConverter, Map

from portal.domain.typed import LARGEST_KEY


class RowNumber(IntegerConverter):
    """The number of a row in an address; a higher one than a row can have is no address (404)."""

    def __init__(self, url_map: Map, *arguments: Any, **options: Any) -> None:
        super().__init__(url_map, *arguments, **{"max": LARGEST_KEY, **options})


def local_path(path: str, otherwise: str) -> str:
    """``path`` when it surely stays on this site, else ``otherwise``: no link of ours leads elsewhere."""
    stays = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if stays else otherwise
