"""A registration and signup portal: events are Markdown files, sign-ups are rows, lists are CSV."""

from pathlib import Path

__version__ = "0.1.0"


def resource(name: str) -> Path:
    """A folder that comes with the portal: at the top of the repository, or inside the installed package."""
    package = Path(__file__).parent
    return next(folder for folder in (package / name, package.parent / name) if folder.is_dir())
