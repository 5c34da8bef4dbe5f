"""The media library: what is in it is found, what is outside is not reached, a dead volume does not hold anybody."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import BadGateway, Forbidden, NotFound, StudioError, UnsupportedFormat
from tests.fake_service import settings_for
from web.intake.library import MAX_HUNG, Library


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    (root / "films" / "año 2024").mkdir(parents=True)
    for name in ("b.mp4", "A.MKV", "notes.txt", ".hidden.mp4", "films/c.webm", "films/año 2024/ñandú.mp4"):
        (root / name).write_bytes(b"x" * 10)
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.mp4").write_bytes(b"secret")
    (root / "out.mp4").symlink_to(secret / "s.mp4")
    (root / "away").symlink_to(secret)
    (root / "alias.mp4").symlink_to(root / "b.mp4")
    (root / "loop").symlink_to(root / "loop")
    (root / "dangling.mp4").symlink_to(root / "nothing")
    return root


@pytest.fixture
def library(tmp_path: Path, root: Path) -> Library:
    return Library(settings_for(tmp_path, media_source_enabled=True, media_source_path=root))


def test_a_folder_shows_folders_first_and_only_what_is_accepted(library: Library) -> None:
    page = library.page()
    assert [(e.name, e.is_folder) for e in page.entries] == [
        ("films", True), ("A.MKV", False), ("alias.mp4", False), ("b.mp4", False),
    ]  # fmt: skip
    assert page.total == 4
    below = library.page("films/año 2024/").entries[0]
    assert (below.path, below.size) == ("films/año 2024/ñandú.mp4", 10)
    assert library.file(below.path).read_bytes() == b"x" * 10


def test_pages(library: Library) -> None:
    names = [library.page(offset=n, limit=1).entries[0].name for n in range(4)]
    assert names == [e.name for e in library.page().entries]
    assert library.page(offset=99).entries == ()


def test_a_file_by_its_absolute_path(library: Library, root: Path) -> None:
    assert library.file(str(root / "b.mp4")) == root / "b.mp4"


@pytest.mark.parametrize(
    "path",
    ["..", "../secret/s.mp4", "films/../../secret/s.mp4", "/etc/passwd", "out.mp4", "away/s.mp4", "away", "/", "films/..", "../library2",
     "..\\secret\\s.mp4", "b.mp4\0.txt", ".hidden.mp4", "films/./../..", "....//secret", "%2e%2e/secret/s.mp4", "\udcff.mp4", "loop",
     "dangling.mp4", "~/x.mp4", "b.mp4/", "b.mp4/x.mp4", "x" * 5000],
)  # fmt: skip
def test_no_way_out(library: Library, path: str) -> None:
    if path == "b.mp4/":
        assert library.file(path).name == "b.mp4"
        return
    with pytest.raises((Forbidden, NotFound, StudioError)):
        library.file(path)
    with pytest.raises((Forbidden, NotFound, StudioError)):
        library.page(path)


def test_only_accepted_types(library: Library) -> None:
    with pytest.raises(UnsupportedFormat):
        library.file("notes.txt")
    with pytest.raises(NotFound):
        library.file("films")


def test_names_that_are_not_text_are_left_out(library: Library, root: Path) -> None:
    os.mkdir(os.fsencode(root / "odd"))
    with open(os.path.join(os.fsencode(root / "odd"), b"\xff\xfe.mp4"), "wb"):
        pass
    assert library.page("odd").entries == ()


def test_a_library_that_is_off(tmp_path: Path, root: Path) -> None:
    library = Library(settings_for(tmp_path, media_source_path=root))
    assert library.status() == {"enabled": False, "available": False}
    with pytest.raises(NotFound):
        library.page()


def test_an_unplugged_volume(tmp_path: Path) -> None:
    library = Library(settings_for(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "gone"))
    assert library.status() == {"enabled": True, "available": False}
    with pytest.raises(NotFound):
        library.file("a.mp4")


def test_a_dead_volume_holds_nobody(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library(settings_for(tmp_path, media_source_enabled=True, media_source_path=root), patience=0.02)
    dead, looks = threading.Event(), []
    real = Library._base

    def base(self: Library) -> Path:
        looks.append(1)
        dead.wait(20)
        return real(self)

    monkeypatch.setattr(Library, "_base", base)
    for _ in range(MAX_HUNG + 5):
        with pytest.raises(BadGateway):
            library.page()
    assert len(looks) == MAX_HUNG, "the number of hanging threads is bounded"
    assert library.status()["available"] is False
    dead.set()
    monkeypatch.undo()
    for _ in range(500):
        try:
            assert library.page().total
            return
        except BadGateway:
            threading.Event().wait(0.02)
    raise AssertionError("the library came back and is not used")


def test_many_looks_at_once_wait_for_each_other(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Library._names

    def slowly(*args: Any) -> Any:
        time.sleep(0.02)
        return listed(*args)

    monkeypatch.setattr(Library, "_names", slowly)
    with ThreadPoolExecutor(5 * MAX_HUNG) as together:
        pages = list(together.map(lambda _: library.page(), range(5 * MAX_HUNG)))
    assert {page.total for page in pages} == {4}


def test_a_folder_is_read_again_when_it_has_changed(
    library: Library, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Any] = []
    read = os.scandir

    def counted(folder: Any) -> Any:
        reads.append(folder)
        return read(folder)

    monkeypatch.setattr(os, "scandir", counted)
    before = library.page().total
    assert library.page().total == before
    assert len(reads) == 1
    (root / "new.mp4").write_bytes(b"1")
    os.utime(root, ns=(1, 1))
    page = library.page()
    assert (page.total, len(reads)) == (before + 1, 2)
    assert "new.mp4" in [entry.name for entry in page.entries]
    (root / "new.mp4").unlink()
    assert library.page().total == before
