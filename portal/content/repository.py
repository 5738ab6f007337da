"""Where a content file can be edited: its page on the site that keeps the repository.

``site.yaml: repository_url`` is the address of the repository, or of the folder in it that holds ``site.yaml``, as the
browser shows it (``…/tree/main/content``). The address of an editor needs the name of a branch, which only the second
tells: ``edit/HEAD`` is no page of GitHub's (https://github.com/jupyter-book/mystmd/issues/2485). Without it the link
leads to the file as it is there (``blob/HEAD``), from where a button of theirs leads on.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from portal.content.links import is_web_address


@dataclass(frozen=True)
class _Forge:
    """How a kind of site writes its addresses: ``tree`` finds repository, branch and folder in one of a folder."""

    tree: re.Pattern[str]
    edit: str
    view: str = ""


_GITLAB = _Forge(
    re.compile(r"(?P<repository>.+?)/-/(?:tree|blob)/(?P<branch>[^/]+)(?:/(?P<folder>.+))?"),
    "{repository}/-/edit/{branch}/{path}",
    "{repository}/-/blob/HEAD/{path}",
)
_GITHUB = _Forge(
    re.compile(r"(?P<repository>.+?)/(?:tree|blob)/(?P<branch>[^/]+)(?:/(?P<folder>.+))?"),
    "{repository}/edit/{branch}/{path}",
    "{repository}/blob/HEAD/{path}",
)
_FORGEJO = _Forge(
    re.compile(r"(?P<repository>.+?)/src/branch/(?P<branch>[^/]+)(?:/(?P<folder>.+))?"),
    "{repository}/_edit/{branch}/{path}",
)


def file_url(repository_url: str, path: str) -> str:
    """The address at which the file at ``path``, relative to the content folder, is edited; empty where nobody said,
    or where the site is of a kind that we do not know."""
    address = repository_url.removesuffix(".git").rstrip("/")
    if not is_web_address(address):
        return ""
    for forge in (_GITLAB, _FORGEJO, _GITHUB):
        if found := forge.tree.fullmatch(address):
            whole = f"{found['folder']}/{path}" if found["folder"] else path
            return forge.edit.format(
                repository=found["repository"], branch=found["branch"], path=quote(whole)
            )
    names = (urlsplit(address).hostname or "").split(".")
    bare = next((forge for name, forge in (("github", _GITHUB), ("gitlab", _GITLAB)) if name in names), None)
    return bare.view.format(repository=address, path=quote(path)) if bare else ""
