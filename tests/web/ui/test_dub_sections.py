"""The sections under the dub tab: a season is paired, corrected and made; a place is chosen, seen, ticked and noted."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import BadRequest, NotFound
from pipeline.media.probe import probe
from pipeline.messages import Message
from pipeline.progress import Report
from syncdub.batch import planning
from syncdub.plan_file import save_plan
from syncdub.requests import SyncRequest
from tests import fake_service
from tests.dubbing import film, sound
from tests.fake_kinds import FAKES
from tests.fake_service import FakeEngine, ended, parts, service
from tests.web.rest.test_seasons import KINDS, REFUSED, synced
from tests.web.review.test_review import PLAN
from web.guard.visitors import COOKIE
from web.jobs import edits
from web.jobs.kinds import Kind, by_name
from web.jobs.values import Asker
from web.review import work
from web.ui.dubsync.review import Review
from web.ui.dubsync.season import NAMES, SeasonWork
from web.ui.dubsync.season_view import pairs_of
from web.ui.following import Page, owner_of

VISITOR: Any = SimpleNamespace(headers={"accept-language": "es", "cookie": f"{COOKIE}={'ab' * 21}c"}, username="")


def page_of(client: Any) -> Page:
    made = parts(client)
    return Page(made.settings, made.engine, made.jobs, made.sources)


def test_a_season_is_paired_corrected_and_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in (1, 2):
        for folder, name in (("show/films", f"Show S01E0{n}.mkv"), ("show/dubs", f"Serie 1x0{n}.mka")):
            (tmp_path / "library" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "library" / folder / name).write_bytes(REFUSED if (n, name[-1]) == (2, "a") else name.encode())
    seen = threading.Event()

    def once_seen(*given: Any) -> dict[str, Any]:
        seen.wait(30)
        return synced(*given)

    monkeypatch.setattr(fake_service, "FAKES", {**KINDS, **by_name(Kind(SyncRequest, once_seen))})
    monkeypatch.setattr(planning, "evidence", lambda films, dubs, *_: np.zeros((len(films), len(dubs))))
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as client:
        page = page_of(client)
        work = SeasonWork(page)
        now = [named(answer) for answer in work.pair(VISITOR, "show/films", "show/dubs", True, "")]
        task, value = now[0]["task"], now[-1]["table"]["value"]
        assert (now[-1]["start"]["visible"], now[-1]["films"]) == (True, "")
        table = pd.DataFrame(value["data"], columns=value["headers"])
        assert [pair["dubs"] for pair in pairs_of(table)] == [
            [["show/dubs/Serie 1x01.mka"]],
            [["show/dubs/Serie 1x02.mka"]],
        ]
        table.iloc[1, 1] = ""  # a person takes the second pair away
        assert named(work.start(VISITOR, task, table))["timer"].active
        *_, running = [named(answer) for answer in work.back(task, VISITOR)]
        assert running["timer"].active, "after a reload it is followed on"
        seen.set()
        children = page.jobs.children(task)
        assert [c.title for c in children] == ["show/films/Show S01E01.mkv + show/dubs/Serie 1x01.mka"]
        ended(client, children[0].id)
        for told in (named(work.look(VISITOR, task)), *list(map(named, work.open(f"{task} 1.0 open", VISITOR)))[-1:]):
            assert "Hechos: 1;" in told["counts"]
            assert "Pendientes" not in told["counts"]
            assert "Fuera del plan: 1." in told["counts"]
            assert [row[4] for row in told["table"]["value"]["data"]] == ["Hecho", "Fuera del plan"]
            again = pd.DataFrame(told["table"]["value"]["data"], columns=told["table"]["value"]["headers"])
            assert [pair["original"] for pair in pairs_of(again)] == ["show/films/Show S01E01.mkv"], "out stays out"
            assert "Serie 1x02.mka" in told["table"]["value"]["data"][1][8]
            assert f'data-act="open" data-job="{children[0].id}"' in told["films"]
            assert all(f"/api/season/{task}?form={form}" in told["counts"] for form in ("html", "csv", "json"))
            assert not told["timer"].active, "nothing is looked at any more once all have ended"
        assert "movido a mano" not in told["films"]
        edits.save(page.jobs.get(children[0].id), {"nudges": {"0": 40}})
        assert "movido a mano" in work.checked(VISITOR, task)
        assert "open" not in named(next(work.back(task, VISITOR)))["fold"], "what is made stays as it is"
        first = named(next(work.open(f"{task} 1.0 open", VISITOR)))
        assert (first["fold"]["open"], first["task"]) == (True, task)
        (nobodys,) = work.open(f"{'0' * 32} 1.0 open", VISITOR)
        assert all(set(value) == {"__type__"} for value in nobodys), "what is nobody's changes nothing"


def test_a_season_is_stopped_whole_and_what_is_typed_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in (1, 2, 3):
        for folder, name in (("films", f"Show S01E0{n}.mkv"), ("dubs", f"Serie 1x0{n}.mka")):
            (tmp_path / "library" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "library" / folder / name).write_bytes(name.encode())

    def until_stopped(engine: Any, request: Any, folder: Path, report: Report) -> dict[str, Any]:
        while True:
            time.sleep(0.02)
            report(0.5, Message("progress.stopping"))

    monkeypatch.setattr(fake_service, "FAKES", {**KINDS, **by_name(Kind(SyncRequest, until_stopped))})
    monkeypatch.setattr(planning, "evidence", lambda films, dubs, *_: np.zeros((len(films), len(dubs))))
    with service(tmp_path, media_source_enabled=True, media_source_path=tmp_path / "library") as client:
        page = page_of(client)
        work = SeasonWork(page)
        *_, told = [named(answer) for answer in work.pair(VISITOR, "films", "dubs", True, "")]
        task = page.jobs.list(limit=1)[0].id
        table = pd.DataFrame(told["table"]["value"]["data"], columns=told["table"]["value"]["headers"])
        begun = named(work.start(VISITOR, task, table))
        assert f'data-act="cancel" data-job="{task}">Detener todo<' in begun["films"]
        typed = pd.DataFrame(begun["table"]["value"]["data"], columns=table.columns)
        typed.iloc[2, 1] = "dubs/another.mka"
        while "value" in (drawn := named(work.look(VISITOR, task, typed))["table"]):
            typed = pd.DataFrame(drawn["value"]["data"], columns=table.columns)
            assert typed.iloc[2, 1] == "dubs/another.mka"
        first, *waiting = page.jobs.children(task)
        page.jobs.cancel(task)
        assert page.jobs.wait(first.id, 10).state == "cancelled"
        ended_ones = [page.jobs.wait(child.id, 10) for child in waiting]
        assert {(job.state, job.started) for job in ended_ones} == {("cancelled", None)}
        assert page.jobs.get(task).state == "done"
        after = named(work.look(VISITOR, task, typed))
        assert "Detener todo" not in after["films"]
        assert not after["timer"].active


def named(answer: Any) -> dict[str, Any]:
    """What the components of a season show now, by their names."""
    return dict(zip(NAMES, answer, strict=True))


def test_a_place_is_seen_heard_ticked_and_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = film(tmp_path, sound(12, 1))

    def planned(engine: Any, request: Any, folder: Path, report: Any) -> dict[str, Any]:
        save_plan(PLAN, folder)
        return {"verdict": "edit", "output": None, "doubts": []}

    monkeypatch.setattr(fake_service, "FAKES", {**FAKES, **by_name(Kind(SyncRequest, planned))})
    monkeypatch.setattr(FakeEngine, "probe", lambda self, path: probe(path))
    with service(tmp_path) as client:
        review = Review(page_of(client))
        job = parts(client).jobs.submit(SyncRequest(original=original, dub=original), Asker(owner_of(VISITOR)))
        ended(client, job)
        shown, chosen = review.opened(VISITOR, job)
        first = chosen["choices"][0][1]
        assert shown["visible"]
        assert chosen["value"] == first
        seen, heard, waves, ticked, note, ways = review.place(VISITOR, job, first, "side", "after")
        assert Path(seen["value"]).stat().st_size > 1000
        assert Path(heard["value"]).stat().st_size > 1000
        assert waves.count("<path") == waves.count("<li>") == 3
        assert (ticked, note, ways["visible"]) == (False, "", True)
        after = review.say(VISITOR, job, first, True, "bien")
        assert after["choices"][0][0].startswith("✓")
        assert after["value"] != first
        assert review.place(VISITOR, job, first, "wipe", "before")[3:5] == (True, "bien")
        assert not review.opened(VISITOR, "0" * 32)[0]["visible"]
        monkeypatch.setattr(work, "picture", _nothing_to_see)  # a dub that is sound alone
        seen, *_, ways = review.place(VISITOR, job, first, "side", "after")
        assert (seen["visible"], ways["visible"]) == (False, False)


def _nothing_to_see(*_: Any) -> Path:
    raise BadRequest(detail="no picture")


@pytest.mark.parametrize("sent", [{"a": 1}, ["0" * 32], 7, None, True, "\0"])
def test_what_a_browser_sends_for_a_job_is_no_job_unless_it_is_the_text_of_one(tmp_path: Path, sent: Any) -> None:
    with service(tmp_path) as client, pytest.raises(NotFound):
        page_of(client).job(sent, VISITOR)
