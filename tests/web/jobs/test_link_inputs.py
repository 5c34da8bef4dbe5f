"""A link to a page with a video, over REST: what an upload would be, told at once where it is none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.fake_service import FakeEngine, files_below, settings_for
from tests.pipeline.links.test_links import SITES, Site, site
from tests.web.jobs.test_inputs import KINDS
from web.application import create_app
from web.runner import queue_of

__all__ = ["site"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    pytest.importorskip("yt_dlp")
    settings = replace(settings_for(tmp_path, allow_private_urls=True), link_sites=SITES)
    engine = FakeEngine()
    engine.settings = settings  # type: ignore[attr-defined]
    with TestClient(
        create_app(settings, engine, queue_of(settings, engine, kinds=KINDS)), raise_server_exceptions=False
    ) as made:
        yield made


def test_a_link_goes_in_as_an_upload_would(client: TestClient, site: str) -> None:
    answer = client.post("/api/v1/generate-initial-clips", json={"video_url": f"{site}/watch/film"})
    assert answer.status_code == 200, answer.text
    assert client.get(answer.json()["clips"][0]["url"]).content == Site.files["film.mp4"]
    service = client.app.state.service  # type: ignore[attr-defined]
    (job,) = service.jobs.list(None)
    assert job.title == "A film: one-two.mp4"
    assert sorted(Path(f).suffix for f in files_below(service.settings.uploads)) == [".json", ".mp4"]
    service.jobs.delete(job.id)
    assert files_below(service.settings.uploads) == []


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("elsewhere", 415, "WatchIE"), ("watch/live", 400, "recording"), ("watch/many", 400, "several"), ("watch/inside", 202, "")],
)  # fmt: skip
def test_what_is_no_video_is_told_at_once(client: TestClient, site: str, path: str, status: int, words: str) -> None:
    headers = {"Prefer": "respond-async", "Accept-Language": "en"}
    answer = client.post("/api/v1/generate-initial-clips", json={"video_url": f"{site}/{path}"}, headers=headers)
    assert answer.status_code == status
    assert words in answer.json().get("message", "")
