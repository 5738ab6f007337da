"""The address at which a file can be edited."""

import pytest

from portal.content.repository import file_url

PATH = "events/2027/été nr 1.md"
QUOTED = "events/2027/%C3%A9t%C3%A9%20nr%201.md"


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/org/repo", f"https://github.com/org/repo/blob/HEAD/{QUOTED}"),
        ("https://github.com/org/repo.git", f"https://github.com/org/repo/blob/HEAD/{QUOTED}"),
        ("https://github.com/org/repo/tree/main", f"https://github.com/org/repo/edit/main/{QUOTED}"),
        (
            "https://github.com/org/repo/tree/main/content/nl/",
            f"https://github.com/org/repo/edit/main/content/nl/{QUOTED}",
        ),
        ("https://gitlab.com/group/sub/repo", f"https://gitlab.com/group/sub/repo/-/blob/HEAD/{QUOTED}"),
        (
            "https://gitlab.school.example/group/repo/-/tree/main/content",
            f"https://gitlab.school.example/group/repo/-/edit/main/content/{QUOTED}",
        ),
        (
            "https://git.example.org/group/repo/-/tree/trunk",
            f"https://git.example.org/group/repo/-/edit/trunk/{QUOTED}",
        ),
        (
            "https://codeberg.org/org/repo/src/branch/main/content",
            f"https://codeberg.org/org/repo/_edit/main/content/{QUOTED}",
        ),
    ],
)
def test_a_file_is_edited_where_its_repository_is(repository: str, address: str) -> None:
    assert file_url(repository, PATH) == address


@pytest.mark.parametrize(
    "repository",
    [
        "",
        "https://code.example.org/maakplaats",
        "javascript:alert(1)//github.com/tree/main",
        "ssh://git@github.com/org/repo",
        "git@github.com:org/repo",
        'https://github.com/org/repo/tree/main " onclick=',
    ],
)
def test_no_link_is_better_than_one_that_leads_nowhere(repository: str) -> None:
    assert file_url(repository, PATH) == ""
