"""Media fields of the page: what a visitor gives arrives, and is played and downloaded from our own addresses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.errors import BadRequest
from tests.browsing import EXAMPLES, Place, Visit, chromium, page_server
from tests.page_kinds import PAGE_KINDS
from web.ui.media_field import MOST_FILES, MediaField, named

FILE = {"path": "/a/b.mp4", "meta": {"_type": "gradio.FileData"}, "url": "http://elsewhere/x", "orig_name": "x"}


@pytest.mark.parametrize(
    ("value", "several", "expected"),
    [
        (None, False, None), ("", False, None), ([], True, None), (FILE, False, "/a/b.mp4"), ("films/a.mp4", False, "films/a.mp4"),
        ([FILE], False, "/a/b.mp4"), ([FILE, "b"], True, ["/a/b.mp4", "b"]), ("a", True, ["a"]), (FILE, True, ["/a/b.mp4"]),
    ],
)  # fmt: skip
def test_a_file_becomes_the_text_that_names_it(value: Any, several: bool, expected: Any) -> None:
    assert named(value, several) == expected


@pytest.mark.parametrize(
    "value",
    [
        1,
        True,
        {"path": 1},
        {"path": ""},
        {"url": "http://x"},
        [[FILE]],
        [None],
        ["a", "b"],
        "x" * 5000,
        [FILE] * (MOST_FILES + 1),
    ],
)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(BadRequest):
        named(value, False)


def test_no_file_is_written_beside_the_module() -> None:
    import web.ui.media_field as module

    assert not Path(str(module.__file__)).with_suffix(".pyi").exists()
    assert MediaField(file_count="multiple").get_block_name() == "file"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("media")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "temp" / "gradio"))
        with page_server(folder, PAGE_KINDS) as found:
            yield found


@pytest.mark.browser
def test_upload_moments_player_and_download_in_a_browser(place: Place, tmp_path: Path) -> None:
    film = tmp_path / "Mi película (1).mp4"
    film.write_bytes((EXAMPLES / "viral_3.mp4").read_bytes())
    with chromium() as browser, Visit(browser, place.address) as visit:
        page = visit.page
        page.locator("#highlights-file input[type=file]").set_input_files(str(film))
        page.locator("#highlights-file").get_by_text("película").first.wait_for()
        page.click("#highlights-go")
        visit.see("#highlights-view .stage[data-job] .card")
        source = place.jobs.list()[0].request.source
        assert source.read_bytes() == film.read_bytes()
        assert source.is_relative_to(place.settings.page_files)
        page.wait_for_function("[...document.querySelectorAll('#highlights-view video')].some(v => v.readyState > 0)")
        visit.see("#highlights-files a[href*='/api/download/']")
        with page.expect_download() as download:
            page.click("a[href*='/api/download/']")
        assert Path(download.value.path()).stat().st_size > 100_000
        where, piece = f"{place.address}gradio_api/file={source}", {"Range": "bytes=0-9"}
        shown = visit.context.request.get(where, headers=piece)
        assert (shown.status, len(shown.body()), shown.headers["content-type"]) == (206, 10, "video/mp4")
        assert httpx.get(where, headers=piece).status_code == 404, "another browser's upload"
        visit.tab(1)
        page.click("#viral-example")
        visit.see("#viral-view .vcard .tl-clip")


def test_nothing_of_the_machine_can_be_given_instead(place: Place, tmp_path: Path) -> None:
    private = tmp_path / "private.mp4"
    private.write_bytes((EXAMPLES / "viral_3.mp4").read_bytes())
    config = httpx.get(place.address + "config").json()
    for dependency in config["dependencies"]:
        for given in ({"path": str(private), "meta": {"_type": "gradio.FileData"}}, [str(private)], str(private)):
            body = {
                "data": [given] * len(dependency["inputs"]),
                "fn_index": dependency["id"],
                "session_hash": "mine",
                "event_data": {},
            }
            answer = httpx.post(f"{place.address}gradio_api/run/predict", json=body, timeout=30)
            assert f"file={tmp_path}" not in answer.text
    assert not list(place.settings.page_files.rglob("private*"))
    assert not [job for job in place.jobs.list() if str(private) in str(job.request)]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (["/etc/passwd", "", "auto", 0, ""], 404, "not_found"),
        (["", "", "auto", 0, ""], 400, "bad_request"),
        (["", {"path": "/etc/passwd"}, "auto", 0, ""], 400, "bad_request"),
        ([], 400, "bad_request"),
        (["", "http://127.0.0.1/x.mp4", "auto", 0, ""], 403, "forbidden"),
    ],
)
def test_a_direct_call_that_is_refused_says_why(place: Place, given: list[Any], status: int, code: str) -> None:
    said = {"Accept-Language": "es"}
    answer = httpx.post(f"{place.address}gradio_api/run/transcribe", json={"data": given}, headers=said, timeout=30)
    body = answer.json()
    assert (answer.status_code, body["status"], body["error"]) == (status, "error", code)
    assert body["message"]
    assert "/etc" not in body["message"]
