"""Files are called what they were given as, wherever the service says something of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipeline.errors import UnreadableMedia
from pipeline.files.given_names import names_of, told, told_in
from pipeline.messages import message
from reelify.requests import HighlightsRequest
from tests.fake_kinds import FAKES
from tests.fake_service import FakeEngine, ended, parts, settings_for
from web.application import create_app
from web.jobs.kinds import Kind, by_name
from web.jobs.values import NOBODY
from web.rest import page_uploads
from web.runner import queue_of

GIVEN = "ñ 'quote' & $x.mp4"


def highlights(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    """Names its file as a workflow knows it."""
    report(0.5, message("progress.judging", n=1, total=1, name=request.source.name))
    if request.fast:
        raise UnreadableMedia(name=request.source.name)
    return {"status": "success", "clips": [], "doubts": [message("error.no_audio", name=request.source.name)]}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings, engine = settings_for(tmp_path), FakeEngine()
    kinds = {**FAKES, **by_name(Kind(HighlightsRequest, highlights, "raw_clips"))}
    app = create_app(settings, engine, queue_of(settings, engine, kinds=kinds))
    page_uploads.install(app)
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def uploaded(client: TestClient, data: bytes) -> str:
    """The path of an upload of the page, whose name on the disk is another."""
    path = str(client.post("/gradio_api/upload", files=[("files", (GIVEN, data))]).json()[0])
    assert Path(path).name != GIVEN
    return path


def test_a_bad_upload_of_the_page_is_called_as_it_was_given(client: TestClient) -> None:
    with pytest.raises(UnreadableMedia) as caught:
        parts(client).sources.find_now(uploaded(client, b"bad"), "")
    assert caught.value.message.values["name"] == GIVEN


def test_a_good_one_too_and_nobody_can_ask_for_the_note_of_its_name(client: TestClient) -> None:
    path = uploaded(client, b"good")
    assert parts(client).sources.find_now(path, "").name == GIVEN
    notes = list(Path(path).parent.glob(".*"))
    assert len(notes) == 1
    assert client.get(f"/gradio_api/file={path}").status_code == 200
    assert client.get(f"/gradio_api/file={notes[0]}").status_code == 404


@pytest.mark.parametrize("fast", [False, True])
def test_what_a_job_says_of_a_file_names_it_so(client: TestClient, fast: bool) -> None:
    found = parts(client).sources.find_now(uploaded(client, b"good"), "")
    asked = HighlightsRequest(source=found.path, fast=fast, names={str(found.path): found.name})
    job = ended(client, parts(client).jobs.submit(asked, NOBODY))
    said = job.error["message"] if fast else job.result["doubts"][0]
    assert said["values"]["name"] == job.message.values["name"] == GIVEN


def test_of_two_names_for_one_stored_name_none_is_guessed() -> None:
    given = {"/a/x.mp4": "x'.mp4", "/b/x.mp4": "x$.mp4", "/c/y.mp4": "y.mp4", "/d/z.mp4": "show/z?.mp4"}
    assert names_of(given) == {"z.mp4": "z?.mp4"}


def test_only_what_is_said_is_renamed() -> None:
    names = {"ours.mp4": "theirs.mp4"}
    stored = {"name": "ours.mp4", "doubts": [{"$message": "error.no_audio", "values": {"name": "ours.mp4", "n": 1}}]}
    assert told_in(stored, names) == {
        "name": "ours.mp4",
        "doubts": [{"$message": "error.no_audio", "values": {"name": "theirs.mp4", "n": 1}}],
    }
    assert told(message("error.no_audio", name="ours.mp4"), names) == message("error.no_audio", name="theirs.mp4")
    assert told(None, names) is None
