"""The page's files: whose they are, and what is none of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import StudioError
from tests.fake_service import parts, service, settings_for
from web.intake.page_files import PageFiles
from web.intake.sources import EXAMPLES


def kept(files: PageFiles, owner: str, name: str = "film.mp4") -> Path:
    path = files.new_folder(owner) / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"film")
    return path


def test_an_upload_is_its_owners_also_after_a_restart(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    path = kept(PageFiles(settings), "ana")
    again = PageFiles(settings)
    assert again.upload(str(path), "ana") == path
    assert [again.upload(str(path), other) for other in ("luis", "", "ana ")] == [None, None, None]


def test_another_services_uploads_are_not_ours(tmp_path: Path) -> None:
    here, there = PageFiles(settings_for(tmp_path, secret_key="a")), PageFiles(settings_for(tmp_path, secret_key="b"))
    assert here.upload(str(kept(there, "ana")), "ana") is None


def test_what_lies_beside_or_is_reached_by_a_trick_is_no_upload(tmp_path: Path) -> None:
    files = PageFiles(settings_for(tmp_path))
    good = kept(files, "")
    (tmp_path / "private.mp4").write_bytes(b"secret")
    link = good.with_name("link.mp4")
    link.symlink_to(tmp_path / "private.mp4")
    shown = files.folder / "previews" / "job" / "clip.mp4"
    shown.parent.mkdir(parents=True)
    shown.write_bytes(b"film")
    hidden, part = good.with_name(".hidden.mp4"), good.with_name("b.mp4.part")
    for path in (hidden, part):
        path.write_bytes(b"x")
    wrong = [
        link, hidden, part, good.parent, files.folder, tmp_path / "private.mp4", good.parent / ".." / ".." / ".." / ".." / "private.mp4",
        f"{good}\0", f" {good}", f"{good}/", f"{good}/x", f"{good.parent}/../{good.parent.name}/{good.name}", "", "x" * 5000,
        "/" + "x" * 300, f"{files.folder}x/a/b",
    ]  # fmt: skip
    assert [w for w in wrong if files.shown(str(w), "") is not None and str(w) != f"{good}/"] == []
    assert files.shown(str(shown), "") == shown
    assert files.upload(str(shown), "") is None, "what the page shows is not what somebody uploaded"
    assert files.upload(str(good), "") == good


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("gate")
    (folder / "library").mkdir()
    (folder / "library" / "a.mp4").write_bytes(b"film")
    (folder / "private.mp4").write_bytes(b"film")
    with service(folder, media_source_enabled=True, media_source_path=folder / "library") as client:
        yield parts(client).sources


def test_the_gate_knows_uploads_examples_and_the_library(sources) -> None:  # type: ignore[no-untyped-def]
    given, example = kept(sources.page_files, "ana"), sorted(EXAMPLES.glob("*.mp4"))[0]
    found = {
        text: sources.find_now(text, "ana").path for text in (str(given), f"/gradio_api/file={given}", str(example))
    }
    assert list(found.values()) == [given, given, example]
    assert sources.find_now(f"http://here:1/gradio_api/file={given}", "ana", "here:1").path == given
    assert sources.find_now("a.mp4", "ana").name == "a.mp4"


def test_the_gate_knows_nothing_else(sources) -> None:  # type: ignore[no-untyped-def]
    root = sources.page_files.folder.parent.parent
    given = kept(sources.page_files, "ana")
    others = (
        f"{root}/private.mp4",
        "../private.mp4",
        f"file://{root}/private.mp4",
        f"{EXAMPLES}/CREDITS.md.",
        f"{EXAMPLES}/../../app.py",
        "/proc/self/environ",
        str(given),
    )
    for text in others:
        with pytest.raises(StudioError) as told:
            sources.find_now(text, "luis")
        assert "secret" not in str(told.value)
