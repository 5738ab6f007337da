import os
import shutil
import struct
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.content.catalogue import Catalogue, SiteError, Snapshot
from tests.content.writing import event_text, write_content

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 320, 200) + b"\x08\2\0\0\0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_content(tmp_path / "werkplaats", a=event_text(title="Eerste"), b=event_text(title="Tweede"))


@pytest.fixture
def catalogue(folder: Path) -> Iterator[Catalogue]:
    catalogue = Catalogue(folder)
    yield catalogue
    catalogue.close()


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / "events" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def titles(catalogue: Catalogue) -> list[str]:
    return [event.title for event in catalogue.refresh().events.values()]


def told(catalogue: Catalogue) -> str:
    return "\n".join(map(str, catalogue.refresh().problems))


def seen_after(catalogue: Catalogue, before: Snapshot) -> Snapshot:
    """The snapshot that the watch puts in the place of ``before``, by itself."""
    until = time.monotonic() + 5
    while catalogue.snapshot is before and time.monotonic() < until:
        time.sleep(0.01)
    return catalogue.snapshot


def test_a_folder_is_read_in_the_order_of_its_paths(catalogue: Catalogue) -> None:
    snapshot = catalogue.refresh()
    assert list(snapshot.events) == ["a", "b"]
    assert snapshot.site.name == "werkplaats"
    assert (snapshot.problems, snapshot.version) == ((), 1)


def test_nothing_new_is_the_same_snapshot(catalogue: Catalogue) -> None:
    assert catalogue.refresh() is catalogue.refresh()


def test_a_snapshot_never_changes(catalogue: Catalogue, folder: Path) -> None:
    before = catalogue.refresh()
    write(folder, "c.md", event_text(title="Derde"))
    after = catalogue.refresh()
    assert (len(before.events), len(after.events), after.version) == (2, 3, 2)
    with pytest.raises(TypeError):
        after.events["x"] = after.events["a"]  # type: ignore[index]


def test_a_changed_file_is_read_again_and_the_others_are_not(catalogue: Catalogue, folder: Path) -> None:
    before = catalogue.refresh()
    write(folder, "a.md", event_text(title="Nieuw"))
    after = catalogue.refresh()
    assert after.events["a"].title == "Nieuw"
    assert after.events["b"] is before.events["b"]


def test_a_file_of_the_same_size_and_time_that_was_replaced_is_read_again(
    catalogue: Catalogue, folder: Path
) -> None:
    file = folder / "events" / "a.md"
    catalogue.refresh()
    status = file.stat()
    other = folder / "other"
    other.write_text(event_text(title="Anders"))
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    assert titles(catalogue) == ["Anders", "Tweede"]


def test_a_file_that_breaks_keeps_its_last_good_version(catalogue: Catalogue, folder: Path) -> None:
    catalogue.refresh()
    for broken in ("", "no event", event_text(title="Kapot", capacity="veel"), "---\ntitle: [\n"):
        file = write(folder, "a.md", broken)
        assert titles(catalogue) == ["Eerste", "Tweede"]
        assert "events/a.md:" in told(catalogue)
        assert "error" in told(catalogue)
    file.write_text(event_text(title="Heel"))
    assert titles(catalogue) == ["Heel", "Tweede"]
    assert told(catalogue) == ""


def test_a_file_that_was_never_good_takes_nothing_down(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "c.md", "no event")
    assert titles(catalogue) == ["Eerste", "Tweede"]
    assert "events/c.md:1: error" in told(catalogue)


def test_a_file_that_is_removed_is_gone(catalogue: Catalogue, folder: Path) -> None:
    catalogue.refresh()
    (folder / "events" / "a.md").unlink()
    assert titles(catalogue) == ["Tweede"]


def test_the_folder_of_a_jekyll_site_is_found(catalogue: Catalogue, folder: Path) -> None:
    (folder / "events").rename(folder / "_events")
    assert titles(catalogue) == ["Eerste", "Tweede"]


