"""Reviewing: places worst first, pictures and sounds of a moment, ticks that stay and reach the season's report."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from pipeline.media.probe import probe
from syncdub.making.plan import placed
from syncdub.making.review import places
from syncdub.plan_file import save_plan
from syncdub.requests import SyncRequest
from syncdub.values import Segment, SyncPlan
from tests import fake_service
from tests.dubbing import film, sound
from tests.fake_kinds import FAKES
from tests.fake_service import FakeEngine, ended, parts, service
from web.jobs.kinds import Kind, by_name
from web.jobs.values import NOBODY
from web.review import work

PLAN = SyncPlan(
    "edit", 1.0,
    (Segment(0, 5, 0.0, 1.0, 2.0, 0.99), Segment(5, 9, 7.0, 1.0, 90.0, 0.4)), original_duration=12.0, dub_duration=12.0,
)  # fmt: skip


def planned(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
    save_plan(PLAN, folder)
    return {"verdict": "edit", "output": None, "doubts": []}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, str]]:
    folder = tmp_path_factory.mktemp("review")
    original = film(folder, sound(12, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fake_service, "FAKES", {**FAKES, **by_name(Kind(SyncRequest, planned))})
        patch.setattr(FakeEngine, "probe", lambda self, path: probe(path))
        with service(folder) as client:
            job = parts(client).jobs.submit(SyncRequest(original=original, dub=original), NOBODY)
            ended(client, job)
            yield client, job


def test_places_are_told_worst_first() -> None:
    found = places(placed(PLAN))
    assert [p.doubt for p in found] == sorted((p.doubt for p in found), reverse=True)
    assert {(p.kind, p.at) for p in found} >= {("join", 7.0), ("gap", 5.0), ("weak", 7.0)}
    assert found[0].kind in {"join", "weak"}


def test_a_tick_and_a_note_stay(place: tuple[TestClient, str]) -> None:
    client, job = place
    told = client.get(f"/api/review/{job}").json()["places"]
    assert not any(p["ticked"] for p in told)
    client.post(f"/api/review/{job}/mark", json={"key": told[0]["key"], "note": " looks \n fine "})
    again = {p["key"]: p for p in client.get(f"/api/review/{job}").json()["places"]}
    assert (again[told[0]["key"]]["ticked"], again[told[0]["key"]]["note"]) == (True, "looks fine")
    client.post(f"/api/review/{job}/mark", json={"key": told[0]["key"], "ticked": False})
    assert client.get(f"/api/review/{job}").json()["places"] == told
    assert client.post(f"/api/review/{job}/mark", json={"key": "join:99"}).status_code == 404


def test_film_and_dub_of_a_moment_in_one_image(place: tuple[TestClient, str], tmp_path: Path) -> None:
    client, job = place

    def seen(mode: str, at: float) -> np.ndarray[Any, Any]:
        answer = client.get(f"/api/review/{job}/picture?at={at}&mode={mode}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        (tmp_path / "a.jpg").write_bytes(answer.content)
        return np.asarray(Image.open(tmp_path / "a.jpg").convert("L"), float)

    side = seen("side", 2.0)
    assert side.shape == (360, 1280)
    assert np.abs(side[:, :640] - side[:, 640:]).mean() < 2  # the same second of the same film
    assert seen("difference", 2.0).mean() < 3
    assert seen("difference", 8.0).mean() > 5  # two seconds apart
    assert seen("wipe", 2.0).shape == seen("overlay", 2.0).shape == (360, 640)
    assert client.get(f"/api/review/{job}/picture?at=2&mode=x").status_code == 400
    assert client.get(f"/api/review/{job}/picture?at=-1").status_code == 422


def test_the_three_sounds_around_a_moment(place: tuple[TestClient, str]) -> None:
    client, job = place
    sizes = {
        w: len(client.get(f"/api/review/{job}/sound?at=7&which={w}").content) for w in ("original", "before", "after")
    }
    assert min(sizes.values()) > 2000
    assert client.get(f"/api/review/{job}/sound?at=7&which=x").status_code == 400
    assert client.get(f"/api/review/{'0' * 32}/sound?at=7").status_code == 404


def test_looks_at_every_millisecond_do_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_KEPT", 3)
    for n in range(6):
        out = work._kept(tmp_path, f"side_{n}", ".jpg")
        out.write_bytes(b"picture")
        os.utime(out, (n, n))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["side_3.jpg", "side_4.jpg", "side_5.jpg"]
    assert work._kept(tmp_path, "side_3", ".jpg").is_file()
