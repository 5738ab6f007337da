import pytest

from portal.content.links import is_web_address, local_path, with_scheme, without_code


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("www.example.org", "https://www.example.org"),
        ("www.example.org/a?b#c", "https://www.example.org/a?b#c"),
        ("dwengo.example.be/kiks", "https://dwengo.example.be/kiks"),
        ("https://www.example.org", None),
        ("plan.pdf", None),
        ("folder/page.html", None),
        ("#top", None),
        ("mailto:a@example.org", None),
        ("www.", None),
    ],
)
def test_an_address_without_a_scheme_is_one_that_names_a_host(written: str, meant: str | None) -> None:
    assert with_scheme(written) == meant


@pytest.mark.parametrize(
    ("written", "good"),
    [("https://a.be", True), ("http://a.be:80/x", True), ("https://", False), ("ftp://a.be", False), ("//a.be", False),
     ("https://a.be/x y", False), ("https://[", False), ("https://a.be:x", False), ('https://a.be/"', False)],
)  # fmt: skip
def test_a_web_address_has_a_scheme_and_a_host(written: str, good: bool) -> None:
    assert is_web_address(written) is good


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/images/a/b.png", "a/b.png"),
        ("images/b.png?v=2", "b.png"),
        ("/images/met%20spatie.png", "met spatie.png"),
        ("https://eigen.example/images/a.png", "a.png"),
        ("https://elders.example/images/a.png", None),
        ("//elders.example/a.png", None),
        ("data:image/png;base64,x", None),
        ("https://[", None),
    ],
)
def test_an_image_is_here_or_on_another_host(written: str, path: str | None) -> None:
    assert local_path(written, "eigen.example") == path


def test_code_and_comments_are_blanked_at_their_place() -> None:
    text = "a `b` c\n~~~\nd\n~~~\ne <!-- f\ng --> h <!-- open"
    blanked = without_code(text)
    assert len(blanked) == len(text)
    assert blanked.split() == ["a", "c", "e", "h", "<!--", "open"]