def test_files_are_found_at_any_depth_and_hidden_ones_are_not(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "2027/voorjaar/c.md", event_text(title="Derde"))
    write(folder, ".weg/d.md", event_text())
    write(folder, ".e.md", event_text())
    write(folder, "f.txt", "x")
    write(folder, "G.MD", event_text(title="Groot"))
    assert titles(catalogue) == ["Derde", "Groot", "Eerste", "Tweede"]
    assert told(catalogue) == ""


def test_an_event_whose_name_does_not_end_in_md_is_said(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "vergeten", event_text())
    write(folder, "LICENSE", "Vrij.")
    assert told(catalogue).startswith("events/vergeten:1: warning: the file is not read")


def test_three_thousand_files_are_read_and_looked_at_quickly(catalogue: Catalogue, folder: Path) -> None:
    for number in range(3_000):
        write(folder, f"{number % 20}/{number}.md", event_text(title=f"Les {number}"))
    assert len(catalogue.refresh().events) == 3_002
    began = time.perf_counter()
    catalogue.refresh()
    assert time.perf_counter() - began < 1


def test_a_name_that_is_not_utf8_is_told_and_takes_nothing_down(catalogue: Catalogue, folder: Path) -> None:
    for name in (b"caf\xe9.md", b"\xe9t\xe9/c.md", b"foto\xe9.jpg"):
        file = Path(os.fsdecode(os.fsencode(folder / "events") + b"/" + name))
        file.parent.mkdir(exist_ok=True)
        file.write_text(event_text(title="Oud"))
    assert titles(catalogue) == ["Eerste", "Tweede"]
    assert told(catalogue).splitlines() == [
        "events/?t?:1: error: its name is not in UTF-8, rename it",
        "events/caf?.md:1: error: its name is not in UTF-8, rename it",
    ]


