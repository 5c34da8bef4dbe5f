"""Reviewing: places worst first, pictures and sounds of a moment, ticks that stay and reach the season's report."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from pipeline.media.probe import probe
from syncdub.batch.figures import most_within
from syncdub.making.plan import placed
from syncdub.making.review import places
from syncdub.plan_file import PLAN as PLAN_FILE
from syncdub.plan_file import load_plan, moved, save_plan
from syncdub.requests import SyncRequest
from syncdub.values import Segment, SyncPlan
from tests import fake_service
from tests.dubbing import film, sound
from tests.fake_kinds import FAKES
from tests.fake_service import FakeEngine, ended, parts, service
from web.jobs import edits
from web.jobs.dubs import film_of
from web.jobs.kinds import Kind, by_name
from web.jobs.values import NOBODY
from web.review import work
from web.ui.dubsync.preview import join_views
from web.ui.dubsync.view import plot, segment_table, verdict_card

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


def test_pieces_of_one_line_have_no_join_between_them() -> None:
    """A join that may lie anywhere in a while makes pieces of its neighbours, whose error bar is its jump."""
    pieces = (
        Segment(0, 4, 0.0, 1.0, 1.0, 0.99), Segment(4, 5, 4.0, 1.0, 2000.0, 0.99), Segment(5, 6, 7.0, 1.0, 2000.0, 0.99),
        Segment(6, 9, 8.0, 1.0, 1.0, 0.99),
    )  # fmt: skip
    plan = SyncPlan("edit", 1.0, pieces, original_duration=11.0, dub_duration=9.0)
    assert [(p.key, p.at) for p in places(placed(plan)) if p.kind == "join"] == [("join:2", 7.0)]
    told = placed(plan).to_json()
    assert verdict_card(told, "en").count("± 1 ms") == 1
    assert plot(told, "en").count('class="gap"') == 2, "one join, drawn for wide screens and for phones"
    assert join_views(told, "en").count("<li>") == 1
    assert segment_table(told, "en").count("the join may lie here") == 2
    assert most_within(pieces) == 2000.0
    assert most_within((replace(pieces[0], dub_end=90.0), *pieces[1:])) == 1.0, "seconds of an hour"


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


def test_a_drawing_shows_the_film_the_dub_as_it_was_and_as_it_is(place: tuple[TestClient, str]) -> None:
    client, job = place

    def lanes(at: float) -> list[list[float]]:
        answer = client.get(f"/api/review/{job}/waves?at={at}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        paths = [p.get("d", "") for p in ElementTree.fromstring(answer.text).iter("{http://www.w3.org/2000/svg}path")]
        ends = [[tuple(map(float, pair.split("V"))) for pair in re.findall(r" ([\d.]+V[\d.]+)", p)] for p in paths]
        return [[low - high for high, low in lane] for lane in ends]

    # From 1 to 9: the dub is in place until 5, then there is nothing until 7.
    film_lane, before, after = lanes(5.0)
    n = len(film_lane)
    assert film_lane == pytest.approx(before, abs=0.2)  # the same file at the same seconds
    assert np.corrcoef(film_lane[: n // 2 - 5], after[: n // 2 - 5])[0, 1] > 0.95
    gap = slice(n // 2 + 10, n * 3 // 4 - 10)
    assert max(after[gap]) == 1.0 < float(np.mean(film_lane[gap])) / 2
    assert client.get(f"/api/review/{job}/waves?at=99999").status_code == 200  # the last seconds
    assert client.get(f"/api/review/{'0' * 32}/waves?at=5").status_code == 404


def test_what_is_moved_by_hand_is_what_is_seen_heard_and_written(place: tuple[TestClient, str]) -> None:
    client, job = place
    service_parts = parts(client)
    before = client.get(f"/api/review/{job}/waves?at=5").text
    edits.save(service_parts.jobs.get(job), {"nudges": {"0": 500}})
    try:
        assert client.get(f"/api/review/{job}/waves?at=5").text != before
        made = service_parts.jobs.get(job)
        wanted = film_of(made, {"nudges": edits.nudges_of(edits.load(made))})
        assert (wanted.plan, wanted.plan_job, wanted.nudge_ms) == (made.folder / PLAN_FILE, job, 0.0)
        assert [(n.segment, n.ms) for n in wanted.nudges] == [(0, 500)]
        assert wanted.plan is not None
        assert moved(load_plan(wanted.plan), wanted.nudges) == work.plan_of(made)
    finally:
        edits.save(service_parts.jobs.get(job), {})


def test_looks_at_every_millisecond_do_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "MOST_KEPT", 3)
    for n in range(6):
        out = work._kept(tmp_path, f"side_{n}", ".jpg")
        out.write_bytes(b"picture")
        os.utime(out, (n, n))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["side_3.jpg", "side_4.jpg", "side_5.jpg"]
    assert work._kept(tmp_path, "side_3", ".jpg").is_file()
