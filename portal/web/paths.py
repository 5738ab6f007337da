"""Ways on that somebody else named."""


def local_path(path: str, otherwise: str) -> str:
    """``path`` when it surely stays on this site, else ``otherwise``: no link of ours leads elsewhere."""
    stays = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if stays else otherwise