def test_of_a_file_that_is_far_too_large_only_the_beginning_is_read(
    catalogue: Catalogue, folder: Path
) -> None:
    for file in (folder / "events" / "a.md", folder / "site.yaml"):
        file.write_text("---\n")
        os.truncate(file, 150_000_000)
    tracemalloc.start()
    with pytest.raises(SiteError, match="larger than 1 MB"):
        catalogue.refresh()
    (folder / "site.yaml").unlink()
    assert "events/a.md:1: error: the file is larger than 1 MB" in told(catalogue)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_file_that_is_dated_tomorrow_is_read_once(
    catalogue: Catalogue, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tomorrow = time.time() + 86_400
    for file in (folder / "events").iterdir():
        os.utime(file, (tomorrow, tomorrow))
    catalogue.refresh()
    monkeypatch.setattr("portal.content.folder.read", lambda *_: pytest.fail("it is read again"))
    catalogue.refresh()


def test_a_link_that_leads_out_is_refused(catalogue: Catalogue, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text(event_text(title="Geheim"))
    (tmp_path / "secrets").mkdir()
    (folder / "events" / "c.md").symlink_to(tmp_path / "secret.md")
    (folder / "events" / "d").symlink_to(tmp_path / "secrets")
    (folder / "events" / "e.md").symlink_to(tmp_path / "nowhere.md")
    assert titles(catalogue) == ["Eerste", "Tweede"]
    assert told(catalogue).count("leads out of the content folder") == 2
    assert told(catalogue).count("leads nowhere") == 1


def test_a_folder_of_events_that_is_a_link_out_is_refused(tmp_path: Path) -> None:
    write_content(tmp_path / "elders", a=event_text())
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "events").symlink_to(tmp_path / "elders" / "events")
    snapshot = Catalogue(tmp_path / "content").refresh()
    assert not snapshot.events
    assert "leads out of the content folder" in str(snapshot.problems[0])


def test_a_link_that_stays_within_is_followed_once(catalogue: Catalogue, folder: Path) -> None:
    (folder / "events" / "again").symlink_to(folder / "events")
    (folder / "events" / "c.md").symlink_to(folder / "events" / "a.md")
    assert titles(catalogue) == ["Eerste", "Tweede", "Eerste"]


def test_a_pipe_with_the_name_of_an_event_does_not_block(catalogue: Catalogue, folder: Path) -> None:
    os.mkfifo(folder / "events" / "c.md")
    assert titles(catalogue) == ["Eerste", "Tweede"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights_keeps_its_last_good_version(catalogue: Catalogue, folder: Path) -> None:
    catalogue.refresh()
    (folder / "events" / "a.md").chmod(0)
    assert titles(catalogue) == ["Eerste", "Tweede"]
    assert "cannot be read" in told(catalogue)


def test_two_files_with_one_slug_are_told_apart(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "a.md", event_text(slug="zelfde"))
    write(folder, "b.md", event_text(slug="zelfde"))
    snapshot = catalogue.refresh()
    assert [event.path for event in snapshot.events.values()] == ["events/a.md"]
    assert "events/b.md:4: error: `slug` “zelfde” is also the slug of events/a.md" in told(catalogue)


def test_two_files_with_one_anchor_both_stay(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "a.md", event_text(anchor="zelfde"))
    write(folder, "b.md", event_text(anchor="Zelfde"))
    assert list(catalogue.refresh().events) == ["zelfde", "b"]


def test_a_site_that_is_broken_from_the_start_is_an_error_with_its_line(folder: Path) -> None:
    (folder / "site.yaml").write_text("name: x\ncolour: green\n")
    with pytest.raises(SiteError, match=r"site\.yaml:2: error") as raised:
        _ = Catalogue(folder).snapshot
    assert raised.value.problems[0].line == 2


def test_a_site_that_breaks_while_running_stays_as_it_was(catalogue: Catalogue, folder: Path) -> None:
    site = folder / "site.yaml"
    site.write_text("name: Goed\n")
    assert catalogue.refresh().site.name == "Goed"
    site.write_text("nam: Fout\n")
    assert catalogue.refresh().site.name == "Goed"
    assert "did you mean `name`?" in told(catalogue)
    site.write_text("name: Beter\n")
    assert catalogue.refresh().site.name == "Beter"
    assert told(catalogue) == ""


def test_a_logo_that_is_put_there_is_missing_no_more(catalogue: Catalogue, folder: Path) -> None:
    (folder / "site.yaml").write_text("name: x\nlogo: a.png\n")
    assert "site.yaml:1: warning: `logo` images/a.png is not there" in told(catalogue)
    (folder / "images").mkdir()
    (folder / "images" / "a.png").write_bytes(PNG)
    assert told(catalogue) == ""


def test_a_site_whose_file_is_gone_stays_as_it_was(catalogue: Catalogue, folder: Path) -> None:
    site = folder / "site.yaml"
    site.write_text("name: Goed\ndefault_registration: none\n")
    catalogue.refresh()
    site.unlink()
    for _ in range(2):
        assert catalogue.refresh().site.default_registration == "none"
        assert told(catalogue).startswith("site.yaml:1: error: the file is gone")
    site.write_text("name: Terug\n")
    assert catalogue.refresh().site.name == "Terug"
    assert told(catalogue) == ""


def test_a_folder_that_comes_later_is_read_when_it_is_there(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "later")
    with pytest.raises(SiteError):
        catalogue.refresh()
    write_content(tmp_path / "later", a=event_text())
    assert len(catalogue.refresh().events) == 1


def test_two_writes_of_one_size_right_after_each_other_are_both_seen(
    catalogue: Catalogue, folder: Path
) -> None:
    for number in range(20):
        write(folder, "a.md", event_text(title=f"Les {number:02}"))
        assert titles(catalogue)[0] == f"Les {number:02}"


def test_another_site_makes_every_file_read_again(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "a.md", event_text(registration_link="https://tickets.example.org/x"))
    assert catalogue.refresh().events["a"].registration == "external"
    (folder / "site.yaml").write_text("name: x\nreplaces_registration_hosts: [tickets.example.org]\n")
    assert catalogue.refresh().events["a"].registration == "portal"


def test_a_folder_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SiteError, match="there is no folder"):
        Catalogue(tmp_path / "nergens").refresh()


def test_a_folder_that_goes_away_while_running_takes_nothing_down(catalogue: Catalogue, folder: Path) -> None:
    catalogue.refresh()
    (folder / "events").rename(folder / "elders")
    assert titles(catalogue) == ["Eerste", "Tweede"]
    assert "there is no folder events/" in told(catalogue)
    shutil.rmtree(folder)
    assert titles(catalogue) == ["Eerste", "Tweede"]


def test_an_image_that_comes_and_goes_is_seen(catalogue: Catalogue, folder: Path) -> None:
    write(folder, "a.md", event_text("![x](/images/x.png)", item_theme_logo_url="/images/x.png"))
    assert told(catalogue).count("is not there") == 2
    (folder / "images").mkdir()
    (folder / "images" / "x.png").write_bytes(PNG)
    assert told(catalogue) == ""
    assert catalogue.refresh().events["a"].logo == "/images/x.png"
    (folder / "images" / "x.png").unlink()
    assert catalogue.refresh().events["a"].logo == ""


def test_images_are_measured_and_measured_again_when_they_change(catalogue: Catalogue, folder: Path) -> None:
    images = folder / "images"
    images.mkdir()
    (images / "a.png").write_bytes(PNG)
    (images / "b.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20.4 10"/>')
    (images / "c.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="30" height="15"/>')
    (images / "d.png").write_text("no picture")
    assert catalogue.image_size("a.png") == (320, 200)
    assert (catalogue.image_size("b.svg"), catalogue.image_size("c.svg")) == ((20, 10), (30, 15))
    assert (catalogue.image_size("d.png"), catalogue.image_size("e.png")) == ((0, 0), None)
    (images / "a.png").write_bytes(PNG.replace(struct.pack(">I", 320), struct.pack(">I", 640)))
    assert catalogue.image_size("a.png") == (640, 200)


@pytest.mark.parametrize("box", ["1.2.3 4", ". 4", "4 .", "9" * 400 + " 4", "9" * 300 + " 4", "0 4", "x 4"])
def test_a_drawing_that_says_its_size_wrongly_has_none(catalogue: Catalogue, folder: Path, box: str) -> None:
    (folder / "images").mkdir()
    (folder / "images" / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {box}"/>')
    assert catalogue.image_size("a.svg") == (0, 0)


@pytest.mark.parametrize(
    "path",
    ["", "/", ".", "..", "../site.yaml", "a/../../site.yaml", "/etc/passwd", "a\\b.png", "a\0.png", ".hidden.png",
     "out.png", "way/out.png", "sub", "sub/", "sub//x.png", "./x.png", "nope.png", "x" * 5000],
)  # fmt: skip
def test_no_file_outside_the_images_is_given(
    catalogue: Catalogue, folder: Path, tmp_path: Path, path: str
) -> None:
    (folder / "images" / "sub").mkdir(parents=True)
    (folder / "images" / "sub" / "x.png").write_bytes(PNG)
    (folder / "images" / ".hidden.png").write_bytes(PNG)
    (folder / "site.yaml").write_text("name: x")
    (tmp_path / "out.png").write_bytes(PNG)
    (folder / "images" / "out.png").symlink_to(tmp_path / "out.png")
    (folder / "images" / "way").symlink_to(tmp_path)
    assert catalogue.image_file(path) is None
    assert catalogue.image_file("sub/x.png") == folder.resolve() / "images" / "sub" / "x.png"


def test_the_watch_sees_a_change_by_itself(folder: Path) -> None:
    catalogue = Catalogue(folder, interval=0.05)
    try:
        before = catalogue.snapshot
        write(folder, "a.md", event_text(title="Gewijzigd"))
        after = seen_after(catalogue, before)
        assert after.events["a"].title == "Gewijzigd"
    finally:
        catalogue.close()


def test_the_watch_begins_anew_in_a_process_that_was_forked(folder: Path) -> None:
    catalogue = Catalogue(folder, interval=0.05)
    before = catalogue.snapshot
    try:
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            seen = catalogue.snapshot
            write(folder, "a.md", event_text(title="Gewijzigd"))
            after = seen_after(catalogue, seen)
            os._exit(0 if seen is before and after.events["a"].title == "Gewijzigd" else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        catalogue.close()


def test_a_closed_catalogue_keeps_its_last_snapshot(folder: Path) -> None:
    catalogue = Catalogue(folder, interval=0.05)
    before = catalogue.snapshot
    catalogue.close()
    assert catalogue.snapshot is before
