import pytest

from portal.content.site import Bank, Organisation, Site, read_site

WHOLE = """
name: Maakplaats
url: https://maakplaats.example/
logo: /images/logo.svg
accent: "#85C441"
contact: info@maakplaats.example
languages: [nl, en]
timezone: Europe/Paris
replaces_registration_hosts: [Tickets.example.org]
default_registration: none
bank: {name: Maakplaats vzw, iban: be71 0961 2345 6769, bic: GKCCBEBB}
organisation: {name: Maakplaats vzw, street: Straat 1, postcode: 9000, city: Gent, country: BE}
keep_days: 730
repository_url: https://code.example.org/maakplaats
"""


def test_a_whole_site_is_read() -> None:
    site, problems = read_site(WHOLE.encode(), "content")
    assert problems == ()
    assert site is not None
    assert (site.name, site.url, site.logo) == ("Maakplaats", "https://maakplaats.example", "logo.svg")
    assert (site.accent, site.languages, site.timezone.key) == ("#85C441", ("nl", "en"), "Europe/Paris")
    assert site.replaces_registration_hosts == ("tickets.example.org",)
    assert site.default_registration == "none"
    assert site.bank == Bank("Maakplaats vzw", "BE71096123456769", "GKCCBEBB")
    assert site.organisation == Organisation("Maakplaats vzw", "Straat 1", "9000", "Gent", "BE")
    assert (site.keep_days, site.repository_url) == (730, "https://code.example.org/maakplaats")


@pytest.mark.parametrize("source", [b"", b"# nothing yet\n", b"---\n"])
def test_an_empty_file_is_a_site_with_the_name_of_its_folder(source: bytes) -> None:
    site, problems = read_site(source, "werkplaats")
    assert (site, problems) == (Site(name="werkplaats"), ())
    assert site is not None
    assert (site.languages, site.default_registration, site.contact) == (("nl",), "portal", "")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nam: x", "did you mean `name`?"),
        ("colour: x", "`colour` is not known, use one of name"),
        ("accent: groen", "`accent` is “groen”"),
        ("accent: #85C441", "`accent` is empty"),
        ('accent: "#85C44"', "`accent`"),
        ("contact: Jan", "e-mail address"),
        ("languages: nl", "not a list"),
        ("languages: []", "at least one"),
        ("languages: [nl, es]", "“es” is not known"),
        ("timezone: Mars/Olympus", "`timezone`"),
        ("timezone: ../../etc/passwd", "`timezone`"),
        ("timezone: Europe", "`timezone`"),
        ("replaces_registration_hosts: [https://tickets.example.org/x]", "like tickets.example.org"),
        ("replaces_registration_hosts: tickets.example.org", "not a list"),
        ("default_registration: external", "write one of portal, none"),
        ("url: maakplaats", "web address"),
        ("logo: https://elders.example/x.png", "`logo`"),
        ("logo: ../x.png", "`logo`"),
        ("keep_days: -3", "`keep_days`"),
        ("bank: BE71", "not a group of keys"),
        ("bank: {name: x}", "`iban` of bank is missing"),
        ("bank: {name: x, iban: 123}", "account number"),
        ("bank: {name: x, iban: BE72 0961 2345 6769}", "account number"),
        ("bank: {name: x, iban: BE71096123456769, bic: x}", "8 or 11"),
        ("bank: {name: x, iban: BE71096123456769, ibn: x}", "did you mean `iban`?"),
        ("organisation: {zip: 9000}", "`zip` of organisation is not known"),
        ("repository_url: git@x:y", "web address"),
        ("name: [a]", "`name` is a list"),
        ("x: &a b", "anchor"),
        ("x: [", "not valid YAML"),
    ],
)
def test_a_wrong_value_is_an_error_at_its_line(line: str, says: str) -> None:
    name = "" if line.startswith("name:") else "name: Maakplaats\n"
    site, problems = read_site(f"# site\n{name}{line}\n".encode(), "content")
    assert site is None
    assert all(problem.severity == "error" and problem.path == "site.yaml" for problem in problems)
    assert any(says in f"{problem.what}, {problem.mend}" for problem in problems), problems
    if says != "not valid YAML":
        assert problems[0].line == (3 if name else 2)


@pytest.mark.parametrize(
    "source", [b"- a\n", b"just text", b"\0", b"\xff\xfe", b"x" * 2_000_000, b"contact: a@b.be\n"]
)
def test_what_is_no_site_is_refused(source: bytes) -> None:
    site, problems = read_site(source, "content")
    assert site is None
    assert problems


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("name: [x", "the file is not valid YAML"),
        ("name: x\n" + "#" * 50_000, "the file is longer"),
        ("a: " + "[" * 40, ""),
    ],
)
def test_a_file_that_is_no_yaml_is_not_spoken_of_as_an_event(source: str, says: str) -> None:
    _, (problem,) = read_site(source.encode(), "content")
    assert says in problem.what
    assert not any(word in str(problem) for word in ("front matter", "---", "tickets", "event"))


def test_a_tab_is_read_as_in_an_event() -> None:
    site, (problem,) = read_site(
        b"name: x\ncontact: x@example.org\nbank:\n\tname: y\n\tiban: BE71 0961 2345 6769\n", "content"
    )
    assert site is not None
    assert site.bank == Bank("y", "BE71096123456769")
    assert (problem.severity, problem.line, problem.mend) == ("warning", 4, "use spaces")
