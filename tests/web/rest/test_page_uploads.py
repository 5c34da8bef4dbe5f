"""Uploads of the page: what Gradio's own route promises, and what it lacks: free space, nothing left of a broken one."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.files import received
from tests.fake_kinds import FAKES
from tests.fake_service import FakeEngine, files_below, settings_for
from web.application import create_app
from web.rest import page_uploads
from web.rest.page_uploads import Progress, file_name
from web.runner import queue_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "temp" / "gradio"


@pytest.fixture
def client(tmp_path: Path, folder: Path) -> Iterator[TestClient]:
    settings = settings_for(tmp_path, max_upload=100_000)
    engine = FakeEngine()
    app = create_app(settings, engine, queue_of(settings, engine, kinds=FAKES))
    page_uploads.install(app)
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def test_files_arrive_in_order_under_their_names(client: TestClient, folder: Path) -> None:
    noise = random.Random(3)
    given = [(f"Película {n}.mkv", noise.randbytes(noise.randint(1, 50_000))) for n in range(40)]
    answer = client.post("/gradio_api/upload", files=[("files", pair) for pair in given])
    paths = [Path(text) for text in answer.json()]
    assert [(p.name, p.read_bytes()) for p in paths] == given
    assert len({p.parent for p in paths}) == len(given)
    assert all(folder in p.parents for p in paths)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../x.mp4", "x.mp4"), ("C:\\a\\b.mkv", "b.mkv"), (".bashrc", "bashrc"), ("-i.mp4", "i.mp4"), ("..", "video"), ("", "video"),
        ("a$(id);`x`|y.mp4", "a(id)xy.mp4"), ("ñandú (1) [x].mka", "ñandú (1) [x].mka"), ("x" * 400 + ".mp4", "x" * 150 + ".mp4"),
        ("ñ" * 300, "ñ" * 75), ("a\u202e.mp4", "a.mp4"),
    ],
)  # fmt: skip
def test_names_are_harmless(given: str, kept: str) -> None:
    assert file_name(given) == kept


@pytest.mark.parametrize(
    ("field", "data", "status"), [("files", b"", 400), ("files", b"1" * 100_001, 413), ("avatar", b"1", 400)]
)
def test_what_is_wrong_is_refused_and_removed(
    client: TestClient, folder: Path, field: str, data: bytes, status: int
) -> None:
    good = ("files", ("good.mp4", b"good"))
    answer = client.post("/gradio_api/upload?upload_id=a", files=[good, (field, ("bad.mp4", data))])
    assert answer.status_code == status
    assert "{" not in answer.text  # words, as the page shows them
    assert files_below(folder) == []


def test_no_form_no_file(client: TestClient, folder: Path) -> None:
    assert client.post("/gradio_api/upload", content=b"x").status_code == 400
    assert files_below(folder) == []


def test_a_full_disk_is_said_before_the_upload(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=received.RESERVE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert client.post("/gradio_api/upload", files={"files": ("a.mp4", b"film")}).status_code == 507


def test_progress_adds_up_to_the_file_and_ends(client: TestClient) -> None:
    size = 60_000
    client.post("/gradio_api/upload?upload_id=one", files={"files": ("film.mkv", b"x" * size)})
    lines = client.get("/gradio_api/upload_progress?upload_id=one").text.splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert sum(e.get("chunk_size", 0) for e in events) == size
    assert {e["orig_name"] for e in events if e["msg"] == "update"} == {"film.mkv"}
    assert events[-1] == {"msg": "done"}


def test_progress_of_an_upload_that_never_begins(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_uploads, "PATIENCE", 0.2)
    assert client.get("/gradio_api/upload_progress?upload_id=none").status_code == 404


def test_the_number_of_followed_uploads_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_uploads, "MOST_FOLLOWED", 3)
    monkeypatch.setattr(page_uploads, "PATIENCE", 0.0)
    progress = Progress()
    for n in range(5):
        progress.begin(str(n))
    known = [asyncio.run(progress.known(str(n))) for n in range(5)]
    assert known == [False, False, True, True, True]
