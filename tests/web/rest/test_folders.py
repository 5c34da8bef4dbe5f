"""A folder of videos over REST: a task for each, or one that ranks them; what fails stops nothing, and it goes on after a restart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipeline.errors import NoAudio
from reelify.folder_request import FolderRequest
from reelify.requests import HighlightsRequest, RankRequest
from tests import fake_service
from tests.fake_kinds import FAKES, highlights, rank
from tests.fake_service import ended, parts, service
from web.jobs import reels
from web.jobs.kinds import Kind, by_name


def moments(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    """Fails where nothing is said."""
    if request.source.read_bytes() == b"silent":
        raise NoAudio(name="silent")
    return highlights(engine, request, folder, report)


KINDS = {
    **FAKES,
    **by_name(
        Kind(HighlightsRequest, moments, "raw_clips"),
        Kind(RankRequest, rank, "viral_clips"),
        Kind(FolderRequest, reels.folder, then=reels.folder_begun),
    ),
}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    folder = tmp_path / "library" / "talks"
    folder.mkdir(parents=True)
    for name, data in (("a.mp4", b"one" * 999), ("b.mp4", b"silent"), ("c.mp4", b"three" * 999)):
        (folder / name).write_bytes(data)
    monkeypatch.setattr(fake_service, "FAKES", KINDS)
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as made:
        yield made


def settled(client: TestClient, task: str) -> list[dict[str, Any]]:
    """The videos once all have ended."""
    for _ in range(200):
        rows: list[dict[str, Any]] = client.get(f"/api/v1/folder/{task}").json()["videos"]
        if all(row["status"] in ("done", "failed") for row in rows):
            return rows
        time.sleep(0.05)
    raise AssertionError(rows)


def test_every_video_becomes_a_task_and_one_that_fails_stops_none(client: TestClient) -> None:
    answer = client.post("/api/v1/folder", json={"folder": "talks", "options": {"clips": 2, "min_duration": 5}})
    assert answer.status_code == 200, answer.text
    task = answer.json()["task_id"]
    rows = settled(client, task)
    assert [(r["video"], r["status"], r["clips"]) for r in rows] == [
        ("talks/a.mp4", "done", 2), ("talks/b.mp4", "failed", 0), ("talks/c.mp4", "done", 2),
    ]  # fmt: skip
    assert rows[1]["error"]
    children = parts(client).jobs.children(task)
    assert {(c.request.clips, c.request.min_duration, c.title) for c in children} == {
        (2, 5.0, f"talks/{name}.mp4") for name in "abc"
    }
    table = client.get(f"/api/v1/folder/{task}?form=csv").text
    assert "talks/b.mp4" in table
    jobs = parts(client).jobs
    reels.folder_begun(jobs, jobs.get(task))
    (jobs.get(task).folder / "begun").unlink()
    reels.folder_begun(jobs, jobs.get(task))
    assert len(jobs.children(task)) == 3, "asked again, nothing is made twice"


def passing_over(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    """Judges every clip but the silent one."""
    silent = [clip for clip in request.clips if clip.source.read_bytes() == b"silent"]
    rest = replace(request, clips=tuple(clip for clip in request.clips if clip not in silent))
    told = [
        {"source": str(c.source), "title": c.name, "error": "no_audio", "message": NoAudio(name=c.name).message}
        for c in silent
    ]
    return {**rank(engine, rest, folder, report), "skipped": told}


def test_a_ranking_that_passes_over_a_video_says_why(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(parts(client).jobs.kinds, "rank", Kind(RankRequest, passing_over, "viral_clips"))
    task = client.post("/api/v1/folder", json={"folder": "talks", "rank": True}).json()["task_id"]
    rows = settled(client, task)
    assert [bool(row["error"]) for row in rows] == [False, True, False]
    assert "b.mp4" in rows[1]["error"]


def test_a_folder_is_ranked_by_one_task(client: TestClient) -> None:
    task = client.post("/api/v1/folder", json={"folder": "talks", "rank": True, "options": {"all": True}}).json()[
        "task_id"
    ]
    rows = settled(client, task)
    assert {r["status"] for r in rows} == {"done"}
    assert [r["clips"] for r in rows] == [1, 1, 1]
    (child,) = parts(client).jobs.children(task)
    assert isinstance(child.request, RankRequest)
    assert child.request.all


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"folder": "nowhere"}, 404), ({"folder": "../.."}, 403), ({"folder": "talks", "options": {"min_score": 0.1}}, 400),
        ({"folder": "talks", "options": {"clips": 0}}, 400), ({"folder": []}, 400), ({"folder": "talks", "rank": True, "options": {"clips": 3}}, 400),
        ({"folder": ["/etc/passwd"]}, 403),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_at_once(client: TestClient, body: dict[str, Any], status: int) -> None:
    assert client.post("/api/v1/folder", json=body).status_code == status
    assert parts(client).jobs.list(None) == []


def test_only_a_folder_has_a_report(client: TestClient) -> None:
    job = client.post("/api/v1/generate-initial-clips", json={"video_url": "talks/a.mp4"}).json()["job_id"]
    ended(client, job)
    assert client.get(f"/api/v1/folder/{job}").status_code == 404
