"""The script modules, under a name that tells their content: one digest for all, so that they import one another."""

from functools import cache
from hashlib import sha256
from importlib.resources import files

from flask import url_for

from portal.web.wire import Body


def url(name: str) -> str:
    """Where the module ``name`` is, such as ``door/page``."""
    return url_for("ops.script", digest=digest(), name=name)


def urls(folder: str) -> list[str]:
    """Where all modules of a folder are, such as ``door/``."""
    return [url(name) for name in sorted(_modules()) if name.startswith(folder)]


def script(name: str) -> Body | None:
    """The module of that name; None when there is none."""
    return _modules().get(name)


@cache
def digest() -> str:
    """Changes with the text of any module."""
    told = [(name, module.text) for name, module in sorted(_modules().items())]
    return sha256(repr(told).encode()).hexdigest()[:12]


@cache
def _modules() -> dict[str, Body]:
    folders = [folder for folder in (files("portal") / "static").iterdir() if folder.is_dir()]
    texts = {
        f"{folder.name}/{file.name.removesuffix('.js')}": file.read_bytes()
        for folder in folders
        for file in folder.iterdir()
    }
    return {name: Body(text, dense=True) for name, text in texts.items()}
