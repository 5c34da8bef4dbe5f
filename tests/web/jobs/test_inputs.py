"""Videos named by address: looked at before the answer, downloaded in the job, with progress and a way to stop it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from fastapi.testclient import TestClient

from pipeline.errors import Cancelled, UnreadableMedia, UnsupportedFormat
from pipeline.files import downloads
from pipeline.files.downloads import begins_like_media, look
from pipeline.messages import Message
from pipeline.progress import Report
from reelify.requests import HighlightsRequest, RankRequest
from tests.fake_service import FakeEngine, files_below, settings_for
from tests.pipeline.files.test_downloads import BODY, Site, site
from web.application import create_app
from web.intake.sources import LOOKS_AT_ONE
from web.jobs.inputs import arrived
from web.jobs.kinds import Kind, by_name
from web.runner import queue_of
from web.ui.following import Page
from web.ui.highlights.work import HighlightsWork
from web.ui.viral.work import ViralWork

__all__ = ["site"]
MOMENTS = ("clips", "min_duration", "max_duration", "transcribe", "fast")
RANKING = ("language", "min_score", "all", "aspect", "framing", "captions", "hook", "card")
LATER = {"Prefer": "respond-async"}


def copy(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
    """Each input as a clip."""
    report = arrived(engine, request, report)
    report(0.0, Message("progress.rendering"))
    sources = request.files()
    clips = []
    for n, source in enumerate(sources):
        path = folder / f"{n}.mp4"
        path.write_bytes(Path(source).read_bytes())
        clips.append({"path": path, "start": 0.0, "end": 1.0, "duration": 1.0})
    return {"clips": clips, "viral_clips": clips}


KINDS = by_name(Kind(HighlightsRequest, copy, "raw_clips"), Kind(RankRequest, copy, "viral_clips"))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    settings = settings_for(tmp_path, allow_private_urls=True, max_download=5_000_000)
    engine = FakeEngine()
    engine.settings = settings  # type: ignore[attr-defined]
    app = create_app(settings, engine, queue_of(settings, engine, kinds=KINDS))
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


def _uploads(client: TestClient) -> list[str]:
    return files_below(client.app.state.settings.uploads)  # type: ignore[attr-defined]


def _finished(client: TestClient, task: str) -> Any:
    for _ in range(1200):
        body = client.get(f"/api/status/{task}").json()
        if body["finished_at"]:
            return body
        time.sleep(0.05)
    raise AssertionError("not finished")


def test_the_answer_comes_before_the_download(client: TestClient, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hold, real = threading.Event(), downloads.download

    def later(*args: Any) -> Any:
        hold.wait(10)
        return real(*args)

    monkeypatch.setattr(downloads, "download", later)
    body = {"video_url": f"{site}/a.mp4"}
    answer = client.post("/api/v1/generate-initial-clips", json=body, headers=LATER)
    assert answer.status_code == 202
    assert _uploads(client) == []
    hold.set()
    result = _finished(client, answer.json()["task_id"])
    clip = client.get(result["result"]["clips"][0]["url"])
    assert clip.content == BODY
    assert "progress.downloading" in result["stages"]
    client.app.state.service.jobs.delete(answer.json()["task_id"])  # type: ignore[attr-defined]
    assert _uploads(client) == []


def linked(field: str, address: str) -> gr.EventData:
    """What the drop zone sends for an address."""
    return gr.EventData(None, {"fields": {field: {"files": [], "link": address}}})


def test_the_page_does_not_wait_for_a_download_either(
    client: TestClient, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    page = Page(service.settings, service.engine, service.jobs, service.sources)
    hold, real = threading.Event(), downloads.download
    monkeypatch.setattr(downloads, "download", lambda *args: hold.wait(10) and real(*args))
    moments = HighlightsWork(page, MOMENTS).start(
        gr.Request(), linked("source", f"{site}/a.mp4"), 3, 1.0, 9.0, False, False
    )
    ranking = ViralWork(page, RANKING, 5).start(
        gr.Request(), linked("clips", f"{site}/a.mp4"), "es", 0.3, False, "source", "follow", False, "", ""
    )
    next(moments), next(ranking)
    assert _uploads(client) == []
    hold.set()
    for job in service.jobs.list(None):
        assert service.jobs.wait(job.id, timeout=60).state == "done"
        assert job.title == "a.mp4"
    assert len(_uploads(client)) == 2
    work = HighlightsWork(page, MOMENTS)
    refused = next(work.start(gr.Request(), linked("source", f"{site}/page"), 3, 1.0, 9.0, False, False))
    assert 'data-field="source"' in refused[work.names.index("wrong")], "told at the field"
    assert len(service.jobs.list(None)) == 2


@pytest.mark.parametrize(
    ("url", "status"),
    [("{site}/page", 415), ("{site}/gone.mp4", 424), ("{site}/endless-not.mp4", 202), ("ftp://a/b", 400), ("http://[::1", 400)],
)  # fmt: skip
def test_what_can_be_known_is_said_at_once(client: TestClient, site: str, url: str, status: int) -> None:
    body = {"video_url": url.format(site=site)}
    assert client.post("/api/v1/generate-initial-clips", json=body, headers=LATER).status_code == status


def test_without_respond_async_the_errors_of_the_download_are_the_answer(client: TestClient, site: str) -> None:
    for path, status in {"/short.mp4": 424, "/endless.mp4": 413, "/a.mp4": 200}.items():
        body = {"clips": [{"url": f"{site}/b.mp4"}, {"url": site + path}]}
        answer = client.post("/api/v1/select-viral-clips", json=body)
        assert answer.status_code == status, answer.text
    assert not [name for name in _uploads(client) if name.endswith(".part")]


def test_a_job_that_starts_again_downloads_nothing_twice(client: TestClient, site: str) -> None:
    settings = client.app.state.settings  # type: ignore[attr-defined]
    engine, target = FakeEngine(), settings.uploads / ("a" * 32 + ".mp4")
    engine.settings = settings  # type: ignore[attr-defined]
    wanted = HighlightsRequest(target, fetch={str(target): f"{site}/again.mp4"})
    seen: list[float] = []
    for _ in range(2):
        arrived(engine, wanted, lambda f, m: seen.append(f))(1.0, Message("progress.rendering"))
    assert sum(path == "/again.mp4" for path, _ in Site.seen) == 1
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_stopped_download_leaves_nothing(client: TestClient, site: str) -> None:
    settings = client.app.state.settings  # type: ignore[attr-defined]
    engine, target = FakeEngine(), settings.uploads / ("b" * 32 + ".mp4")
    engine.settings = settings  # type: ignore[attr-defined]

    def stop(fraction: float, message: Message) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        arrived(engine, HighlightsRequest(target, fetch={str(target): f"{site}/a.mp4"}), stop)
    assert _uploads(client) == []


def test_a_job_downloads_to_nowhere_else(client: TestClient, site: str, tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.settings = client.app.state.settings  # type: ignore[attr-defined]
    for target in (tmp_path / "x.mp4", engine.settings.uploads / ".." / "x.mp4"):  # type: ignore[attr-defined]
        arrived(engine, HighlightsRequest(target, fetch={str(target): f"{site}/a.mp4"}), lambda f, m: None)
        assert not target.exists()


def test_a_film_with_its_index_at_the_end_passes_and_text_does_not(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(tmp_path, allow_private_urls=True)

    def unreadable(path: Path) -> None:
        raise UnreadableMedia(name=path.name)

    film = b"\x00\x00\x00\x20ftypisom" + bytes(100) + b"\x00\x10\x00\x00mdat" + bytes(400_000)
    monkeypatch.setattr("tests.pipeline.files.test_downloads.BODY", film)
    assert look(f"{site}/late.mp4", settings, unreadable).size == len(film)
    monkeypatch.setattr("tests.pipeline.files.test_downloads.BODY", b"some text " * 50_000)
    with pytest.raises(UnreadableMedia) as told:
        look(f"{site}/text.mp4", settings, unreadable)
    assert told.value.message.values["name"] == "text.mp4"

    def playlist(path: Path) -> None:
        raise UnsupportedFormat(name=path.name, format="hls")

    monkeypatch.setattr("tests.pipeline.files.test_downloads.BODY", b"#EXTM3U\n" * 50_000)
    with pytest.raises(UnsupportedFormat):
        look(f"{site}/list.mp4", settings, playlist)
    assert files_below(tmp_path) == []


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "avi", "mpegts", "flv", "asf", "wav", "ogg", "flac", "mp3", "mpeg", "aiff", "caf"])  # fmt: skip
def test_the_beginnings_of_containers_are_known(tmp_path: Path, container: str) -> None:
    from pipeline.media import ffmpeg

    pictures = container in {"mp4", "mov", "mkv", "webm", "avi", "mpegts", "flv", "asf", "mpeg"}
    muxer = {"mkv": "matroska"}.get(container, container)
    file = tmp_path / "made"
    sound = ["-f", "lavfi", "-i", "sine=d=1"]
    if container == "webm":
        sound += ["-c:a", "libopus"]
    picture = ["-f", "lavfi", "-i", "testsrc=s=64x64:d=1"] if pictures else []
    if container == "webm":
        sound += ["-c:v", "libvpx"]
    ffmpeg.run([*picture, *sound, "-f", muxer, str(file)])
    assert begins_like_media(file.read_bytes()[:1000])


@pytest.mark.parametrize(
    "head", [b"", b"\x7fELF", b"<html>", b"#EXTM3U\n", b"PK\x03\x04", b"MZ\x90", b"%PDF-1.7", b"GIF89a", b"{}"]
)
def test_other_beginnings_are_not(head: bytes) -> None:
    assert not begins_like_media(head + bytes(1000))


def test_slow_addresses_do_not_block_others(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, asked = threading.Event(), []

    def look_at(url: str, *_: Any) -> downloads.Remote:
        asked.append(url)
        if "slow" in url:
            assert goes_on.wait(20)
        return downloads.Remote("a.mp4", ".mp4", 1)

    monkeypatch.setattr(downloads, "look", look_at)
    sources = client.app.state.service.sources  # type: ignore[attr-defined]

    async def ask() -> list[str]:
        slow = [asyncio.create_task(sources.find(f"http://slow/{n}.mp4", "")) for n in range(3 * LOOKS_AT_ONE)]
        await asyncio.sleep(0)
        good = await asyncio.wait_for(sources.find("http://good/a.mp4", ""), 20)
        assert sum("slow" in url for url in asked) <= LOOKS_AT_ONE
        goes_on.set()
        return [found.url for found in (good, *await asyncio.gather(*slow))]

    assert asyncio.run(ask()) == ["http://good/a.mp4", *(f"http://slow/{n}.mp4" for n in range(3 * LOOKS_AT_ONE))]
